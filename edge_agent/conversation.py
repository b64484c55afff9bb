"""What happens when a turn of the user ends, and what happens without one (timers that ring).

Thread: hop only.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Corrected, HouseAct, Intent, NoIntent, Reply
from edge_agent.guard import Emit
from edge_agent.hearing.understanding import NOTHING_HEARD, Understanding, grammar_of
from edge_agent.meters import Meters
from edge_agent.models.decoder import Hypothesis
from edge_agent.offload.asking import ANSWERS, ASK_INTENT, CONSENT, FORBID_INTENT, NO_CLOUD, Asking
from edge_agent.offload.errands import Errands
from edge_agent.skills.registry import Skills
from edge_agent.skills.reply import Act
from edge_agent.skills.reply import Reply as SkillReply
from edge_agent.skills.undo import amended
from edge_agent.talking.early import EarlyAnswer, Settled
from edge_agent.talking.talk import Talk
from edge_agent.turn import Grammar, Turn
from edge_agent.units import ms_to_samples

NOT_UNDERSTOOD = "Sorry, I didn't catch that."
REWORDED = {NO_CLOUD: "no_cloud", NOT_UNDERSTOOD: "not_understood"}  # said often, so not always in the same words
RING_EVERY_MS = 4_000  # leaves room for what is said about it
RING_FOR_MS = 60_000
DRIVEN = ("light", "media", "lock", "temperature", "cover", "scene")  # by whoever reads the events
CORRECTING = ("Correct", "Undo")
GO_ON = "Yes"
NEVER_EARLY = (*ANSWERS, ASK_INTENT, FORBID_INTENT, *CORRECTING)  # what they answer or act on is no copy of the house
STEADY_MS = 40  # a reading that holds for a step is worth preparing for
QUESTION_VOICED_MS = 500  # shorter speech that is no command is no question either


def meant(heard: Hypothesis) -> Hypothesis:
    """A command that was corrected in the same breath, with what was said instead; no command if that does not fit."""
    if heard.instead is None or heard.intent is None:
        return heard
    slots = amended(heard.intent, heard.slots, heard.instead, was_broken_off=heard.was_broken_off)
    return NOTHING_HEARD if slots is None else replace(heard, slots=slots)


def _mean_the_same(one: Hypothesis, other: Hypothesis) -> bool:
    return (one.intent, one.slots) == (other.intent, other.slots)


class Conversation:
    """Turns in, replies out."""

    def __init__(
        self, skills: Skills, talk: Talk, asking: Asking, errands: Errands, emit: Emit, meters: Meters
    ) -> None:
        self._skills = skills
        self._talk = talk
        self._asking = asking
        self._errands = errands
        self._emit = emit
        self._intents = meters.counters["intents"]
        self._next_ring_sample = 0
        self._rings_until = 0
        self._prepared, self._prepared_text = NOTHING_HEARD, ""
        self.early = EarlyAnswer(talk, emit)

    def hear(self, hop: NDArray[np.float32]) -> None:
        """Every hop of the microphone, float32 [160]: kept for a question that may have to leave the device."""
        self._asking.offloading.hear(hop)

    @property
    def is_idle(self) -> bool:
        """No timer rings, and no answer is awaited."""
        return not self._skills.timers.ringing and self._asking.offloading.is_idle

    def follow(self, at_sample: int, turn: Turn, understanding: Understanding) -> None:
        """Every listener step while the user's turn is open."""
        if understanding.steady_ms >= STEADY_MS:
            self._prepare(at_sample, understanding.hypothesis)
        self._asking.follow(at_sample, turn.voice.onset_sample, turn.voiced_ms, understanding.hypothesis)

    def begin_answer(self, at_sample: int, heard: Hypothesis, last_voiced_sample: int) -> bool:
        """The user may have said all; whether an answer begins that is taken back if they go on."""
        if heard.intent in NEVER_EARLY or heard.instead is not None or not _mean_the_same(heard, self._prepared):
            return False
        return self.early.begin(at_sample, heard, self._prepared_text, last_voiced_sample)

    def answer(self, at_sample: int, said: Settled, turn_ms: float, voiced_ms: float) -> None:
        """The user's turn ended with these words."""
        self._prepared = NOTHING_HEARD
        if said.first is not None and said.first.intent is not None:
            self._carry_out(at_sample, said.first.intent, said.first, is_answered=True)
        was, heard = said.heard.slots, meant(said.heard)
        grammar = grammar_of(heard)
        if grammar >= Grammar.COULD_GO_ON and heard.intent is not None and self._asking.keeps(at_sample, heard.intent):
            if heard.instead is not None:
                self._emit(Corrected(at_sample, heard.intent, heard.slots, was))
            self._carry_out(at_sample, heard.intent, heard, is_answered=self.early.stands)
            return
        self._emit(NoIntent(at_sample, heard.confidence))
        if voiced_ms < QUESTION_VOICED_MS:
            return
        if grammar is Grammar.INCOMPLETE and not self._asking.may_ask:
            self._reply(at_sample, NOT_UNDERSTOOD)
        else:
            self._reply(at_sample, self._asking.question(at_sample, turn_ms))

    def apologise(self, at_sample: int) -> None:
        """A turn was lost to a fault of ours."""
        self._reply(at_sample, NOT_UNDERSTOOD)

    def step(self, at_sample: int) -> None:
        """Once per hop: timers that ring, and words that have become sound."""
        if at_sample >= self._skills.next_due_sample:
            self._ring(at_sample)
        if self._skills.timers.ringing and at_sample >= self._next_ring_sample:
            self._ring_on(at_sample)
        self._asking.offloading.step(at_sample)
        for act in self._errands.step(at_sample):
            self._do(at_sample, act)
        self._talk.step(at_sample)

    def _carry_out(self, at_sample: int, intent: str, heard: Hypothesis, *, is_answered: bool) -> None:
        """Do it, and say so; `is_answered`: that was said before."""
        if intent in CORRECTING:
            self._revise(at_sample, intent, heard)
            return
        if intent == GO_ON and self._talk.has_more and not self._skills.expects_answer:
            return  # "mm-hm" between the pieces of a reply
        self._intents.count += 1
        self._emit(Intent(at_sample, intent, heard.slots, heard.confidence))
        text = self._asking.carry_out(at_sample, intent)
        if text is not None:
            self._reply(at_sample, text)
            return
        reply = self._skills.handle(intent, heard.slots, at_sample)
        for act in reply.acts:
            self._do(at_sample, act)
        if not is_answered:
            self._reply(at_sample, reply.text)

    def _prepare(self, at_sample: int, heard: Hypothesis) -> None:
        """The user may have said this and nothing more: have the reply made into sound, and say nothing yet."""
        heard = meant(heard)
        if heard.intent is None or heard.intent in CORRECTING or grammar_of(heard) < Grammar.COULD_GO_ON:
            return
        if _mean_the_same(heard, self._prepared):
            return
        self._prepared = heard
        self._prepared_text = self._skills.rehearse(heard.intent, heard.slots, at_sample)
        self._talk.prepare(self._prepared_text)

    def _revise(self, at_sample: int, intent: str, heard: Hypothesis) -> None:
        """What was done a moment ago is not what was meant."""
        erased_ms = self._talk.last_heard_ms
        if intent == "Undo":
            undone = self._skills.undo(at_sample)
            if undone is not None:
                self._emit(Corrected(at_sample, intent, undone=True, erased_ms=erased_ms))
            self._say_instead(at_sample, undone or SkillReply("There is nothing to undo."))
            return
        made = self._skills.correct(heard.slots, at_sample)
        if made is None:
            self._emit(NoIntent(at_sample, heard.confidence))
            self._reply(at_sample, NOT_UNDERSTOOD)
            return
        self._intents.count += 1
        self._emit(Corrected(at_sample, made.intent, made.slots, made.was, made.undone, erased_ms))
        self._emit(Intent(at_sample, made.intent, made.slots, heard.confidence))
        text = made.reply.text
        # nobody who heard nothing of it needs an apology for it
        said = f"Sorry, {text[:1].lower()}{text[1:]}" if erased_ms > 0.0 else text
        self._say_instead(at_sample, SkillReply(said, acts=made.reply.acts))

    def _say_instead(self, at_sample: int, reply: SkillReply) -> None:
        self._talk.stop()
        for act in reply.acts:
            self._do(at_sample, act)
        self._reply(at_sample, reply.text)

    def _do(self, at_sample: int, act: Act) -> None:
        if act.kind == "stop_speaking":
            self._talk.stop()
        elif act.kind == "stop_alarm":
            self._talk.stop_ringing()
        elif act.kind == "volume":
            self._talk.set_volume(float(act.value))
        elif act.kind in DRIVEN:
            self._emit(HouseAct(at_sample, act.kind, act.target, act.area, act.name, act.value))
        elif act.kind == CONSENT:
            self._reply(at_sample, self._asking.consented(at_sample))

    def _reply(self, at_sample: int, text: str) -> None:
        if text in REWORDED:
            text = self._talk.wording(REWORDED[text])
        if text:
            self._emit(Reply(at_sample, text))
            self._talk.say(text)

    def _ring(self, at_sample: int) -> None:
        for alarm in self._skills.due(at_sample):
            self._emit(Reply(at_sample, alarm.text))
            self._talk.say(alarm.text, "alarm")
        self._next_ring_sample = at_sample
        self._rings_until = at_sample + ms_to_samples(RING_FOR_MS)

    def _ring_on(self, at_sample: int) -> None:
        self._next_ring_sample = at_sample + ms_to_samples(RING_EVERY_MS)
        if at_sample >= self._rings_until:
            self._skills.silence()
        else:
            self._talk.ring()
