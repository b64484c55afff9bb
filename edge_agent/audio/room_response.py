"""How a loudspeaker sounds at a microphone of the same room: responses by the image method (Allen and Berkley 1979)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import SAMPLE_RATE_HZ

SOUND_M_PER_S = 343.0
NUM_SIDE_TAPS = 8  # of the interpolation between samples, on each side
LOWEST_HZ = 120.0  # that a small loudspeaker gives; the method itself is wrong below the first modes of a room
JITTER_M = 0.03  # walls that are not quite plain: without it the images of a bare box line up and ring

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Shoebox:
    """A room with walls alike, metres from one corner; a device on a table by default."""

    size_m: Point = (4.5, 3.8, 2.6)
    loudspeaker_m: Point = (1.5, 1.2, 0.8)
    microphone_m: Point = (1.62, 1.2, 0.85)
    reverberation_s: float = 0.35  # until it has fallen by 60 dB
    seed: int = 0


def room_response(room: Shoebox, length_ms: float = 300.0) -> NDArray[np.float32]:
    """float32 [length_ms at SAMPLE_RATE_HZ]: causal, of energy 1, so that a gain after it is a level in dB."""
    num_samples = round(length_ms * SAMPLE_RATE_HZ / 1000)
    positions_m, num_reflections = _images(room, num_samples / SAMPLE_RATE_HZ * SOUND_M_PER_S)
    distances_m = np.linalg.norm(positions_m - np.asarray(room.microphone_m), axis=1)
    gains = _wall_gain(room) ** num_reflections / np.maximum(distances_m, 0.02)
    response = _without_lows(_place(distances_m / SOUND_M_PER_S * SAMPLE_RATE_HZ, gains, num_samples))
    return np.asarray(response / np.sqrt(np.sum(response**2)), np.float32)


def _wall_gain(room: Shoebox) -> float:
    """Amplitude that a wall gives back, by Eyring's formula."""
    x, y, z = room.size_m
    surface_m2 = 2.0 * (x * y + y * z + z * x)
    return float(np.exp(-0.161 * x * y * z / (2.0 * surface_m2 * room.reverberation_s)))


def _images(room: Shoebox, reach_m: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mirror images of the loudspeaker within reach: places [n, 3] and how many walls each was mirrored in [n]."""
    places, walls = [], []
    for size_m, place_m in zip(room.size_m, room.loudspeaker_m, strict=True):
        order = int(np.ceil(reach_m / (2.0 * size_m))) + 1
        box = np.arange(-order, order + 1)
        places.append(np.concatenate([2.0 * box * size_m + place_m, 2.0 * box * size_m - place_m]))
        walls.append(np.concatenate([np.abs(2 * box), np.abs(2 * box - 1)]))
    positions_m = np.stack([axis.ravel() for axis in np.meshgrid(*places, indexing="ij")], axis=1)
    num_reflections = sum(axis.ravel() for axis in np.meshgrid(*walls, indexing="ij"))
    is_near = np.linalg.norm(positions_m - np.asarray(room.microphone_m), axis=1) < reach_m
    positions_m, num_reflections = positions_m[is_near], np.asarray(num_reflections)[is_near]
    jitter_m = np.random.default_rng(room.seed).normal(0.0, JITTER_M, positions_m.shape)
    return positions_m + jitter_m * (num_reflections > 0)[:, None], num_reflections


def _place(delays_samples: NDArray[np.float64], gains: NDArray[np.float64], num_samples: int) -> NDArray[np.float64]:
    """Add pulses at delays between samples."""
    response = np.zeros(num_samples)
    first = np.floor(delays_samples).astype(np.int64)
    for tap in range(1 - NUM_SIDE_TAPS, NUM_SIDE_TAPS + 1):
        at = first + tap
        is_inside = (at >= 0) & (at < num_samples)
        away = (at - delays_samples)[is_inside]
        window = 0.5 + 0.5 * np.cos(np.pi * away / (NUM_SIDE_TAPS + 1))
        pulse = gains[is_inside] * np.sinc(away) * window
        response += np.bincount(at[is_inside], pulse, minlength=num_samples)
    return response


def _without_lows(response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Second-order Butterworth high-pass at LOWEST_HZ."""
    num_samples = 2 * len(response)  # room for its own ringing
    s = 1j * np.fft.rfftfreq(num_samples, 1.0 / SAMPLE_RATE_HZ) / LOWEST_HZ
    gain = s**2 / (s**2 + np.sqrt(2.0) * s + 1.0)
    return np.fft.irfft(np.fft.rfft(response, num_samples) * gain)[: len(response)]
