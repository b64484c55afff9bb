"""Awake or asleep: with wake phrases the agent follows speech only after one was said, and for a while after answers.

Thread: hop only.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import NearWake, Wake
from edge_agent.guard import Emit
from edge_agent.meters import Meters
from edge_agent.units import ms_to_samples

REFRACTORY_MS = 1_000  # one phrase said once is heard once


class Candidate(Protocol):
    """A phrase that may have been said."""

    @property
    def phrase(self) -> int: ...

    @property
    def p_wake(self) -> float: ...


class Spotter(Protocol):
    """What is asked of a keyword spotter (`models/wake.py`)."""

    @property
    def near_miss(self) -> Candidate | None: ...

    def step(self, log_posteriors: NDArray[np.float32]) -> int | None: ...

    def reset(self) -> None: ...


class Attention:
    """Whether speech is meant for the agent."""

    def __init__(
        self, phrases: Sequence[str], spotter: Spotter | None, awake_s: float, emit: Emit, meters: Meters
    ) -> None:
        """No phrases (and no spotter): awake from the start, for ever."""
        self._phrases = tuple(phrases)
        self._spotter = spotter
        self._awake_samples = ms_to_samples(1000 * awake_s)
        self._emit = emit
        self._near_wakes = meters.counters["near_wakes"]
        self._awake_until = -1
        self._woken_at = -ms_to_samples(REFRACTORY_MS)
        self.has_woken = False

    def step(self, at_sample: int, log_posteriors: NDArray[np.float32]) -> None:
        """One listener step, float32 [2, 40]; `has_woken` tells whether a phrase ended in it."""
        self.has_woken = False
        if self._spotter is None:
            return
        heard = self._spotter.step(log_posteriors)
        near = self._spotter.near_miss
        if near is not None and not self.is_awake(at_sample):
            self._near_wakes.count += 1
            self._emit(NearWake(at_sample, self._phrases[near.phrase], near.p_wake))
        if heard is None or at_sample - self._woken_at < ms_to_samples(REFRACTORY_MS):
            return
        self.has_woken = True
        self._woken_at = at_sample
        self.stay_awake(at_sample)
        self._emit(Wake(at_sample, self._phrases[heard]))

    def reset(self) -> None:
        """Forget half a phrase."""
        self.has_woken = False
        if self._spotter is not None:
            self._spotter.reset()

    def stay_awake(self, at_sample: int) -> None:
        """Something of this conversation happens now: listen on from here."""
        self._awake_until = at_sample + self._awake_samples

    def is_awake(self, at_sample: int) -> bool:
        """Whether speech at this sample is meant for the agent."""
        return self._spotter is None or at_sample < self._awake_until
