"""How far words reach into sound: how long a voice's letters last, learnt from the answers that it has spoken.

Pauses hold no letters, so only sound counts. A text must never be taken to reach further than it does: the quickest of
the last answers counts, and less than that, since a voice is not always as quick as on average.
"""

from collections import deque

import numpy as np

FAST_MS_PER_LETTER = 55.0  # of fast speech, while a voice is not known
MARGIN = 0.9
NUM_ANSWERS = 8
LEAST_LETTERS = 20  # of an answer, to learn from it
LOUD = 100  # of 32,768; what is below is a pause
_BLOCK_MS = 10


class SpeechPace:
    """Thread: the asyncio loop."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=NUM_ANSWERS)

    @property
    def ms_per_letter(self) -> float:
        """Of sound; never more than a letter of this voice lasts."""
        return max(FAST_MS_PER_LETTER, MARGIN * min(self._seen, default=0.0))

    def learn(self, num_letters: int, loud_ms: float) -> None:
        """A whole answer."""
        if num_letters >= LEAST_LETTERS:
            self._seen.append(loud_ms / num_letters)


def loud_ms(pcm16: bytes, rate_hz: int) -> float:
    """How much of a piece is not a pause, in blocks of 10 ms."""
    samples = np.frombuffer(pcm16[: len(pcm16) // 2 * 2], "<i2")
    block_samples = rate_hz * _BLOCK_MS // 1000
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) >= LOUD) // block_samples
    begins = np.unique(loud) * block_samples
    return float(np.minimum(block_samples, len(samples) - begins).sum()) * 1000 / rate_hz
