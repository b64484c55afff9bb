"""From an intent to what is done and said."""

import string
from collections.abc import Callable, Mapping
from datetime import datetime

from edge_agent.skills import climate, clock, dialogue, lights, lists, media, timing
from edge_agent.skills.home import Home
from edge_agent.skills.reply import House, Outcome, Reply, Skill, Slots
from edge_agent.skills.timers import Alarm, Timers
from edge_agent.skills.words import spoken

_DOMAINS = (timing, clock, lights, media, lists, climate, dialogue)
BUILT_IN: dict[str, Skill] = {intent: skill for domain in _DOMAINS for intent, skill in domain.SKILLS.items()}


class Skills:
    """Carries out intents on a home. Thread: hop only."""

    def __init__(
        self,
        home: Home,
        clock: Callable[[], datetime],
        replies: Mapping[str, str] | None = None,
        skills: Mapping[str, str] | None = None,
    ) -> None:
        """clock: time of day, in the user's zone. replies: intent -> template of the commands file.
        skills: intent -> the skill that carries it out, where the commands file gives it another name.

        A template names slots and the skill's own fields, as in "Okay, {size} {drink}."; what was not said is left out.
        """
        self._house = House(home, Timers(), clock)
        self._replies = dict(replies or {})
        self._skills = dict(skills or {})

    @property
    def home(self) -> Home:
        """The home that is acted on."""
        return self._house.home

    @property
    def timers(self) -> Timers:
        """All timers, running and ringing."""
        return self._house.timers

    @property
    def next_due_sample(self) -> int:
        """When the next timer rings; `timers.NEVER` when none runs."""
        return self._house.timers.next_due_sample

    def handle(self, intent: str, slots: Slots, at_sample: int) -> Reply:
        """Carry out one command and say so; an intent that no skill knows is only answered."""
        house = self._house
        skill = BUILT_IN.get(self._skills.get(intent, intent))
        outcome = skill(house, slots, at_sample) if skill else Outcome("Okay.")
        text = outcome.text
        if outcome.is_done and intent in self._replies:
            text = fill(self._replies[intent], slots, outcome.fields) or text
        house.on_yes = outcome.on_yes
        house.last_reply = text
        return Reply(text, outcome.on_yes is not None, outcome.acts)

    @property
    def expects_answer(self) -> bool:
        """A yes or a no would answer something."""
        return self._house.on_yes is not None

    def expect_yes(self, question: str, on_yes: Callable[[], Outcome]) -> None:
        """Someone else asks the user; what a yes is to do."""
        self._house.on_yes, self._house.last_reply = on_yes, question

    def due(self, at_sample: int) -> list[Alarm]:
        """Timers that begin to ring now."""
        return self._house.timers.due(at_sample)

    def silence(self) -> bool:
        """Stop a ringing timer (as a button would); True when one rang."""
        return self._house.timers.silence()


class _Said(dict[str, str]):
    def __missing__(self, slot: str) -> str:
        return ""


def fill(template: str, slots: Slots, fields: Mapping[str, str]) -> str:
    """A reply template with its fields as words; gaps of slots that were not said are closed."""
    said = _Said({slot: spoken(value) for slot, value in slots.items()} | dict(fields))
    try:
        text = string.Formatter().vformat(template, (), said)
    except (ValueError, IndexError, AttributeError, KeyError):
        return ""  # a broken template is reported by `commands check`; here the skill's own words stand in
    return " ".join(text.split()).replace(" ,", ",").replace(" .", ".")
