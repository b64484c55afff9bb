"""A dialogue as data: who says what when, in which room, and what is to happen. `docs/scenarios.md` shows every key.

One file makes as many scenarios as its `vary` has combinations: a value `"{name}"` anywhere in it is filled in.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

SCENARIOS = Path(__file__).with_name("scenarios")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Strict):
    """A moment at which something happened: the `nth` event of this name whose fields are these."""

    event: str
    where: dict[str, Any] = {}
    nth: Annotated[int, Field(ge=1)] = 1


class Trigger(Event):
    """A line that waits for the agent."""

    plus_ms: float = 0.0


class Line(_Strict):
    """What the user says. One of `recording`, `speech` (text, by flite) and `words` (by script, without models).

    Begins `at_ms`, or `pause_ms` after the line before has ended, or at an event of the agent (`when`).
    """

    recording: str | None = None
    speech: str | None = None
    words: str | None = None
    at_ms: float | None = None
    pause_ms: float = 0.0
    when: Trigger | None = None
    level_db: float = 0.0
    intent: str | None = None
    slots: dict[str, Any] = {}
    is_begun: bool = False
    can_continue: bool = False
    already: str = ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Line":
        given = [name for name in ("recording", "speech", "words") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a line is one of recording, speech and words; this one has {given or 'none'}")
        return self


class Room(_Strict):
    """The way from the loudspeaker back into the microphone."""

    echo_db: Annotated[float, Field(le=20)] = -6.0
    delay_ms: Annotated[float, Field(ge=10, le=400)] = 30.0
    decay_ms: Annotated[float, Field(ge=0, le=500)] = 120.0  # time in which it fades by 60 dB


class Disturbance(_Strict):
    """What becomes of the sound card from `at_ms` on: the loudspeaker's level, its delay, a microphone that is dead."""

    at_ms: float
    echo_db: float | None = None
    delay_ms: float | None = None
    is_dead: bool | None = None


class Noise(_Strict):
    """Noise at the microphone throughout: a recording, "white", or "music" (chords that change twice a second)."""

    recording: str = "white"
    level_dbfs: Annotated[float, Field(le=0)] = -60.0


class Moment(_Strict):
    """What a time is counted from: the begin or end of a line (1 is the first), or an event. Nothing: the start."""

    line: Annotated[int, Field(ge=1)] | None = None
    edge: Literal["begin", "end"] = "end"
    event: Event | None = None


class Expectation(_Strict):
    """One of: `event` (must come, in time), `never` (must not come), `order` (come one after the other)."""

    event: str | None = None
    never: str | None = None
    order: tuple[str, ...] = ()
    where: dict[str, Any] = {}
    count: int | None = None
    after: Moment = Moment()
    from_ms: float = 0.0
    within_ms: float | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Expectation":
        if sum((self.event is not None, self.never is not None, bool(self.order))) != 1:
            raise ValueError("an expectation is one of event, never and order")
        return self


class Scenario(_Strict):
    """One dialogue. `needs_data`: uses recordings that lie beside the checkout."""

    name: str
    about: str
    hearing: Literal["models", "script"] = "models"
    profile: dict[str, Any] = {}
    room: Room | None = None
    noise: Noise | None = None
    disturb: tuple[Disturbance, ...] = ()
    vary: dict[str, list[Any]] = {}
    talk: Annotated[tuple[Line, ...], Field(min_length=1)]
    listen_on_ms: float = 1_500  # after the last line, and until the agent is idle
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _hears_what_is_said(self) -> "Scenario":
        if any((line.words is not None) != (self.hearing == "script") for line in self.talk):
            raise ValueError("`words` are for `hearing: script`, recordings and speech for `hearing: models`")
        if self.room is None and any(one.echo_db is not None or one.delay_ms is not None for one in self.disturb):
            raise ValueError("`disturb` changes a loudspeaker that no `room` brings to the microphone")
        return self

    @property
    def needs_data(self) -> bool:
        """Whether recordings are used that are not in the repository."""
        named = [line.recording for line in self.talk] + [self.noise.recording if self.noise else None]
        return any(path is not None and path.startswith("data/") for path in named)


def scenarios_of(path: Path) -> Iterator[Scenario]:
    """All scenarios of one file. Raises pydantic's ValidationError, or ValueError for what is no mapping."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path}: a scenario is a list of 'key: value' lines")
    varied = values.get("vary") or {}
    for chosen in itertools.product(*varied.values()):
        filled = _fill(values | {"vary": {}}, dict(zip(varied, chosen, strict=True)))
        name = "-".join([path.stem, *(_short(value) for value in chosen)])
        yield Scenario.model_validate(filled | {"name": name})


def all_scenarios(folder: Path = SCENARIOS) -> list[Scenario]:
    """Those of every file of a folder."""
    return [scenario for path in sorted(folder.glob("*.yaml")) for scenario in scenarios_of(path)]


def _fill(value: Any, known: dict[str, Any]) -> Any:
    """A copy in which every text "{name}" is the value of that name, and "{name.key}" an entry of it."""
    if isinstance(value, dict):
        return {key: _fill(entry, known) for key, entry in value.items()}
    if isinstance(value, list):
        return [_fill(entry, known) for entry in value]
    if not (isinstance(value, str) and value.startswith("{") and value.endswith("}")):
        return value
    name, _, key = value[1:-1].partition(".")
    found = known[name]
    return found[key] if key else found


def _short(value: Any) -> str:
    """What names one of the varied values."""
    if isinstance(value, dict):
        value = next(iter(value.values()))
    return Path(str(value)).stem.replace(" ", "_")[:40]
