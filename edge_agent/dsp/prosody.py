"""Level and pitch of a stream, hop by hop, computed by `kernels/src/prosody.c`.

Thread: one at a time (the hop thread).
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib


class Prosody:
    """How the last hop sounded. Delay: none for the level, some 20 ms for the pitch.

    level_db: above 100 Hz, full scale is 0, at least -100. pitch_hz: 60 to 400, 0 where there is none.
    periodicity: 0..1.
    """

    def __init__(self) -> None:
        self._state = ffi.gc(lib.prosody_create(), lib.prosody_free)
        if self._state == ffi.NULL:
            raise MemoryError
        self._frame = ffi.new("prosody_frame *")
        self.level_db = -100.0
        self.pitch_hz = 0.0
        self.periodicity = 0.0

    def step(self, hop: NDArray[np.float32]) -> None:
        """hop: float32 [HOP_SAMPLES] in [-1, 1), contiguous. Hop thread, takes no memory that lasts."""
        lib.prosody_push(self._state, ffi.from_buffer("float[]", hop), self._frame)
        self.level_db = self._frame.level_db
        self.pitch_hz = self._frame.pitch_hz
        self.periodicity = self._frame.periodicity

    def reset(self) -> None:
        """As if nothing had been heard."""
        lib.prosody_reset(self._state)
        self.level_db, self.pitch_hz, self.periodicity = -100.0, 0.0, 0.0
