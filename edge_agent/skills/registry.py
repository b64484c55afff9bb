"""From an intent to what is done and said."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.skills import climate, clock, covers, dialogue, lights, lists, locks, media, timing, undo
from edge_agent.skills.home import Home
from edge_agent.skills.reply import House, Outcome, Reply, Skill, Slots, refuse
from edge_agent.skills.timers import Alarm, Timers
from edge_agent.skills.words import spoken

_DOMAINS = (timing, clock, lights, media, lists, climate, covers, locks, dialogue)
NEVER_REHEARSED = ("Yes",)  # what it carries out is not in the copy
BUILT_IN: dict[str, Skill] = {intent: skill for domain in _DOMAINS for intent, skill in domain.SKILLS.items()}


# what each of these acts on, where somebody else drives it
KINDS = {
    **dict.fromkeys(lights.SKILLS, "light"),
    **dict.fromkeys(locks.SKILLS, "lock"),
    **dict.fromkeys(climate.SKILLS, "temperature"),
    **dict.fromkeys(("CoverOpen", "CoverClose"), "cover"),
    "SceneOn": "scene",
    **dict.fromkeys(("MediaPause", "MediaResume", "MediaNext", "MediaPrevious"), "media"),
}


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
        self._done: undo.Done | None = None
        self._replies = dict(replies or {})
        self._skills = dict(skills or {})

    @property
    def home(self) -> Home:
        """The home that is acted on."""
        return self._house.home

    def reach(self, kind: str, trouble: str) -> None:
        """Things of a kind can not be acted on, and what to say then; empty: they can."""
        self._house.troubles[kind] = trouble

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
        text, outcome = self._do(intent, slots, at_sample)
        house.on_yes = outcome.on_yes
        house.last_reply = text
        return Reply(text, outcome.on_yes is not None, outcome.acts)

    def call(self, intent: str, slots: Slots, at_sample: int) -> Outcome:
        """Carry out one command for a model, which says itself what came of it; no question is left open by it."""
        text, outcome = self._do(intent, slots, at_sample)
        return replace(outcome, text=text, is_done=outcome.is_done and outcome.on_yes is None, on_yes=None)

    def _do(self, intent: str, slots: Slots, at_sample: int) -> tuple[str, Outcome]:
        self._done = undo.remember(intent, slots, at_sample, self._house)
        return self._carry_out(self._house, intent, slots, at_sample)

    def rehearse(self, intent: str, slots: Slots, at_sample: int) -> str:
        """What would be said if this were carried out now; nothing is. Empty where that cannot be told."""
        if self._skills.get(intent, intent) in NEVER_REHEARSED:
            return ""
        return self._carry_out(undo.rehearsal_of(self._house), intent, slots, at_sample)[0]

    def undo(self, at_sample: int) -> Reply | None:
        """Take back what the last command changed; None when there is nothing to take back."""
        done = self._done
        if done is None or not done.is_recent(at_sample) or not undo.has_changed(done, self._house):
            return None
        self._done = None
        return Reply("Okay, undone.", acts=undo.restore(done, self._house, at_sample))

    def correct(self, said: Slots, at_sample: int) -> "Correction | None":
        """Carry out the last command with what was said instead; None when it does not fit."""
        done = self._done
        slots = undo.corrected(done, said) if done is not None and done.is_recent(at_sample) else None
        if done is None or slots is None:
            return None
        was_changed = undo.has_changed(done, self._house)
        acts = undo.restore(done, self._house, at_sample) if was_changed else ()
        reply = self.handle(done.intent, slots, at_sample)
        return Correction(done.intent, slots, done.slots, was_changed, Reply(reply.text, acts=acts + reply.acts))

    def _carry_out(self, house: House, intent: str, slots: Slots, at_sample: int) -> tuple[str, Outcome]:
        name = self._skills.get(intent, intent)
        trouble = house.troubles.get(KINDS.get(name, ""), "")
        skill = (lambda *_: refuse(trouble)) if trouble else BUILT_IN.get(name)
        outcome = skill(house, slots, at_sample) if skill else Outcome("Okay.")
        if outcome.is_done and intent in self._replies:
            return fill(self._replies[intent], slots, outcome.fields) or outcome.text, outcome
        return outcome.text, outcome

    @property
    def expects_answer(self) -> bool:
        """A yes or a no would answer something."""
        return self._house.on_yes is not None

    def expect_yes(self, question: str, on_yes: Callable[[], Outcome]) -> None:
        """Someone else asks the user; what a yes is to do."""
        self._house.on_yes, self._house.last_reply = on_yes, question

    def expects_yes_to(self, on_yes: Callable[[], Outcome]) -> bool:
        """This question is still open."""
        return self._house.on_yes is on_yes

    def withdraw(self) -> None:
        """The question that is open is so no longer."""
        self._house.on_yes = None

    def due(self, at_sample: int) -> list[Alarm]:
        """Timers that begin to ring now."""
        return self._house.timers.due(at_sample)

    def silence(self) -> bool:
        """Stop a ringing timer (as a button would); True when one rang."""
        return self._house.timers.silence()


@dataclass(frozen=True)
class Correction:
    """A command carried out anew with other slots. undone: what the first one had changed was taken back."""

    intent: str
    slots: Slots
    was: Slots
    undone: bool
    reply: Reply


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
