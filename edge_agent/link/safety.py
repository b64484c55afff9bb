"""Rules that run beside an answer: on what the user said, what the agent says, and what it wants done.

What a rule forbids is taken back from the player, which drops what has not sounded: so at least `LEAST_DEPTH_MS` waits
there while words are looked at. Where sound without words is to be blocked, it is held until they have been; but it
may go on without them for so few letters that nothing that is forbidden can be said in them, after what was said
before. Rules come from a YAML file (docs/offload.md); a moderation service may be asked beside them (`moderation.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Literal

import regex
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import SafetyError
from edge_agent.link.moderation import Opinions
from edge_agent.link.pace import SpeechPace

Direction = Literal["user", "agent", "call"]
WithoutWords = Literal["block", "pass"]
SHIPPED = Path(__file__).resolve().parents[1] / "data" / "safety"
LEAST_DEPTH_MS = 40.0  # of the jitter buffer, where there are rules
LONGEST_WAIT_MS = 1_500.0  # for words, when sound without words is to be blocked
SLOW_MS_PER_LETTER = 150.0  # of slow speech: sound of a whole answer that lasts longer has words that did not come
LONGEST_SILENCE_MS = 1_000.0  # in an answer, beside its words
LONGEST_LOOK_S = 0.05  # of one rule at one text; a pattern may be such that it never ends
TAIL_LETTERS = 400  # of what was said before, in which a rule may still match


class Rule(BaseModel):
    """One thing that must not be said or done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    where: tuple[Direction, ...] = ("user", "agent", "call")
    pattern: Annotated[str, Field(min_length=1)]
    least_letters: Annotated[int, Field(ge=1)] = 1  # no text that is shorter can break it
    say: str = "I would rather not say that."


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: tuple[Rule, ...]


class Rules:
    """All rules of one file, compiled."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Raises SafetyError for a pattern that is no regular expression."""
        self._compiled: list[tuple[Rule, regex.Pattern[str]]] = []
        for rule in rules:
            try:
                self._compiled.append((rule, regex.compile(rule.pattern, regex.IGNORECASE)))
            except regex.error as error:
                raise SafetyError(f"safety rule '{rule.name}': its pattern is no regular expression: {error}") from None

    @property
    def num_rules(self) -> int:
        return len(self._compiled)

    def broken_by(self, where: Direction, text: str) -> Rule | None:
        """The first rule that a text breaks. Raises TimeoutError for a pattern that takes too long over it."""
        return next((rule for rule, pattern in self.of(where) if pattern.search(text, timeout=LONGEST_LOOK_S)), None)

    def least_letters(self, where: Direction, before: str) -> int | None:
        """How many must follow on a harmless text until any rule can be broken; None: none can. Raises TimeoutError."""
        return min((_letters_left(rule, pattern, before) for rule, pattern in self.of(where)), default=None)

    def of(self, where: Direction) -> Iterator[tuple[Rule, "regex.Pattern[str]"]]:
        """Those that look at one direction."""
        return (both for both in self._compiled if where in both[0].where)


def _letters_left(rule: Rule, pattern: "regex.Pattern[str]", before: str) -> int:
    """What the longest beginning of a match, at the end of the text, leaves of the rule's shortest match."""
    begun = pattern.search(before, partial=True, timeout=LONGEST_LOOK_S)
    num_begun = len(before) - begun.start() if begun is not None else 0
    return max(1, rule.least_letters - num_begun)


def load_rules(name_or_path: str) -> Rules:
    """Shipped rules by name, or a file; an empty name: none. Raises SafetyError with the file and the cure."""
    if not name_or_path:
        return Rules(())
    shipped = SHIPPED / f"{name_or_path}.yaml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    try:
        return Rules(_File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).rules)
    except OSError:
        names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
        raise SafetyError(f"no safety rules '{name_or_path}': give a YAML file or one of {names}") from None
    except yaml.YAMLError as error:
        raise SafetyError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise SafetyError(f"{path}: '{where}': {fault['msg']}") from None


@dataclass(slots=True)
class _Heard:
    tail: str = ""
    num_letters: int = 0


