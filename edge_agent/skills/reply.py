"""What a skill gives back, and what it may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from edge_agent.skills.home import Home
from edge_agent.skills.timers import Timers

Value = str | int | float
Slots = Mapping[str, Value]


@dataclass(frozen=True)
class Act:
    """Something done beyond words, for those who carry it out or show it.

    kind: "volume" (value: percent, 0 while muted), "stop_speaking", "stop_alarm", "light" (target: area and name;
    value: on, off, percent or a colour), "media" (value: pause, resume, next, previous), "lock" (target: door;
    value: lock, unlock), "temperature" (value: degrees), "cover" (value: open, close), "scene" (value: on), "timer"
    (target: label; value: "started" or "cancelled"), "list" (target: list; value: item).
    area, name: of a device, as the commands file calls them; empty: not said.
    """

    kind: str
    target: str = ""
    value: Value | bool = ""
    area: str = ""
    name: str = ""


@dataclass(frozen=True)
class Reply:
    """What is said: spoken English, numbers as words. Empty text: say nothing."""

    text: str
    expects_answer: bool = False
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A skill's own answer, before the commands file has its say.

    fields: what a reply template may name beyond the slots. is_done: False keeps `text` whatever the template is,
    because nothing was done. on_yes: what a following "yes" carries out.
    """

    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    is_done: bool = True
    acts: tuple[Act, ...] = ()
    on_yes: Callable[[], "Outcome"] | None = None


@dataclass
class House:
    """What every skill works on. `now` tells the time of day."""

    home: Home
    timers: Timers
    now: Callable[[], datetime]
    last_reply: str = ""
    on_yes: Callable[[], Outcome] | None = None
    troubles: dict[str, str] = field(default_factory=dict)  # kind of thing that can not be acted on -> what to say


Skill = Callable[[House, Slots, int], Outcome]


def refuse(text: str) -> Outcome:
    """Nothing was done, and why."""
    return Outcome(text, is_done=False)


def number_of(slots: Slots, slot: str) -> float | None:
    """Value of a numeric slot, or None when it was not said."""
    value = slots.get(slot)
    return None if value is None or value == "" else float(value)


def text_of(slots: Slots, slot: str) -> str:
    """Value of a text slot, empty when it was not said."""
    return str(slots.get(slot, "")).strip().lower()
