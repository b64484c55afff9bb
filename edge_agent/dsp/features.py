"""Log-mel frames of a stream, computed by `kernels/src/log_mel.c`. `reference_mel.py` says what they are.

Thread: one at a time (the hop thread).
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib
from edge_agent.units import HOP_SAMPLES, NUM_MELS


class LogMel:
    """Streaming log-mel: one frame per hop, delay 0 samples beyond the hop itself."""

    def __init__(self) -> None:
        self._state = ffi.gc(lib.log_mel_create(), lib.log_mel_free)
        if self._state == ffi.NULL:
            raise MemoryError

    def step(self, hop: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """hop: float32 [HOP_SAMPLES] in [-1, 1); out: float32 [NUM_MELS], contiguous. Hop thread, never allocates."""
        lib.log_mel_push(self._state, ffi.from_buffer("float[]", hop), HOP_SAMPLES, ffi.from_buffer("float[]", out), 1)

    def frames(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames completed by any number of samples, float32 [num_frames, NUM_MELS]. Allocates: not for the hop."""
        contiguous = np.ascontiguousarray(samples, np.float32)
        out = np.empty((len(contiguous) // HOP_SAMPLES + 1, NUM_MELS), np.float32)
        num_frames = lib.log_mel_push(
            self._state,
            ffi.from_buffer("float[]", contiguous),
            len(contiguous),
            ffi.from_buffer("float[]", out),
            len(out),
        )
        return out[:num_frames]

    def reset(self) -> None:
        """As if no sample had been heard."""
        lib.log_mel_reset(self._state)
