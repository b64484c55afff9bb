"""Is someone near the microphone, hop by hop, while the agent's own loudspeaker sounds?

What is left of the echo is compared, band by band, with what is to be expected: a share of the echo that was taken
away, learned while nobody is near, or the noise of the room. What is above that adds up until it is sure. The
canceller's own expectation of all bands together (`EchoEvidence.near_db`) must agree, and counts too.
The bands are in `kernels/src/near_bands.c`.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib

Hop = NDArray[np.float32]  # [HOP_SAMPLES]
Frame = NDArray[np.float32]  # [NUM_MELS], natural log of power

BIAS = 0.4  # what chance brings
LEAST_NEAR_DB, MOST_NEAR_DB, EVIDENCE_PER_DB = 3.0, 30.0, 0.05  # of what the canceller says
MOST_WITHOUT = -0.2  # where the canceller says that it is echo
REMEMBERED_HOPS = 40
MOST_SCORE = 10.0
NEAR_SCORE = 1.0  # from here on someone may be near, and little is learned


class NearTalker:
    """`score`: 0 nobody; grows while someone is near. `is_heard`: the last hop says that someone is. `is_denied`: that
    nobody is, for echo and noise explain all of it.

    Thread: hop only. Never allocates after construction.
    """

    def __init__(self) -> None:
        self._bands = ffi.gc(lib.near_bands_create(), lib.near_bands_free)
        if self._bands == ffi.NULL:
            raise MemoryError
        self.forget()

    def reset(self) -> None:
        """As if nothing had been heard."""
        self.forget()
        lib.near_bands_reset(self._bands)

    def step(self, heard_mel: Frame, mic: Hop, heard: Hop, near_db: float | None) -> None:
        """One hop: the microphone, the same without the echo, and the log-mel frame of that; all contiguous.

        near_db: what the canceller says (`EchoEvidence`); None: there is none, for no echo comes back.
        """
        hops = ffi.from_buffer("float[]", mic), ffi.from_buffer("float[]", heard)
        above = lib.near_bands_hear(self._bands, *hops, ffi.from_buffer("float[]", heard_mel))
        self._add_up(above - BIAS, near_db)
        lib.near_bands_learn(self._bands, self.score > NEAR_SCORE)

    def forget(self) -> None:
        """What was heard so far was nobody, or nobody of interest."""
        self.score, self.is_heard, self.is_denied = 0.0, False, False
        self._quiet_hops = REMEMBERED_HOPS

    def settle(self) -> None:
        """Whoever spoke is silent now: what is still heard of them is the room."""
        lib.near_bands_settle(self._bands)
        self.forget()

    @property
    def was_heard(self) -> bool:
        """Someone is near, or was a moment ago."""
        return self._quiet_hops < REMEMBERED_HOPS

    def _add_up(self, evidence: float, near_db: float | None) -> None:
        is_echo = near_db is not None and near_db < LEAST_NEAR_DB
        if near_db is not None:
            more = EVIDENCE_PER_DB * min(near_db, MOST_NEAR_DB)
            evidence = min(evidence, MOST_WITHOUT) if is_echo else evidence + more
        self.score = min(max(0.0, self.score + evidence), MOST_SCORE)
        self.is_heard = evidence > 0.0 and self.score >= NEAR_SCORE
        self.is_denied = self.score == 0.0 and is_echo
        self._quiet_hops = 0 if self.is_heard else self._quiet_hops + 1
