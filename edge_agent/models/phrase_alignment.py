"""Where the phones of a phrase lie in what was heard, each in one frame, by `kernels/src/phrase_align.c`.

Thread: one at a time per aligner (the hop thread). Nothing but construction takes memory.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib
from edge_agent.models.phones import TOKENS

Tokens = NDArray[np.uint8]


@dataclass(frozen=True)
class PhraseAlignment:
    """Phones of a phrase, in frames of 20 ms. The arrays are the aligner's own and change with its next use.

    frame: int32 [num_phones]; score: float32 [num_phones], natural log of how much rather that phone was said there
    than any other sound; between: the same over the frames between the phones, at most 0.
    """

    frame: NDArray[np.int32]
    score: NDArray[np.float32]
    between: float

    @property
    def num_frames(self) -> int:
        """From the first phone to the last."""
        return int(self.frame[-1] - self.frame[0]) + 1


class PhraseAligner:
    """Memory for alignments of a certain length, and how phones are misheard."""

    def __init__(self, max_frames: int, max_phones: int, log_ratios: NDArray[np.floating]) -> None:
        """`log_ratios`: [40, 40], as in `confusions.py`."""
        self._state = ffi.gc(lib.phrase_align_create(max_frames, max_phones), lib.phrase_align_free)
        if self._state == ffi.NULL:
            raise MemoryError
        self._ratios = np.exp(np.asarray(log_ratios, np.float32))
        self._frame, self._score = np.zeros(max_phones, np.int32), np.zeros(max_phones, np.float32)
        self._c_ratios = ffi.from_buffer("float[]", self._ratios)
        self._c_frame = ffi.from_buffer("int32_t[]", self._frame)
        self._c_score = ffi.from_buffer("float[]", self._score)
        self._c_between = ffi.new("float *")

    def align(self, log_posteriors: NDArray[np.float32], phones: Tokens, end_frames: int) -> PhraseAlignment | None:
        """log_posteriors: float32 [num_frames, 40], contiguous; the path begins anywhere and ends in the last
        `end_frames`. None where the phones cannot fit.
        """
        done = lib.phrase_align_run(
            self._state,
            ffi.from_buffer("float[]", log_posteriors),
            len(log_posteriors),
            len(TOKENS),
            ffi.from_buffer("uint8_t[]", phones),
            len(phones),
            self._c_ratios,
            end_frames,
            self._c_frame,
            self._c_score,
            self._c_between,
        )
        if not done:
            return None
        return PhraseAlignment(self._frame[: len(phones)], self._score[: len(phones)], float(self._c_between[0]))
