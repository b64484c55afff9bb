"""How much of an answer to have before it begins to sound, learnt from how answers arrived; and its rate made ours.

A piece that comes late is a gap only when all before it has sounded. So for each of a few depths it is followed whether
an answer that began with so much sound in hand would have run dry, and the smallest depth that seldom did is used.
"""

from dataclasses import dataclass

import numpy as np
import soxr

from edge_agent.units import SAMPLE_RATE_HZ

DEPTHS_MS = (20, 40, 60, 80, 100, 120, 150, 180, 220, 260, 320, 400)
MAX_P_DRY = 0.03  # of answers
FORGET = 0.98  # per answer: what was seen fifty answers ago hardly counts
PRIOR_ANSWERS = 4.0  # what is believed of an unknown network weighs as much
PRIOR_SPREAD_MS = 35.0
_ALLOWANCE_MS = 10.0  # one hop of the player


@dataclass(slots=True)
class _Trial:
    """One depth, and how the present answer would have gone with it."""

    depth_ms: float
    p_dry: float
    began_s: float | None = None
    is_dry: bool = False


class DelaySpread:
    """Thread: the asyncio loop. `begin`, `arrived` ..., then `begin` again; memory is constant."""

    def __init__(self) -> None:
        self._num_answers = PRIOR_ANSWERS
        self._trials = [_Trial(depth, float(np.exp(-depth / PRIOR_SPREAD_MS))) for depth in DEPTHS_MS]
        self._received_ms = 0.0

    @property
    def depth_ms(self) -> float:
        """How much to have in hand before an answer begins, or goes on after a gap."""
        return next((trial.depth_ms for trial in self._trials if trial.p_dry <= MAX_P_DRY), float(DEPTHS_MS[-1]))

    def begin(self) -> None:
        """The next answer; what was learnt from the one before counts now."""
        if self._received_ms > 0.0:
            self._num_answers = FORGET * self._num_answers + 1.0
            for trial in self._trials:
                trial.p_dry += (trial.is_dry - trial.p_dry) / self._num_answers
        self._received_ms = 0.0
        for trial in self._trials:
            trial.began_s, trial.is_dry = None, False

    def arrived(self, now_s: float, duration_ms: float) -> None:
        """A piece of the present answer has come."""
        for trial in self._trials:
            if trial.began_s is not None:
                played_ms = 1000 * (now_s - trial.began_s)
                trial.is_dry |= played_ms > self._received_ms + _ALLOWANCE_MS
            elif self._received_ms + duration_ms >= trial.depth_ms:
                trial.began_s = now_s
        self._received_ms += duration_ms


class ToDeviceRate:
    """PCM16 from a provider's rate to the device's, piece by piece; one object for one answer."""

    def __init__(self, rate_hz: int) -> None:
        is_same = rate_hz == SAMPLE_RATE_HZ
        self._stream = None if is_same else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="int16", quality="LQ")

    def step(self, pcm16: bytes, *, is_last: bool = False) -> bytes:
        """The next piece; `is_last` also gives what the filter still holds."""
        if self._stream is None:
            return pcm16
        samples = np.frombuffer(pcm16[: len(pcm16) // 2 * 2], "<i2")
        out: bytes = self._stream.resample_chunk(samples, last=is_last).astype("<i2").tobytes()
        return out
