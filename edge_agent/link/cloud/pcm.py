"""Sound as providers want it: PCM16 in base64, at their rate."""

import base64

import numpy as np
import soxr

from edge_agent.link.cloud.base import INPUT_RATE_HZ
from edge_agent.units import ms_to_samples

BYTES_PER_SAMPLE = 2
MAX_GAP_SAMPLES = ms_to_samples(1_000)  # a longer silence says no more than this


def encoded(pcm16: bytes) -> str:
    """For a JSON message."""
    return base64.b64encode(pcm16).decode("ascii")


def silence(duration_ms: float) -> bytes:
    """PCM16 zeros at the input rate."""
    return bytes(ms_to_samples(duration_ms) * BYTES_PER_SAMPLE)


def duration_ms(num_bytes: int, rate_hz: int) -> float:
    """How long so many bytes of PCM16 last."""
    return 1000 * num_bytes / (BYTES_PER_SAMPLE * rate_hz)


class GapFiller:
    """Silence for what was not sent, so that a detector at the other end hears the talker stop."""

    def __init__(self) -> None:
        self._next_sample: int | None = None

    def reset(self) -> None:
        """Forget what was sent: what comes next begins anew."""
        self._next_sample = None

    def filled(self, pcm16: bytes, at_sample: int) -> bytes:
        """`pcm16` with the silence since the last piece before it."""
        gap = 0 if self._next_sample is None else at_sample - self._next_sample
        self._next_sample = at_sample + len(pcm16) // BYTES_PER_SAMPLE
        return bytes(min(max(0, gap), MAX_GAP_SAMPLES) * BYTES_PER_SAMPLE) + pcm16


class Upsampler:
    """From the microphone's rate to a provider's, piece by piece, turn by turn."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.reset()

    def reset(self) -> None:
        """Begin a new turn."""
        self._stream = soxr.ResampleStream(INPUT_RATE_HZ, self._rate_hz, 1, dtype="int16", quality="LQ")

    def step(self, pcm16: bytes, *, is_last: bool = False) -> bytes:
        """The next piece; with `is_last`, also what the filter still holds, and then anew."""
        samples = np.frombuffer(pcm16, dtype="<i2")
        out: bytes = self._stream.resample_chunk(samples, last=is_last).astype("<i2").tobytes()
        if is_last:
            self.reset()
        return out
