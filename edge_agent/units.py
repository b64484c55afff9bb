"""Hz, samples, hops, ms, dB: the only file that divides one by another.

Everything inside the agent runs at one rate and one hop; other rates are converted at the edges (`audio/`).
"""

import math

SAMPLE_RATE_HZ = 16_000
HOP_MS = 10
HOP_SAMPLES = SAMPLE_RATE_HZ * HOP_MS // 1000
STRIDE_HOPS = 4  # one listener step per 40 ms
STEP_MS = HOP_MS * STRIDE_HOPS
STEP_SAMPLES = HOP_SAMPLES * STRIDE_HOPS

WINDOW_SAMPLES = 400  # 25 ms of sound seen by one log-mel frame
FFT_SAMPLES = 512
NUM_MELS = 40


def ms_to_samples(duration_ms: float) -> int:
    """Whole samples nearest to a duration."""
    return round(duration_ms * SAMPLE_RATE_HZ / 1000)


def samples_to_ms(num_samples: int) -> float:
    """Duration of a number of samples."""
    return num_samples * 1000 / SAMPLE_RATE_HZ


def ms_to_hops(duration_ms: float) -> int:
    """Whole hops that cover a duration (rounded up)."""
    return math.ceil(duration_ms / HOP_MS)


def db_to_gain(level_db: float) -> float:
    """Amplitude ratio of a level in dB."""
    return float(10.0 ** (level_db / 20.0))


def gain_to_db(gain: float, floor_db: float = -120.0) -> float:
    """Level in dB of an amplitude ratio, never below `floor_db`."""
    return max(floor_db, 20.0 * math.log10(gain)) if gain > 0.0 else floor_db
