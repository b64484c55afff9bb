"""Where the phones of something known lie in what was heard, by `kernels/src/phone_align.c`.

Thread: one at a time per aligner (the hop thread). Nothing but construction takes memory.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib
from edge_agent.models.phones import TOKENS

Tokens = NDArray[np.uint8]


@dataclass(frozen=True)
class Alignment:
    """Phones of a path, in frames of 20 ms. The arrays are the aligner's own and change with its next use.

    first_frame: int32 [num_phones]; score: float32 [num_phones], mean natural log against the best token of its frames;
    between: sum of the same over the blanks between phones, that is, what the path leaves out.
    """

    first_frame: NDArray[np.int32]
    score: NDArray[np.float32]
    between: float


class Aligner:
    """Memory for alignments of a certain length."""

    def __init__(self, max_frames: int, max_phones: int) -> None:
        self._state = ffi.gc(lib.phone_align_create(max_frames, max_phones), lib.phone_align_free)
        if self._state == ffi.NULL:
            raise MemoryError
        self._frame = np.zeros(max_phones, np.int32)
        self._score = np.zeros(max_phones, np.float32)
        self._c_frame, self._c_score = (
            ffi.from_buffer("int32_t[]", self._frame),
            ffi.from_buffer("float[]", self._score),
        )
        self._c_between = ffi.new("float *")

    def align(
        self, log_posteriors: NDArray[np.float32], phones: Tokens, blank_cost: float, floor: float
    ) -> Alignment | None:
        """log_posteriors: float32 [num_frames, 40], contiguous; phones: tokens. None where they cannot fit."""
        done = lib.phone_align_run(
            self._state,
            ffi.from_buffer("float[]", log_posteriors),
            len(log_posteriors),
            len(TOKENS),
            ffi.from_buffer("uint8_t[]", phones),
            len(phones),
            blank_cost,
            floor,
            self._c_frame,
            self._c_score,
            self._c_between,
        )
        if not done:
            return None
        return Alignment(self._frame[: len(phones)], self._score[: len(phones)], float(self._c_between[0]))
