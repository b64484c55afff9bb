"""Sound that lasts longer at the same pitch: a few ms that resemble what comes next are played once more.

Used while less of an answer is in hand than its network may keep us waiting for: slower speech is hardly noticed for a
moment, a gap is. Thread: hop only; `repeat` never allocates.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import HOP_SAMPLES, ms_to_samples

MIN_LAG, MAX_LAG = ms_to_samples(5), ms_to_samples(15)  # of what is repeated: two periods of a low voice, and more
SLOWEST = 0.25
_FADE_SAMPLES = ms_to_samples(5)
_LEAST_ENERGY = 1e-6


class Stretch:
    """`owe` for each hop that was played; once `is_due`, `repeat` in place of the next one."""

    def __init__(self) -> None:
        self.context = np.zeros(MAX_LAG + HOP_SAMPLES, np.float32)  # sound around the present place, see `repeat`
        self._windows = np.lib.stride_tricks.sliding_window_view(self.context, HOP_SAMPLES)[: MAX_LAG - MIN_LAG + 1]
        num_lags = len(self._windows)
        self._likeness = np.zeros(num_lags, np.float32)
        self._energies = np.zeros(num_lags, np.float32)
        self._squares = np.zeros(len(self.context) + 1, np.float32)
        self._rise = np.linspace(0.0, 1.0, _FADE_SAMPLES, dtype=np.float32)
        self._faded = np.zeros(_FADE_SAMPLES, np.float32)
        self._owed_samples = 0.0

    def reset(self) -> None:
        """Other sound follows."""
        self._owed_samples = 0.0

    def owe(self, in_hand: int, wanted: int) -> None:
        """A hop goes out with so many samples in hand where so many are wanted: the shorter of it, the slower."""
        if in_hand < wanted:
            self._owed_samples += HOP_SAMPLES * (1.0 - max(SLOWEST, in_hand / wanted))
        else:
            self._owed_samples = 0.0

    @property
    def is_due(self) -> bool:
        """Enough is owed for a repetition."""
        return self._owed_samples >= MIN_LAG

    def repeat(self, out: NDArray[np.float32]) -> int:
        """The next hop, float32 [160], goes on from a place some samples earlier: how many.

        `context`, float32 [MAX_LAG + 160], is filled before: from MAX_LAG samples before the present place on.
        """
        place = self._best_window()
        lag = MAX_LAG - place
        np.copyto(out, self._windows[place])
        head, ahead = out[:_FADE_SAMPLES], self.context[MAX_LAG : MAX_LAG + _FADE_SAMPLES]
        # ahead + rise * (head - ahead)
        np.subtract(head, ahead, out=self._faded)
        np.multiply(self._faded, self._rise, out=self._faded)
        np.add(ahead, self._faded, out=head)
        self._owed_samples -= lag
        return lag

    def _best_window(self) -> int:
        """Where the sound before is most like the sound that comes: normalised correlation."""
        np.matmul(self._windows, self.context[MAX_LAG:], out=self._likeness)
        np.multiply(self.context, self.context, out=self._squares[1:])
        np.cumsum(self._squares, out=self._squares)
        num_lags = len(self._energies)
        np.subtract(self._squares[HOP_SAMPLES : HOP_SAMPLES + num_lags], self._squares[:num_lags], out=self._energies)
        np.maximum(self._energies, _LEAST_ENERGY, out=self._energies)
        np.sqrt(self._energies, out=self._energies)
        np.divide(self._likeness, self._energies, out=self._likeness)
        return int(self._likeness.argmax())
