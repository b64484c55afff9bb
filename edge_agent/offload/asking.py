"""Whether the cloud may be asked: what the user said of it, and the question that waits for their yes.

Thread: hop only.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.egress import Consent, Gate
from edge_agent.hearing.understanding import grammar_of
from edge_agent.models.decoder import Hypothesis
from edge_agent.offload.offloading import Offloading
from edge_agent.skills.registry import Skills
from edge_agent.skills.reply import Act, Outcome
from edge_agent.turn import Grammar
from edge_agent.units import ms_to_samples

ASK_INTENT, FORBID_INTENT = "AskCloud", "DontSend"
ANSWERS = ("Yes", "No")
GIVING_LEAVE = (*ANSWERS, ASK_INTENT)  # not believed of a voice that may be the agent's own
CONSENT = "consent"  # the act of a yes
PENDING_MS = 30_000  # a yes that comes later answers something else

NO_CLOUD = "I can't reach the cloud."
MAY_I = "May I ask the cloud?"
MAY_NOT = "I may not ask the cloud."
WHAT = "What shall I ask?"
NOTHING_LEFT = "Okay, I send nothing."


class Asking:
    """Questions that the device cannot answer, on their way to the gate."""

    def __init__(self, offloading: Offloading, gate: Gate, skills: Skills, consent: Consent) -> None:
        """`consent`: what a spoken yes grants."""
        self.offloading = offloading
        self._gate = gate
        self._skills = skills
        self._consent = consent
        self._wishes_cloud = False  # the user named the cloud, in this turn or alone in the one before
        self._pending: NDArray[np.float32] | None = None
        self._pending_until = 0

    @property
    def may_ask(self) -> bool:
        """The cloud may be asked at once: it also makes something of what only began like a command."""
        return self._gate.may_send

    def follow(self, at_sample: int, onset_sample: int, voiced_ms: float, heard: Hypothesis) -> None:
        """Every listener step while the user's turn is open."""
        if heard.intent == ASK_INTENT and grammar_of(heard) >= Grammar.COULD_GO_ON:
            self._wish()
        is_no_command = grammar_of(heard) is Grammar.NO_MATCH
        self.offloading.follow(at_sample, onset_sample, voiced_ms, is_no_command)

    def question(self, at_sample: int, turn_ms: float) -> str:
        """The turn was no command; what to say at once, nothing when the answer is on its way."""
        wishes_cloud, self._wishes_cloud = self._wishes_cloud, False
        sound = self.offloading.recall(turn_ms)
        said = self.offloading.ask(at_sample, turn_ms, "asked_for" if wishes_cloud else "open_question")
        if said.allowed:
            return ""
        if said.reason == "ask":
            return self._ask_first(at_sample, sound)
        return MAY_NOT if wishes_cloud and said.reason in ("muted", "local_only") else NO_CLOUD

    def keeps(self, at_sample: int, intent: str) -> bool:
        """A command was understood, so the turn stays here; False when it answers a question that nobody asked."""
        if intent in ANSWERS and not self._skills.expects_answer:
            return False
        self.offloading.keep_local(at_sample)
        if intent != ASK_INTENT:
            self._forget_wish()
        if intent not in ANSWERS:
            self._pending = None
        return True

    def carry_out(self, at_sample: int, intent: str) -> str | None:
        """What to say to a command about the cloud; None when it is about something else."""
        if intent == ASK_INTENT:
            self._wish()
            return WHAT
        if intent == FORBID_INTENT:
            self.offloading.forbid(at_sample)
            return NOTHING_LEFT
        return None

    def consented(self, at_sample: int) -> str:
        """The user said yes; what to say at once."""
        sound, self._pending = self._pending, None
        if sound is None or at_sample > self._pending_until:
            return WHAT
        self._gate.grant(self._consent)
        said = self.offloading.ask(at_sample, 0.0, "consented", sound)
        return "" if said.allowed else NO_CLOUD

    def _ask_first(self, at_sample: int, sound: NDArray[np.float32]) -> str:
        self._pending = sound
        self._pending_until = at_sample + ms_to_samples(PENDING_MS)
        self._skills.expect_yes(MAY_I, lambda: Outcome("", acts=(Act(CONSENT),)))
        return MAY_I

    def _wish(self) -> None:
        self._wishes_cloud = True
        if self._gate.consent == "none":
            self._gate.grant("turn")

    def _forget_wish(self) -> None:
        self._wishes_cloud = False
        if self._gate.consent == "turn":
            self._gate.revoke()
