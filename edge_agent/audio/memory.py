"""Sound from an array, as fast as it is asked for; what both sides said is kept."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.base import NO_XRUNS, Hop, State, Xruns
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ


class MemoryDuplex:
    """A conversation in virtual time: the samples, then silence for `tail_s` so that a reply can finish.

    A hop that is written is played in the next hop that is read. Thread: one.
    """

    def __init__(self, samples: NDArray[np.float32], tail_s: float = 0.0) -> None:
        """samples: float32 [n] at SAMPLE_RATE_HZ; the last hop is filled up with silence."""
        self.num_samples = len(samples)
        num_sound_hops = -(-self.num_samples // HOP_SAMPLES)
        self._num_hops = num_sound_hops + round(tail_s * SAMPLE_RATE_HZ / HOP_SAMPLES)
        self._hops = np.zeros((self._num_hops, HOP_SAMPLES, 2), dtype=np.float32)
        self._hops.reshape(-1, 2)[: self.num_samples, 0] = samples
        self._next_out = np.zeros(HOP_SAMPLES, dtype=np.float32)
        self._num_read = 0

    @property
    def state(self) -> State:
        return "ok"

    @property
    def in_tail(self) -> bool:
        """The samples are over and what is read now is the silence after them."""
        return self._num_read * HOP_SAMPLES >= self.num_samples

    @property
    def conversation(self) -> NDArray[np.float32]:
        """float32 [samples read so far, 2]: microphone, loudspeaker."""
        return self._hops[: self._num_read].reshape(-1, 2)

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`. False after the tail."""
        if self._num_read == self._num_hops:
            return False
        hop = self._hops[self._num_read]
        hop[:, 1] = self._next_out
        self._next_out.fill(0.0)
        np.copyto(mic, hop[:, 0])
        np.copyto(played, hop[:, 1])
        self._num_read += 1
        return True

    def write_hop(self, out: Hop) -> None:
        """See `Duplex`. Played with the next hop; nothing written means silence."""
        np.copyto(self._next_out, out)

    def take_xruns(self) -> Xruns:
        """Nothing is ever lost here."""
        return NO_XRUNS

    def close(self) -> None:
        """Nothing to give back."""
