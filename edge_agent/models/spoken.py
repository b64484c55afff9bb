"""Whether somebody spoke at all where a sentence was found, or a cry, a bark or a bell was taken for one.

A short sentence lies in any sound in which the listener wavers between silence and phones, since wavering costs the
search little. In speech, even where it is misheard, the listener itself says many of the phones.
`export/calibrate.py` fits the weights.
"""

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.logistic import p_weighed
from edge_agent.models.phones import BLANK

HISTORY_FRAMES: Final = 2048  # 41 s: longer than any turn
MOST_OVER_FILLER: Final = 4.0
LEAST_OVER_FILLER: Final = -1.0


@dataclass(frozen=True)
class SpokenEvidence:
    """Features of a path. Frames are 20 ms, counts in natural logs."""

    heard: float  # frames from its first phone to its last in which the listener itself says a phone
    length: float  # phones of the path
    over_filler: float  # per phone, how much better it explains the sound than a path without any sentence


@dataclass(frozen=True)
class SpokenModel:
    """A weight for each feature, and the bias."""

    bias: float = -0.4
    heard: float = 4.9
    length: float = -3.2
    over_filler: float = 1.8

    def p_spoken(self, evidence: SpokenEvidence) -> float:
        """Probability that somebody spoke, where a sentence was found."""
        return p_weighed(self, evidence, self.bias, FEATURES)


FEATURES = tuple(field.name for field in fields(SpokenEvidence))
NOTHING_SPOKEN: Final = SpokenEvidence(math.log(0.5), 0.0, LEAST_OVER_FILLER)


def evidence_of(num_heard_frames: int, num_phones: int, filler_margin: float) -> SpokenEvidence:
    """`filler_margin`: of the path, above filler throughout, natural log."""
    over_filler = min(max(filler_margin / num_phones, LEAST_OVER_FILLER), MOST_OVER_FILLER)
    return SpokenEvidence(math.log(0.5 + num_heard_frames), math.log(num_phones), over_filler)


class HeardFrames:
    """Counts frames in which the listener itself says a phone, of the last `HISTORY_FRAMES`. Thread: hop only."""

    def __init__(self) -> None:
        self._counts = np.zeros(HISTORY_FRAMES, np.int64)  # of all frames before one, at its number modulo the length
        self._num_frames = 0

    def reset(self) -> None:
        """The next frame is number 0."""
        self._num_frames = 0
        self._counts[0] = 0

    def step(self, log_posteriors: NDArray[np.float32]) -> None:
        """Any number of frames, float32 [num_frames, 40]."""
        for token in log_posteriors.argmax(axis=1):
            before = self._counts[self._num_frames % HISTORY_FRAMES]
            self._num_frames += 1
            self._counts[self._num_frames % HISTORY_FRAMES] = before + (token != BLANK)

    def between(self, first: int, last: int) -> int:
        """Of the frames from `first` to `last`, those that are still remembered."""
        begin = max(first, self._num_frames - HISTORY_FRAMES + 1)
        end = max(last + 1, begin)
        return int(self._counts[end % HISTORY_FRAMES] - self._counts[begin % HISTORY_FRAMES])
