"""What every source and sink of sound can do.

Sound is float32 mono in [-1, 1) at `SAMPLE_RATE_HZ`; one call moves one hop. Thread: hop only, except construction.
"""

from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Hop = NDArray[np.float32]  # [HOP_SAMPLES]
State = Literal["ok", "lost"]


class Xruns(NamedTuple):
    """Losses of sound since they were last taken."""

    capture_overruns: int = 0
    playback_underruns: int = 0
    device_losses: int = 0


NO_XRUNS = Xruns()


class Duplex(Protocol):
    """A microphone and a loudspeaker that share one clock."""

    @property
    def state(self) -> State:
        """ "lost": the device is gone and is being looked for; hops are silence meanwhile."""

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """Fill the next hop of the microphone and of what the loudspeaker played in that very time.

        Waits for it when the sound is live. False = the sound has ended (never for a device).
        """

    def write_hop(self, out: Hop) -> None:
        """Queue the next hop for the loudspeaker; the samples are copied."""

    def take_xruns(self) -> Xruns:
        """Losses since the last call."""

    def close(self) -> None:
        """Give the device back; may be called more than once."""
