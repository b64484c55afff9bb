"""A fence around each part of the path: a fault there costs that part a step, not the agent its hearing.

Thread: hop only. The path without faults builds no objects beyond the call itself.
"""

from collections.abc import Callable
from typing import Any

from edge_agent.events import Event, Fault
from edge_agent.units import ms_to_samples

Emit = Callable[[Event], None]  # how a part tells the world; called in the hop thread, returns at once

FAULTS_BEFORE_REST = 3
REST_MS = 1_000


def do_nothing() -> None:
    """Reset of a part that has no past."""


class Part:
    """One part: counts its faults, resets it after each, and rests it for a second after three in a row."""

    def __init__(self, name: str, emit: Emit, reset: Callable[[], None] = do_nothing) -> None:
        """`reset` makes the part usable again after a fault; it may fail itself."""
        self.name = name
        self.num_faults = 0
        self._emit = emit
        self._reset = reset
        self._in_a_row = 0
        self._rests_until = -1

    @property
    def is_degraded(self) -> bool:
        """Three faults in a row, and not one step that worked since."""
        return self._in_a_row >= FAULTS_BEFORE_REST

    def run(self, at_sample: int, step: Callable[..., Any], *arguments: Any) -> bool:
        """Call `step(*arguments)`; False when it raised, or when the part rests. Never raises."""
        if at_sample < self._rests_until:
            return False
        try:
            step(*arguments)
        except Exception as error:
            self._failed(at_sample, error)
            return False
        if self._in_a_row:
            self._recovered(at_sample)
        return True

    def _failed(self, at_sample: int, error: Exception) -> None:
        self.num_faults += 1
        self._in_a_row += 1
        if self.is_degraded:
            self._rests_until = at_sample + ms_to_samples(REST_MS)
        if self._in_a_row in (1, FAULTS_BEFORE_REST):
            # once per trouble, not once per hop: an event costs more than the hop that failed
            state = "degraded" if self.is_degraded else "failed"
            self._emit(Fault(at_sample, self.name, state, self.num_faults, f"{type(error).__name__}: {error}"))
        try:
            self._reset()
        except Exception:
            self.num_faults += 1

    def _recovered(self, at_sample: int) -> None:
        was_degraded = self.is_degraded
        self._in_a_row = 0
        if was_degraded:
            self._emit(Fault(at_sample, self.name, "recovered", self.num_faults, ""))
