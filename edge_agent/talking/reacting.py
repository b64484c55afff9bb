"""Carries out what the reflexes decide: collects their evidence, makes the sound or the nod, and remembers when.

Thread: hop only. One `Evidence` is filled again and again; a hop that decides nothing builds nothing that lasts.
"""

import math

from edge_agent.events import Acknowledge, BackChannel, Filler, Gaze, Nod, Posture
from edge_agent.guard import Emit
from edge_agent.hearing.understanding import Understanding
from edge_agent.profile import ReflexesProfile
from edge_agent.reflexes import Evidence, acknowledge, back_channel, filler, nod, posture
from edge_agent.talking.talk import Talk
from edge_agent.turn import Grammar, Turn
from edge_agent.units import HOP_MS, samples_to_ms


class Reactions:
    """All reflexes of one agent, but barge-in (`yielding.py`)."""

    def __init__(self, settings: ReflexesProfile, talk: Talk, emit: Emit, *, hears_over_itself: bool) -> None:
        """`hears_over_itself`: the agent's own sound does not reach its microphone."""
        self._settings = settings
        self._talk = talk
        self._emit = emit
        self._hears_over_itself = hears_over_itself
        self.evidence = Evidence()
        self._posture = posture.RESTING
        self._gaze = posture.AWAY

    def reset(self) -> None:
        """Forget what was decided before."""
        self.evidence = Evidence()

    def step(self, at_sample: int, turn: Turn, understanding: Understanding) -> None:
        """Every hop in which somebody may speak, after the turn."""
        evidence = self.evidence
        self._collect(evidence, at_sample, turn, understanding)
        self._hold_itself(at_sample, evidence)
        if acknowledge.decide(self._settings.acknowledge, evidence):
            evidence.last_acknowledge_sample = at_sample
            self._talk.reflex(at_sample, Acknowledge)
        if not evidence.is_silent:
            return
        reason = nod.decide(self._settings.nod, evidence)
        if reason:
            self.nod(at_sample, self._settings.nod.intensity, reason)
        if back_channel.decide(self._settings.back_channel, evidence):
            evidence.last_back_channel_sample = at_sample
            self._talk.reflex(at_sample, BackChannel)
        elif filler.decide(self._settings.filler, evidence):
            self._fill(at_sample, turn)

    def nod(self, at_sample: int, depth: float, reason: str) -> None:
        """Nod now."""
        self.evidence.last_nod_sample = at_sample
        self._emit(Nod(at_sample, depth, reason))

    def greet(self, at_sample: int) -> None:
        """The agent was called: it shows that it listens."""
        if self._settings.nod.enabled and self._settings.nod.intensity > 0.0:
            self.nod(at_sample, self._settings.nod.intensity, "wake")

    def _collect(self, evidence: Evidence, at_sample: int, turn: Turn, understanding: Understanding) -> None:
        grammar = turn.evidence.grammar
        evidence.at_sample = at_sample
        evidence.is_listening = turn.is_open
        evidence.silence_ms = samples_to_ms(max(0, at_sample - turn.last_voiced_sample))
        evidence.is_silent = turn.is_open and evidence.silence_ms > 0.0
        evidence.last_voiced_sample = turn.last_voiced_sample
        evidence.low_until_sample = turn.melody.low_until_sample
        evidence.must_go_on = grammar is Grammar.INCOMPLETE
        evidence.is_no_command = grammar is Grammar.NO_MATCH
        evidence.voiced_ms = turn.voiced_ms
        evidence.wait_ms = turn.wait_ms
        evidence.p_end = 0.0 if math.isnan(turn.evidence.p_eot) else turn.evidence.p_end
        evidence.num_words = len(understanding.hypothesis.words)
        evidence.dictates_number = understanding.ends_in_number
        evidence.agent_speaks = self._talk.holds_floor or self._talk.is_held
        evidence.is_preparing = self._talk.is_preparing
        evidence.preparing_ms = evidence.preparing_ms + HOP_MS if evidence.is_preparing else 0.0
        evidence.can_make_sound = self._hears_over_itself
        if evidence.agent_speaks or evidence.is_preparing or turn.is_open:
            evidence.last_active_sample = at_sample

    def _hold_itself(self, at_sample: int, evidence: Evidence) -> None:
        held = posture.posture(self._settings.posture, evidence)
        if held != self._posture:
            self._posture = held
            if held:
                self._emit(Posture(at_sample, held))
        target = posture.gaze(self._settings.posture, evidence)
        if target != self._gaze:
            self._gaze = target
            if target:
                self._emit(Gaze(at_sample, target))

    def _fill(self, at_sample: int, turn: Turn) -> None:
        self.evidence.last_filler_sample = at_sample
        self._talk.answers(turn.last_voiced_sample)
        self._talk.reflex(at_sample, Filler)
