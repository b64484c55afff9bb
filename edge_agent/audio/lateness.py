"""Whether a stream of sound has fallen behind and should be begun anew. Pure.

A sound server never gives back the time that its client was held up: what it captured meanwhile waits, and all that
comes after waits behind it. So a delay that has grown stays, and the next one is added to it.
"""

from math import inf

MOST_GROWTH_MS = 50
NUM_TIMES = 2  # one look may fall into the moment in which a stream catches up


class Lateness:
    """Asked now and then, while nobody speaks."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._least_ms = inf
        self._num_times = 0

    def is_behind(self, delay_ms: float) -> bool:
        """By the delay now; after True the stream is taken for a new one, whose delay may be another."""
        self._least_ms = min(self._least_ms, delay_ms)
        self._num_times = self._num_times + 1 if delay_ms > self._least_ms + MOST_GROWTH_MS else 0
        if self._num_times < NUM_TIMES:
            return False
        self._begin()
        return True
