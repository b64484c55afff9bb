"""An answer that arrives piece by piece from elsewhere: begins soon, slows until enough is in hand, hides gaps.

How much is enough comes with each piece (`link/jitter.py`). Waiting long for it would be heard as a slow answer, so
it begins after PATIENCE_MS with what is there, and is stretched (`stretch.py`) while it has less. A gap begins with
the last hop again and again, fading to silence in 40 ms; sound comes back with a soft edge.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from edge_agent.voice.stretch import MAX_LAG, Stretch

CAPACITY_S = 4
ROOM_SAMPLES = SAMPLE_RATE_HZ  # of free space, before more is taken in
NUM_SLOTS = 8  # hops handed out that may still be queued for the loudspeaker
CONCEAL_HOPS = 4
PATIENCE_MS = 90  # from the first piece on; then LEAST_MS are enough to begin
LEAST_MS = 60.0
_SCALE = np.float32(1.0 / 32_768.0)
_EDGE_SAMPLES = ms_to_samples(5)


class AnswerStream:
    """The sound of one answer at a time. Thread: hop only; `next_hop` never allocates.

    num_gaps: how often it ran dry since `begin`; concealed_hops: hops of made-up sound since then.
    """

    def __init__(self) -> None:
        self._sound = np.zeros(CAPACITY_S * SAMPLE_RATE_HZ, np.float32)
        self._slots = np.zeros((NUM_SLOTS, HOP_SAMPLES), np.float32)
        self._fades = np.linspace(1.0, 0.0, CONCEAL_HOPS * HOP_SAMPLES, dtype=np.float32).reshape(CONCEAL_HOPS, -1)
        self._rise = np.linspace(0.0, 1.0, _EDGE_SAMPLES, dtype=np.float32)
        self._stretch = Stretch()
        self._slot = 0
        self.begin()

    def begin(self) -> None:
        """A new answer: what is left of the one before is forgotten, within this call."""
        self._written = self._read = 0
        self._depth_samples = 0
        self._stretch.reset()
        self._is_filling = True  # until enough is there
        self._waited_hops = 0  # since something is
        self._dry_hops = 0
        self.is_whole = False
        self.num_gaps = 0
        self.concealed_hops = 0

    @property
    def waiting_samples(self) -> int:
        """What is here and was not handed out."""
        return self._written - self._read

    @property
    def has_room(self) -> bool:
        """A piece of up to a second can be taken in."""
        return len(self._sound) - self.waiting_samples >= ROOM_SAMPLES

    @property
    def handed_ms(self) -> float:
        """How much of the answer itself was handed out, without what was made up."""
        return samples_to_ms(self._read)

    @property
    def is_ready(self) -> bool:
        """`next_hop` will give sound of the answer: enough is there, or all of it."""
        waiting = self.waiting_samples
        if waiting <= 0:
            return False
        return self.is_whole or waiting >= (self._enough_samples if self._is_filling else HOP_SAMPLES)

    @property
    def _enough_samples(self) -> int:
        is_patient = self._waited_hops * HOP_MS < PATIENCE_MS
        return max(
            HOP_SAMPLES, self._depth_samples if is_patient else min(self._depth_samples, ms_to_samples(LEAST_MS))
        )

    @property
    def is_over(self) -> bool:
        """All of it was handed out."""
        return self.is_whole and self.waiting_samples == 0

    @property
    def has_faded(self) -> bool:
        """It ran dry so long ago that `next_hop` gives silence only."""
        return self._dry_hops >= CONCEAL_HOPS

    def push(self, pcm16: bytes, depth_ms: float) -> None:
        """Take a piece in (PCM16 at 16 kHz, up to a second; what finds no room is dropped)."""
        samples = np.frombuffer(pcm16, "<i2")[: len(self._sound) - self.waiting_samples]
        begin = self._written % len(self._sound)
        num_first = min(len(samples), len(self._sound) - begin)
        np.multiply(samples[:num_first], _SCALE, out=self._sound[begin : begin + num_first])
        np.multiply(samples[num_first:], _SCALE, out=self._sound[: len(samples) - num_first])
        self._written += len(samples)
        self._depth_samples = ms_to_samples(depth_ms)

    def wait(self) -> None:
        """Once per hop, whether or not a hop of it is taken."""
        self._waited_hops = self._waited_hops + 1 if self._is_filling and self.waiting_samples else 0

    def finish(self) -> None:
        """Nothing follows."""
        self.is_whole = True

    def next_hop(self) -> NDArray[np.float32]:
        """The next 10 ms, float32 [160]; valid until `NUM_SLOTS` further calls."""
        self._slot = (self._slot + 1) % NUM_SLOTS
        out: NDArray[np.float32] = self._slots[self._slot]
        if self.is_ready:
            self._copy(out)
        else:
            self._conceal(out)
        return out

    def _copy(self, out: NDArray[np.float32]) -> None:
        wanted = 0 if self.is_whole else self._depth_samples
        self._stretch.owe(self.waiting_samples, wanted)
        if self._stretch.is_due and self._read >= MAX_LAG and self.waiting_samples >= HOP_SAMPLES:
            self._read_into(self._stretch.context, self._read - MAX_LAG)
            self._read += HOP_SAMPLES - self._stretch.repeat(out)
        else:
            self._copy_plain(out)
        if self._is_filling or self._dry_hops:
            np.multiply(out[:_EDGE_SAMPLES], self._rise, out=out[:_EDGE_SAMPLES])
        self._is_filling = False
        self._dry_hops = 0

    def _copy_plain(self, out: NDArray[np.float32]) -> None:
        count = min(HOP_SAMPLES, self.waiting_samples)
        self._read_into(out[:count], self._read)
        out[count:] = 0.0
        self._read += count

    def _read_into(self, out: NDArray[np.float32], place: int) -> None:
        begin = place % len(self._sound)
        num_first = min(len(out), len(self._sound) - begin)
        out[:num_first] = self._sound[begin : begin + num_first]
        out[num_first:] = self._sound[: len(out) - num_first]

    def _conceal(self, out: NDArray[np.float32]) -> None:
        if not self._is_filling:
            self._is_filling = True
            self.num_gaps += 1
        if self._dry_hops < CONCEAL_HOPS:
            # turned round, so that the end of the last hop meets its like
            last = self._slots[(self._slot - 1 - self._dry_hops) % NUM_SLOTS]
            source = last[::-1] if self._dry_hops % 2 == 0 else last
            np.multiply(source, self._fades[self._dry_hops], out=out)
            self._dry_hops += 1
        else:
            out.fill(0.0)
        self.concealed_hops += 1
