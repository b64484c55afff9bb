"""Rooms, microphones and faults for sound, before features: what cannot be done in the mel domain."""

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from edge_agent.units import SAMPLE_RATE_HZ, db_to_gain

Samples = NDArray[np.float32]


def draw_room(rng: np.random.Generator) -> Samples:
    """Impulse response: direct sound, a few early reflections, and a decaying diffuse tail that darkens with time."""
    rt60_s = float(np.exp(rng.uniform(np.log(0.08), np.log(0.8))))
    length = int(min(rt60_s * 1.2, 0.9) * SAMPLE_RATE_HZ)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(length) * 10.0 ** (-3.0 * time_s / rt60_s)
    dark = scipy.signal.lfilter([0.5], [1.0, -0.5], tail)
    blend = np.minimum(1.0, time_s / rt60_s)
    tail = tail * (1.0 - blend) + dark * blend
    start = int(rng.uniform(0.002, 0.015) * SAMPLE_RATE_HZ)
    tail[:start] = 0.0
    tail /= np.sqrt(np.sum(tail**2)) + 1e-9
    response = tail * db_to_gain(-float(rng.uniform(-3.0, 15.0)))  # direct-to-reverberant ratio
    response[0] = 1.0
    for _ in range(int(rng.integers(2, 8))):
        response[int(rng.uniform(0.001, 0.03) * SAMPLE_RATE_HZ) % length] += rng.uniform(-0.5, 0.5)
    return response.astype(np.float32)


def in_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """The sound as a microphone in a random room hears it, same length and similar level."""
    wet = scipy.signal.fftconvolve(samples, draw_room(rng))[: len(samples)]
    return (wet * (np.std(samples) / (np.std(wet) + 1e-9))).astype(np.float32)


def faulty(samples: Samples, rng: np.random.Generator) -> Samples:
    """Now and then a clipped, band-limited or coarsely quantised microphone."""
    kind = rng.random()
    if kind < 0.08:
        limit = np.max(np.abs(samples)) * rng.uniform(0.25, 0.8)
        return np.clip(samples, -limit, limit).astype(np.float32)
    if kind < 0.16:
        high_hz = rng.uniform(3200.0, 6500.0)
        section = scipy.signal.butter(4, [rng.uniform(60.0, 300.0), high_hz], "band", fs=SAMPLE_RATE_HZ, output="sos")
        return scipy.signal.sosfilt(section, samples).astype(np.float32)
    if kind < 0.2:
        peak = np.max(np.abs(samples)) + 1e-9
        compressed = np.sign(samples) * np.log1p(255.0 * np.abs(samples) / peak) / np.log(256.0)
        coarse = np.round(compressed * 127.0) / 127.0
        return (np.sign(coarse) * np.expm1(np.abs(coarse) * np.log(256.0)) / 255.0 * peak).astype(np.float32)
    return samples
