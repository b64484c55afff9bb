"""Rules that run beside an answer: on what the user said, what the agent says, and what it wants done.

What a rule forbids is taken back from the player, which drops what has not sounded: so at least `LEAST_DEPTH_MS` waits
there while words are looked at. Where sound without words is to be blocked, it is held here until they have been; but
an answer may begin without them, as long as in so few letters nothing that is forbidden can have been said. Rules come
from a YAML file (docs/offload.md); a moderation service may be asked beside them (`moderation.py`).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import SafetyError
from edge_agent.link.moderation import Opinions

Direction = Literal["user", "agent", "call"]
WithoutWords = Literal["block", "pass"]
SHIPPED = Path(__file__).resolve().parents[1] / "data" / "safety"
LEAST_DEPTH_MS = 40.0  # of the jitter buffer, where there are rules
LONGEST_WAIT_MS = 1_500.0  # for words, when sound without words is to be blocked
MS_PER_LETTER = 55.0  # of fast speech, so that a text is never taken to reach further than it does
SLOW_MS_PER_LETTER = 150.0  # of slow speech: sound of a whole answer that lasts longer has words that did not come
LONGEST_SILENCE_MS = 1_000.0  # in an answer, beside its words
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
        self._compiled: list[tuple[Rule, re.Pattern[str]]] = []
        for rule in rules:
            try:
                self._compiled.append((rule, re.compile(rule.pattern, re.IGNORECASE)))
            except re.error as error:
                raise SafetyError(f"safety rule '{rule.name}': its pattern is no regular expression: {error}") from None

    @property
    def num_rules(self) -> int:
        return len(self._compiled)

    def least_letters(self, where: Direction) -> int | None:
        """No text that is shorter can break a rule; None: no text can."""
        return min((rule.least_letters for rule in self.of(where)), default=None)

    def of(self, where: Direction) -> tuple[Rule, ...]:
        """Those that look at one direction."""
        return tuple(rule for rule, _ in self._compiled if where in rule.where)

    def broken_by(self, where: Direction, text: str) -> Rule | None:
        """The first rule that a text breaks."""
        return next((rule for rule, pattern in self._compiled if where in rule.where and pattern.search(text)), None)


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
        raise SafetyError(f"no safety rules '{name_or_path}': give a YAML file or one of: {names}") from None
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

    def __init__(self, rules: Rules, without_words: WithoutWords, opinions: Opinions | None = None) -> None:
        """`without_words`: what becomes of sound whose words do not come, or cannot be looked at."""
        self._rules = rules
        self.opinions = opinions
        self._without_words = without_words
        self._heard: dict[Direction, _Heard] = {"user": _Heard(), "agent": _Heard(), "call": _Heard()}
        self._broken: Rule | None = None
        self._is_whole = False
        least = [rules.least_letters("agent"), opinions.least_letters if opinions else None]
        self._free_ms = MS_PER_LETTER * (min((letters for letters in least if letters), default=1) - 1)

    @property
    def broken(self) -> Rule | None:
        """What was broken, by words or in a moderation service's opinion."""
        opinions = self.opinions
        if self._broken is None and opinions is not None:
            is_blind = opinions.has_failed and self._without_words == "block"
            return OBJECTION if opinions.is_flagged else NO_CHECK if is_blind else None
        return self._broken

    def look(self, where: Direction, text: str) -> Rule | None:
        """New words; the rule they break together with those before. A fault in a rule counts by `without_words`."""
        heard = self._heard[where]
        heard.tail = (heard.tail + text)[-TAIL_LETTERS:]
        heard.num_letters += len(text)
        try:
            rule = self._rules.broken_by(where, heard.tail)
        except Exception:
            rule = NO_CHECK if self._without_words == "block" else None
        self._broken = self._broken or rule
        if self.opinions is not None and where != "call":
            self.opinions.hear(where, text)
        return rule

    async def forbids_call(self, text: str) -> Rule | None:
        """What a call breaks, in the opinion of a moderation service; takes a second at most."""
        verdict = await self.opinions.objects_to(text) if self.opinions is not None else False
        if verdict is None:
            return NO_CHECK if self._without_words == "block" else None
        return OBJECTION if verdict else None

    def finish(self) -> None:
        """The model has said its answer, and what its words are."""
        self._is_whole = True

    def end(self) -> None:
        """The turn is over: no opinion is wanted any more."""
        if self.opinions is not None:
            self.opinions.end()

    @property
    def looked_at_ms(self) -> float:
        """How far into the answer its words have been looked at."""
        said = self._heard["agent"].num_letters
        cleared = self.opinions.num_cleared["agent"] if self.opinions else said
        if self._is_whole and said and cleared >= said:
            return SLOW_MS_PER_LETTER * said + LONGEST_SILENCE_MS
        return MS_PER_LETTER * cleared

    @property
    def least_depth_ms(self) -> float:
        """How much of the answer is to wait in the player, where it can still be dropped."""
        return LEAST_DEPTH_MS if self._looks else 0.0

    def may_pass(self, ends_ms: float) -> bool:
        """Whether sound of the answer up to `ends_ms` may go to the player now."""
        if self.broken is not None:
            return False
        return self._without_words == "pass" or not self._looks or ends_ms <= max(self._free_ms, self.looked_at_ms)

    def gives_up(self, held_ms: float) -> bool:
        """Sound has waited too long for words that do not come."""
        return held_ms >= LONGEST_WAIT_MS

    @property
    def _looks(self) -> bool:
        return bool(self._rules.num_rules) or self.opinions is not None


OBJECTION = Rule(name="moderation", pattern=".")
NO_CHECK = Rule(name="no_check", pattern=".", say="I can not check that answer, so I keep it to myself.")
