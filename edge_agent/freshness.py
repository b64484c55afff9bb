"""Lets the listener begin afresh while nobody speaks.

It was trained on recordings that begin shortly before speech. After seconds of silence its past is one that it has
never seen, and what follows is misheard; begun afresh twice a second, it always hears a recording that just began.

Thread: hop only.
"""

from edge_agent.models.listener import Listener
from edge_agent.units import STEP_MS

QUIET_THRESHOLD = 0.2
RESET_EVERY_MS = 480


class Freshness:
    """Counts quiet steps and resets the listener when there were enough of them."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._quiet_ms = 0

    def step(self, p_voice: float, is_turn_open: bool) -> None:
        """At the end of a listener step, when its outputs have been used."""
        if is_turn_open or p_voice >= QUIET_THRESHOLD:
            self._quiet_ms = 0
            return
        self._quiet_ms += STEP_MS
        if self._quiet_ms >= RESET_EVERY_MS:
            self._quiet_ms = 0
            self._listener.reset()
