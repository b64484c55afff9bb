"""A room in which people's recordings are spoken one after the other, for the benchmarks that are paced."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.decode import decode
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples

CLIPS = Path(__file__).resolve().parents[1] / "demo" / "clips"
COMMANDS = ("set_a_timer_for_five_minutes", "turn_on_standing_light", "what_time_is_it")
GAP_S = 5.0
ROOM_RMS = 0.0003  # a quiet room is not digital silence
SPOKEN_OVER_NOISE = 2.5  # of the level of a recording's quiet fifth: where speech ends

Samples = NDArray[np.float32]


def room(names: tuple[str, ...]) -> tuple[Samples, list[int]]:
    """Recordings of the demo with room noise between, in whole hops; and the last sample spoken of each."""
    pieces: list[Samples] = []
    ends, length = [], 0
    for clip in (decode(CLIPS / f"{name}.flac").samples for name in names):
        ends.append(length + last_spoken_sample(clip))
        gap = np.zeros(ms_to_samples(1000 * GAP_S) - len(clip) % HOP_SAMPLES, np.float32)
        pieces += [clip, gap]
        length += len(clip) + len(gap)
    sound = np.concatenate(pieces)
    sound = sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES]
    # a chirp that wraps around sounds like noise, and needs no generator in a process whose memory is measured
    for first in range(0, len(sound), SAMPLE_RATE_HZ):
        place = np.arange(first, min(first + SAMPLE_RATE_HZ, len(sound)), dtype=np.float64)
        sound[first : first + SAMPLE_RATE_HZ] += 1.4 * ROOM_RMS * np.sin(0.61 * place**2)
    return sound, ends


def last_spoken_sample(clip: Samples) -> int:
    """End of the last 10 ms that are well above the recording's own noise; no model is asked."""
    blocks = clip[: len(clip) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
    level = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    floor = max(float(np.quantile(level, 0.2)), 0.01 * float(level.max()))
    return (int(np.flatnonzero(level > SPOKEN_OVER_NOISE * floor)[-1]) + 1) * HOP_SAMPLES
