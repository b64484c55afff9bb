"""A gain that never jumps: it moves to its target by a fixed slope per sample."""

import math

import numpy as np
from numpy.typing import NDArray

MAX_BLOCK_SAMPLES = 1600
_COUNT = np.arange(1, MAX_BLOCK_SAMPLES + 1, dtype=np.float64)


class Gain:
    """Thread: hop only. Never allocates after construction. Blocks up to MAX_BLOCK_SAMPLES."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.target = value
        self._slope = 1.0
        self._ramp = np.empty(MAX_BLOCK_SAMPLES, np.float64)
        self._ramp_32 = np.empty(MAX_BLOCK_SAMPLES, np.float32)  # multiplying unlike types would buffer

    def move(self, target: float, full_ramp_samples: int) -> None:
        """Go to a target; full_ramp_samples: time that the way from 0 to 1 would take."""
        self.target = target
        self._slope = 1.0 / full_ramp_samples
        self._arrive()

    def jump(self, value: float) -> None:
        """Be there at once: only where nothing sounds."""
        self.value = self.target = value

    @property
    def samples_left(self) -> int:
        """Until the target is reached."""
        return math.ceil(abs(self.target - self.value) / self._slope - 1e-6)

    def apply(self, block: NDArray[np.float32]) -> None:
        """Scale a block in place; the result does not depend on how a signal is cut into blocks."""
        if self.value == self.target:
            if self.value != 1.0:
                np.multiply(block, self.value, out=block)
            return
        num_samples = len(block)
        ramp, ramp_32 = self._ramp[:num_samples], self._ramp_32[:num_samples]
        is_rising = self.target > self.value
        np.multiply(_COUNT[:num_samples], self._slope if is_rising else -self._slope, out=ramp)
        np.add(ramp, self.value, out=ramp)
        (np.minimum if is_rising else np.maximum)(ramp, self.target, out=ramp)
        ramp_32[:] = ramp
        np.multiply(block, ramp_32, out=block)
        self.value = float(ramp[-1])
        self._arrive()

    def _arrive(self) -> None:
        if self.samples_left == 0:  # what is left is rounding, and no sample would be left to make up for it
            self.value = self.target
