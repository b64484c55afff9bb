"""What every voice can do, and how a text-to-speech program is called."""

import io
import shutil
import subprocess
from typing import Protocol

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge_agent.units import SAMPLE_RATE_HZ, db_to_gain, ms_to_samples

PROGRAM_TIMEOUT_S = 8.0
MAX_TEXT_CHARACTERS = 600  # a reply, not a book; also keeps command lines short
LOUDNESS_RMS = db_to_gain(-19.0)  # of the voiced part; every voice and clip is brought to it
PEAK = db_to_gain(-1.5)
_EDGE_RAMP_SAMPLES = ms_to_samples(4)
_SILENCE = db_to_gain(-38.0)  # below the peak
_BLOCK_SAMPLES = ms_to_samples(10)

Samples = NDArray[np.float32]


class Engine(Protocol):
    """One way of turning text into sound. Thread: any but the hop (a program may take its time)."""

    name: str

    @property
    def is_available(self) -> bool:
        """False when what it needs is not installed."""

    def speak(self, text: str) -> Samples | None:
        """Sound of a text, float32 mono at 16 kHz, ready to be played; None if it cannot say it."""


def find_program(*names: str) -> str | None:
    """Path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name))), None)


def call_program(arguments: list[str], text: str) -> bytes | None:
    """Standard output of a program that reads `text` from its standard input; None when it fails or takes too long."""
    try:
        done = subprocess.run(
            arguments, input=text.encode(), capture_output=True, check=True, timeout=PROGRAM_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def read_wav(sound: bytes) -> Samples | None:
    """A program's WAV as 16 kHz mono at the common loudness; None when there is no sound in it."""
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(sound), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, TypeError, ValueError):
        return None
    if not len(samples) or not np.isfinite(samples).all():
        return None
    return finish(soxr.resample(samples.mean(axis=1), rate_hz, SAMPLE_RATE_HZ))


def finish(samples: NDArray[np.floating]) -> Samples | None:
    """Trimmed, at the common loudness, with soft edges; None for silence."""
    trimmed = trim(samples)
    return soften(level(trimmed)) if len(trimmed) else None


def trim(samples: NDArray[np.floating], keep_samples: int = _BLOCK_SAMPLES) -> NDArray[np.floating]:
    """Without the silence at both ends, but for `keep_samples`."""
    loud = np.flatnonzero(np.abs(samples) > max(1e-6, _SILENCE * float(np.abs(samples).max(initial=0.0))))
    if not len(loud):
        return samples[:0]
    return samples[max(0, int(loud[0]) - keep_samples) : int(loud[-1]) + 1 + keep_samples]


def level(samples: NDArray[np.floating]) -> Samples:
    """At the common loudness: the RMS of its louder blocks, without overshooting the peak."""
    num_blocks = max(1, len(samples) // _BLOCK_SAMPLES)
    blocks = np.resize(samples, num_blocks * _BLOCK_SAMPLES).reshape(num_blocks, -1)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    rms = float(np.sqrt(power[power >= 0.1 * power.max()].mean()))
    gain = min(LOUDNESS_RMS / max(rms, 1e-9), PEAK / max(1e-9, float(np.abs(samples).max())))
    return (samples * gain).astype(np.float32)


def soften(samples: Samples) -> Samples:
    """Ramped edges, so that it begins and ends without a click. Changes a copy."""
    samples = samples.copy()
    num_ramp = min(_EDGE_RAMP_SAMPLES, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, num_ramp, endpoint=False, dtype=np.float32)
    samples[:num_ramp] *= ramp
    samples[len(samples) - num_ramp :] *= ramp[::-1]
    return samples
