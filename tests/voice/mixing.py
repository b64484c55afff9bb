"""Sounds for the mixer, and what it makes of them."""

import numpy as np

from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from edge_agent.voice.mixer import Mixer

Samples = np.ndarray[tuple[int], np.dtype[np.float32]]


def tone(num_samples: int, level: float = 0.5) -> Samples:
    return np.full(num_samples, level, np.float32)


def sine(num_samples: int, level: float = 0.5, pitch_hz: float = 200.0) -> Samples:
    return (level * np.sin(2 * np.pi * pitch_hz * np.arange(num_samples) / SAMPLE_RATE_HZ)).astype(np.float32)


def render(mixer: Mixer, num_hops: int) -> Samples:
    out = np.zeros((num_hops, HOP_SAMPLES), np.float32)
    for hop in out:
        mixer.render(hop)
    return out.reshape(-1)
