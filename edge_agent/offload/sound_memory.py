"""The last seconds of the microphone, for the egress gate: the only sound that could leave the device.

Thread: hop only. In memory, overwritten as it goes, never on disk.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ

MEMORY_S = 8
NUM_HOPS = MEMORY_S * SAMPLE_RATE_HZ // HOP_SAMPLES


class SoundMemory:
    """A ring of hops."""

    def __init__(self) -> None:
        self._hops = np.zeros((NUM_HOPS, HOP_SAMPLES), np.float32)
        self._num_written = 0

    def push(self, hop: NDArray[np.float32]) -> None:
        """Keep one hop, float32 [160]. Never allocates."""
        self._hops[self._num_written % NUM_HOPS] = hop
        self._num_written += 1

    def forget(self) -> None:
        """Nothing was heard."""
        self._hops.fill(0.0)
        self._num_written = 0

    def last(self, num_samples: int) -> NDArray[np.float32]:
        """A copy of the newest sound in whole hops, oldest first; less when there is less."""
        num_hops = min(-(-num_samples // HOP_SAMPLES), NUM_HOPS, self._num_written)
        order = np.arange(self._num_written - num_hops, self._num_written) % NUM_HOPS
        return self._hops[order].reshape(-1)