class AnswerGuard:
    """The rules applied to one turn and its answer. Thread: the asyncio loop; times are the loop's."""

    def __init__(
        self,
        rules: Rules,
        without_words: WithoutWords,
        opinions: Opinions | None = None,
        pace: SpeechPace | None = None,
    ) -> None:
        """`without_words`: what becomes of sound whose words do not come, or cannot be looked at.

        pace: of the voice, for all its answers.
        """
        self._pace = pace or SpeechPace()
        self._rules = rules
        self.opinions = opinions
        self._without_words = without_words
        self._heard: dict[Direction, _Heard] = {"user": _Heard(), "agent": _Heard(), "call": _Heard()}
        self._broken: Rule | None = None
        self._whole_ms: float | None = None  # of the whole answer, without pauses
        self._least_letters = rules.least_letters("agent", "")  # that can break one, after what was said

    @property
    def broken(self) -> Rule | None:
        """What was broken, by words or in a moderation service's opinion."""
        opinions = self.opinions
        if self._broken is None and opinions is not None:
            return OBJECTION if opinions.is_flagged else self._no_check if opinions.has_failed else None
        return self._broken

    def look(self, where: Direction, text: str) -> Rule | None:
        """New words; the rule they break together with those before. A fault in a rule counts by `without_words`."""
        heard = self._heard[where]
        heard.tail = (heard.tail + text)[-TAIL_LETTERS:]
        heard.num_letters += len(text)
        try:
            rule = self._rules.broken_by(where, heard.tail)
            if where == "agent":
                self._least_letters = self._rules.least_letters(where, heard.tail)
        except Exception:
            rule = self._no_check
        self._broken = self._broken or rule
        if self.opinions is not None and where != "call":
            self.opinions.hear(where, text)
        return rule

    def look_at_call(self, text: str) -> Rule | None:
        """The rule that a call breaks."""
        try:
            return self._rules.broken_by("call", text)
        except Exception:
            return self._no_check

    async def forbids_call(self, text: str) -> Rule | None:
        """What a call breaks, in the opinion of a moderation service; takes a second at most."""
        verdict = await self.opinions.objects_to(text) if self.opinions is not None else False
        if verdict is None:
            return self._no_check
        return OBJECTION if verdict else None

    def finish(self, loud_ms: float) -> None:
        """The model has said its answer, so much sound without pauses, and what its words are."""
        self._whole_ms = loud_ms

    def end(self) -> None:
        """The turn is over: no opinion is wanted any more, and all words are known."""
        if self._whole_ms is not None:
            self._pace.learn(self._heard["agent"].num_letters, self._whole_ms)
            self._whole_ms = None  # once
        if self.opinions is not None:
            self.opinions.end()

    @property
    def harmless_ms(self) -> float:
        """How far into the answer nothing can be said that is forbidden: by its words, and until more could be.

        In ms of sound without pauses.
        """
        said = self._heard["agent"].num_letters
        opinions = self.opinions
        if self._whole_ms is not None and said and (opinions is None or opinions.num_cleared >= said):
            return SLOW_MS_PER_LETTER * said + LONGEST_SILENCE_MS
        reaches = [opinions.num_free] if opinions else []
        reaches += [said + self._least_letters - 1] if self._least_letters is not None else []
        return self._pace.ms_per_letter * min(reaches) if reaches else inf

    @property
    def least_depth_ms(self) -> float:
        """How much of the answer is to wait in the player, where it can still be dropped."""
        return LEAST_DEPTH_MS if self._looks else 0.0

    def may_pass(self, ends_ms: float) -> bool:
        """Whether sound of the answer up to `ends_ms`, without pauses, may go to the player now."""
        if self.broken is not None:
            return False
        return self._without_words == "pass" or not self._looks or ends_ms <= self.harmless_ms

    def gives_up(self, held_ms: float) -> bool:
        """Sound has waited too long for words that do not come."""
        return held_ms >= LONGEST_WAIT_MS

    @property
    def _no_check(self) -> Rule | None:
        return NO_CHECK if self._without_words == "block" else None

    @property
    def _looks(self) -> bool:
        return bool(self._rules.num_rules) or self.opinions is not None


OBJECTION = Rule(name="moderation", pattern=".")
NO_CHECK = Rule(name="no_check", pattern=".", say="I can not check that answer, so I keep it to myself.")
