"""What is said while an answer is awaited, so that silence never lasts, and when it is given up: pure.

Thread: hop only. Called once per hop; keeps numbers.
"""

from edge_agent.units import ms_to_samples

FILL_AFTER_MS = 600  # of silence: most clouds have begun by then, and a "hmm" would delay them
BRIDGE_AFTER_MS = 1_500  # of silence, the first time
AGAIN_AFTER_MS = 2_400  # of silence, later: less than the 3 s after which people ask whether anybody is there
BRIDGES = ("One moment.", "I am still waiting for the cloud.")
GIVE_UP = "Sorry, the cloud does not answer."


class Waiting:
    """One wait, from a question (or a gap in its answer) to its end."""

    def __init__(self, deadline_ms: float) -> None:
        """`deadline_ms`: of waiting without any sound of the answer."""
        self._deadline_samples = ms_to_samples(deadline_ms)
        self.is_on = False
        self._since_sample = 0
        self._silent_since_sample = 0
        self._num_said = 0
        self._may_fill = False

    def begin(self, at_sample: int, *, may_fill: bool = False) -> None:
        """Now something is awaited. may_fill: nothing of it was heard, so that a "hmm" is in place."""
        self.is_on = True
        self._may_fill = may_fill
        self._since_sample = self._silent_since_sample = at_sample
        self._num_said = 0

    def end(self) -> None:
        """It came, or nobody wants it."""
        self.is_on = False

    def wants_filler(self, at_sample: int) -> bool:
        """Whether to hold the floor with a sound now, before any words; once for each question."""
        is_due = at_sample - self._silent_since_sample >= ms_to_samples(FILL_AFTER_MS)
        wants = self.is_on and self._may_fill and is_due
        self._may_fill &= not wants
        return wants

    def step(self, at_sample: int, *, is_sounding: bool) -> str:
        """What to say now, mostly nothing. `is_sounding`: the agent or the user is heard. `GIVE_UP` ends the wait."""
        if not self.is_on:
            return ""
        if is_sounding:
            self._silent_since_sample = at_sample
            return ""
        if at_sample - self._since_sample >= self._deadline_samples:
            self.end()
            return GIVE_UP
        patience_ms = AGAIN_AFTER_MS if self._num_said else BRIDGE_AFTER_MS
        if at_sample - self._silent_since_sample < ms_to_samples(patience_ms):
            return ""
        self._silent_since_sample = at_sample
        self._num_said += 1
        return BRIDGES[min(self._num_said, len(BRIDGES)) - 1]
