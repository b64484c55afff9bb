"""Carries out what `reflexes/barge_in.py` decides: collects its evidence, ducks, holds, goes on or drops, and tells it.

Thread: hop only. One `Evidence` is filled again and again; a hop that decides nothing builds nothing that lasts.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import BargeIn
from edge_agent.guard import Emit
from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE
from edge_agent.profile import Reflex
from edge_agent.reflexes import barge_in
from edge_agent.reflexes.barge_in import Action, Evidence, Stage
from edge_agent.talking.talk import Talk
from edge_agent.turn import NEVER, VOICE_OFF_THRESHOLD, VOICE_ON_THRESHOLD, Grammar
from edge_agent.units import HOP_MS, STEP_MS, samples_to_ms

FORGET_QUIET_MS = 400.0  # after so long the next sound is another one
HUM_TOKENS = frozenset(TOKEN_OF_PHONE[phone] for phone in ("M", "N", "NG", "HH", "AH"))  # "mm-hm", "uh-huh"
ASSENTS = frozenset({"Yes"})  # "okay", "yeah": over a reply they say that one listens
HEARD_WELL = math.log(0.5)


class Near(Protocol):
    """What is asked of the detector of near talkers (`dsp/near_talk.py`)."""

    score: float
    is_heard: bool
    is_denied: bool

    def forget(self) -> None: ...

    def settle(self) -> None: ...


class Yielding:
    """Lets the user have the floor, and takes it back if they did not want it."""

    def __init__(self, settings: Reflex, talk: Talk, emit: Emit) -> None:
        self._settings = settings
        self._talk = talk
        self._emit = emit
        self._last_token = BLANK
        self.reset()

    def reset(self) -> None:
        """Nobody was heard; speech that is held is taken up again."""
        self.evidence = Evidence()
        self._forget()
        self._stage = Stage.SILENT
        self._onset_sample = NEVER
        self._is_voiced = self._is_let_be = self._has_gone_on = False
        self._heard_ms, self._heard = 0.0, ""
        self._talk.go_on()

    def hear_step(
        self, p_voice: float, log_posteriors: NDArray[np.float32], grammar: Grammar, intent: str | None
    ) -> None:
        """Once per listener step: is it a voice, are there phones in it [2, 40], and do the words make a command?"""
        evidence = self.evidence
        self._is_voiced = p_voice >= (VOICE_OFF_THRESHOLD if self._is_voiced else VOICE_ON_THRESHOLD)
        evidence.is_command = grammar >= Grammar.COULD_GO_ON and intent not in ASSENTS
        for frame in log_posteriors:
            self._count_phone(frame)
        if self._is_voiced:
            evidence.voiced_ms += STEP_MS
            if self._talk.may_be_interrupted:
                evidence.overlap_ms += STEP_MS

    def end_turn(self, intent: str | None) -> bool:
        """The user's turn ends with this intent; whether it was none, but a sound or a "yes" over the agent's reply."""
        was_over = self._talk.is_held or self._has_gone_on
        self._has_gone_on = False
        return was_over and (barge_in.is_noise(self.evidence) or intent in ASSENTS)

    def step(self, at_sample: int, near: Near) -> None:
        """Once per hop that ends at `at_sample`, after the near talker was looked for."""
        evidence = self.evidence
        stage = self._stage_now(at_sample)
        if self._stage is Stage.SILENT and stage is Stage.SPEAKING:
            near.settle()  # the end of what the agent answers to is no barge-in
            self._forget()
            self._has_gone_on = False
        evidence.stage = self._stage = stage
        self._follow(at_sample, near)
        action = barge_in.decide(self._settings, evidence)
        if action is Action.GO_ON or action is Action.UNDUCK:
            near.forget()  # or what was just found to be nobody would interrupt again
        self._act(at_sample, action)

    def drop(self, at_sample: int) -> None:
        """The user has the floor whatever else is heard: they called the agent."""
        if self._talk.may_be_interrupted or self._talk.is_held:
            self._act(at_sample, Action.DROP)

    def _count_phone(self, frame: NDArray[np.float32]) -> None:
        token = int(frame.argmax())
        if token == self._last_token or frame[token] < HEARD_WELL:
            return
        self._last_token = token
        if token != BLANK and token not in HUM_TOKENS:
            self.evidence.num_phones += 1

    def _forget(self) -> None:
        evidence = self.evidence
        evidence.quiet_ms = FORGET_QUIET_MS
        evidence.voiced_ms = evidence.overlap_ms = evidence.near_ms = 0.0
        evidence.num_phones, self._last_token = 0, BLANK
        self._onset_sample = NEVER
        evidence.is_command = self._is_voiced = False

    def _follow(self, at_sample: int, near: Near) -> None:
        """How long the sound has lasted, and how long it has been over."""
        evidence = self.evidence
        if near.is_heard or self._is_voiced:
            if evidence.quiet_ms >= FORGET_QUIET_MS:
                self._forget()
                self._onset_sample = at_sample
            evidence.quiet_ms = 0.0
        else:
            evidence.quiet_ms += HOP_MS
        evidence.near_ms += HOP_MS
        if near.is_denied:
            evidence.overlap_ms = 0.0  # a voice in what is nothing but echo is the agent's own
        self._is_let_be = self._is_let_be and evidence.quiet_ms < FORGET_QUIET_MS
        evidence.near_score = 0.0 if self._is_let_be else near.score

    def _stage_now(self, at_sample: int) -> Stage:
        """Others may have ended the reply, or begun another."""
        if self._talk.is_held:
            return Stage.HELD
        if self._stage is Stage.HELD:
            self._tell(at_sample, "drop", self._heard_ms, self._heard)
        if not self._talk.may_be_interrupted:
            return Stage.SILENT
        return Stage.DUCKED if self._stage is Stage.DUCKED else Stage.SPEAKING

    def _act(self, at_sample: int, action: Action) -> None:
        if action is Action.DUCK:
            self._stage = Stage.DUCKED
            self._talk.duck()
            self._tell(at_sample, "duck", self._talk.heard_ms, self._talk.heard_text)
        elif action is Action.UNDUCK:
            self._stage = Stage.SPEAKING
            self._talk.unduck()
            self._tell(at_sample, "resume", self._talk.heard_ms, self._talk.heard_text)
        elif action is Action.HOLD:
            self._heard_ms, self._heard = self._talk.heard_ms, self._talk.heard_text
            is_kept = self._talk.hold()  # of a filler nothing is
            self._stage = Stage.HELD if is_kept else Stage.SILENT
            self._tell(at_sample, "stop" if is_kept else "drop", self._heard_ms, self._heard)
        elif action is Action.GO_ON:
            self._go_on(at_sample)
        elif action is Action.DROP:
            self._tell(at_sample, "drop", self._talk.heard_ms, self._talk.heard_text)
            self._stage = Stage.SILENT
            self._talk.stop()

    def _go_on(self, at_sample: int) -> None:
        self._is_let_be, self._has_gone_on = not self.evidence.quiet_ms, True
        self.evidence.overlap_ms = 0.0
        self._stage = Stage.SPEAKING
        self._tell(at_sample, "resume", self._talk.heard_ms, self._talk.heard_text)
        self._talk.go_on()

    def _tell(self, at_sample: int, stage: str, heard_ms: float, heard: str) -> None:
        latency_ms = samples_to_ms(at_sample - self._onset_sample) if self._onset_sample != NEVER else 0.0
        self._emit(BargeIn(at_sample, stage, heard_ms, latency_ms, heard))
