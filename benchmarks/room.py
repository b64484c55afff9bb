"""A room in which people's recordings are spoken one after the other, for the benchmarks that are paced."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.decode import decode
from edge_agent.units import HOP_SAMPLES, ms_to_samples


def demo_clips(*names: str) -> tuple[Path, ...]:
    """Recordings of the demo."""
    return tuple(Path(__file__).resolve().parents[1] / "demo" / "clips" / f"{name}.flac" for name in names)


COMMANDS = demo_clips("set_a_timer_for_five_minutes", "turn_on_standing_light", "what_time_is_it")
QUESTIONS = demo_clips("whats_the_weather_like_in_new_york")
GAP_MS = 5_000
NOISE_MS = 300  # of a recording, where it is quietest
STRETCH_HOPS = 5
SPOKEN_OVER_NOISE = 2.5  # of the level of a recording's quiet fifth: where speech ends

Samples = NDArray[np.float32]


def orders(folder: Path, limit: int) -> tuple[Path, ...]:
    """At most so many recordings of a folder of labelled orders, taken evenly from all of it."""
    paths = sorted((folder / "audio").iterdir())
    return tuple(paths[:: -(-len(paths) // limit)])


def room(paths: Sequence[Path]) -> tuple[Samples, list[int]]:
    """Recordings with their own noise between them, in whole hops; and the last sample spoken of each.

    No room is silent between two recordings: noise that begins with a talker and stops with him is part of him, and the
    agent would rightly wait for its end. What is returned may be repeated without a seam.
    """
    clips = [decode(path).samples for path in paths]
    noises = [_quietest(clip) for clip in clips]
    pieces: list[Samples] = []
    ends, length = [], 0
    for clip, noise, next_noise in zip(clips, noises, noises[1:] + noises[:1], strict=True):
        ends.append(length + last_spoken_sample(clip))
        gap = _from_noise_to_noise(noise, next_noise, ms_to_samples(GAP_MS) - len(clip) % HOP_SAMPLES)
        pieces += [clip, gap]
        length += len(clip) + len(gap)
    return np.concatenate(pieces), ends


def last_spoken_sample(clip: Samples) -> int:
    """End of the last 10 ms that are well above the recording's own noise; no model is asked.

    A click is not speech: more than half of the 50 ms around must be as loud.
    """
    level = np.sqrt(_power(clip))
    floor = max(float(np.quantile(level, 0.2)), 0.01 * float(level.max()))
    is_loud = level > SPOKEN_OVER_NOISE * floor
    is_speech = np.convolve(is_loud, np.ones(STRETCH_HOPS), "same") > STRETCH_HOPS / 2
    return (int(np.flatnonzero(is_loud & is_speech)[-1]) + 1) * HOP_SAMPLES


def _power(clip: Samples) -> NDArray[np.float64]:
    """Of each hop."""
    hops = clip[: len(clip) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
    return np.asarray(np.mean(np.square(hops, dtype=np.float64), axis=1))


def _quietest(clip: Samples) -> Samples:
    noise_samples = ms_to_samples(NOISE_MS)
    sums = np.convolve(_power(clip), np.ones(noise_samples // HOP_SAMPLES), "valid")
    first = int(sums.argmin()) * HOP_SAMPLES
    return clip[first : first + noise_samples]


def _from_noise_to_noise(before: Samples, after: Samples, num_samples: int) -> Samples:
    """Each forth and back again, which has no seam; one fades into the other."""
    share = np.linspace(0.0, np.pi / 2, num_samples, dtype=np.float32)
    gap: Samples = np.cos(share) * np.resize(np.concatenate([before, before[::-1]]), num_samples)
    gap += np.sin(share) * np.resize(np.concatenate([after, after[::-1]]), num_samples)
    return gap.astype(np.float32)
