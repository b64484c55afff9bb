"""Noise for training: recorded classes whose licence allows it, and noise made from nothing, as mel powers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from edge_agent.dsp.reference_mel import mel_power
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from export.effects import TRAINING

SOUNDS = ("baby_cry", "dog_bark")  # the classes whose recordings may train what we ship
# "chainsaw", "rooster" and every fourth recording of the others are kept for evaluation.
TRAINING_NOISE = ("rain", "sea_waves", "helicopter", "fire_crackling", "clock_tick", "dog_bark", "baby_cry")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Noise:
    """Mel powers at unit mean power; `sound` is its place in SOUNDS, -1 for other noise."""

    power: Floats
    sound: int = -1


def kept_for_evaluation(index: int) -> bool:
    """Of the sorted recordings of a noise class."""
    return index % 4 == 3


def noise_bank(folder: Path, effects: Path | None, rng: np.random.Generator, minutes_each: float = 6.0) -> list[Noise]:
    """Recorded classes, the training's part of what `effects.py` wrote, and some minutes of each kind that is made."""
    bank = []
    for name in TRAINING_NOISE:
        paths = [path for index, path in enumerate(sorted((folder / name).iterdir())) if not kept_for_evaluation(index)]
        sound = SOUNDS.index(name) if name in SOUNDS else -1
        bank += [Noise(_recorded(path), sound) for path in paths]
    if effects is not None:
        bank += [Noise(_recorded(path)) for path in sorted((effects / TRAINING).iterdir())]
    num_made = int(minutes_each * 60 / 5.0)
    for make in (_coloured, _clatter, _tune, _cries, _rush, _engine):
        bank += [Noise(_unit(make(rng))) for _ in range(num_made)]
    return bank


def _recorded(path: Path) -> Floats:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    if rate_hz != SAMPLE_RATE_HZ:
        samples = scipy.signal.resample_poly(samples, SAMPLE_RATE_HZ, rate_hz).astype(np.float32)
    return _unit(samples)


def _unit(samples: Floats) -> Floats:
    power = mel_power(samples[: len(samples) // HOP_SAMPLES * HOP_SAMPLES])
    return (power / (power.mean() + 1e-9)).astype(np.float32)


def _coloured(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    spectrum = np.fft.rfft(rng.standard_normal(int(seconds * SAMPLE_RATE_HZ)))
    frequency = np.linspace(0.01, 1.0, len(spectrum))
    samples = np.fft.irfft(spectrum * frequency ** -rng.uniform(0.0, 1.3))
    swell = 1.0 + rng.uniform(0.0, 0.9) * np.sin(
        np.arange(len(samples)) * rng.uniform(0.5, 30.0) / SAMPLE_RATE_HZ * 6.3
    )
    return (samples / np.std(samples) * swell * 0.1).astype(np.float32)


def _clatter(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Dishes, doors and cutlery: bursts of decaying resonances over a little broadband noise."""
    samples = 0.01 * _coloured(rng, seconds)
    for _ in range(int(rng.integers(4, 40))):
        decay_s = np.exp(rng.uniform(np.log(0.005), np.log(0.25)))
        time_s = np.arange(int(min(4 * decay_s, 0.8) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        burst = rng.standard_normal(len(time_s)) * rng.uniform(0.0, 0.5)
        for _ in range(int(rng.integers(1, 6))):
            burst += np.sin(6.283 * np.exp(rng.uniform(np.log(150), np.log(7000))) * time_s + rng.uniform(0, 6.3))
        burst *= np.exp(-time_s / decay_s) * rng.uniform(0.05, 1.0)
        start = int(rng.integers(0, len(samples) - len(burst)))
        samples[start : start + len(burst)] += burst.astype(np.float32) * 0.2
    return samples


def _tune(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Chords of a few harmonics over a beat: enough like music to be no speech."""
    samples = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    beat = int(rng.uniform(0.15, 0.6) * SAMPLE_RATE_HZ)
    for start in range(0, len(samples) - beat, beat):
        time_s = np.arange(beat) / SAMPLE_RATE_HZ
        for _ in range(int(rng.integers(1, 5))):
            note_hz = 55.0 * 2.0 ** (int(rng.integers(0, 48)) / 12.0)
            partials = sum(np.sin(6.283 * note_hz * k * time_s) / k for k in range(1, 9) if note_hz * k < 7500)
            samples[start : start + beat] += (partials * np.exp(-time_s * rng.uniform(0.5, 8.0))).astype(np.float32)
        if rng.random() < 0.5:
            samples[start : start + beat] += rng.standard_normal(beat).astype(np.float32) * np.exp(-time_s * 40) * 2
    return samples * np.float32(0.05)


def _cries(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Alarms, animals, hinges and sirens: harmonics whose pitch and loudness move, with rests between."""
    samples = 0.02 * _coloured(rng, seconds)
    first = 0
    while first < len(samples) - 1600:
        time_s = np.arange(int(min(rng.uniform(0.08, 1.5) * SAMPLE_RATE_HZ, len(samples) - first))) / SAMPLE_RATE_HZ
        share = time_s / time_s[-1]
        pitch_hz = np.exp(rng.uniform(np.log(180), np.log(2500)) + rng.normal(0, 0.4) * share
                          + rng.uniform(0, 0.15) * np.sin(6.283 * rng.uniform(2, 30) * time_s))  # fmt: skip
        phase = 6.283 * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
        tilt = rng.uniform(0.3, 2.0)
        cry = sum(np.sin(k * phase) * k**-tilt * (pitch_hz * k < 7800) for k in range(1, 16))
        cry *= np.sin(np.pi * share) ** rng.uniform(0.2, 2.0)
        samples[first : first + len(cry)] += (cry * rng.uniform(0.1, 0.5)).astype(np.float32)
        first += len(cry) + int(rng.exponential(0.4) * SAMPLE_RATE_HZ)
    return samples


def _rush(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Water, frying, steam and cloth: a band of noise that flutters, with droplets."""
    low_hz = float(np.exp(rng.uniform(np.log(100), np.log(3000))))
    band = (low_hz, min(low_hz * float(rng.uniform(1.5, 12.0)), 7900.0))
    filters = scipy.signal.butter(2, band, "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    samples = scipy.signal.sosfilt(filters, rng.standard_normal(int(seconds * SAMPLE_RATE_HZ)))
    flutter = scipy.signal.resample(np.exp(rng.normal(0, rng.uniform(0.1, 1.0), int(seconds * 12))), len(samples))
    drops = np.where(
        rng.random(len(samples)) < rng.uniform(0, 40) / SAMPLE_RATE_HZ, rng.exponential(12, len(samples)), 1
    )
    return (samples / np.std(samples) * np.maximum(flutter, 0.0) * drops * 0.05).astype(np.float32)


def _engine(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Fans, blenders, saws and traffic: a rough buzz of many harmonics that now and then revs up, over noise."""
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    turns = np.exp(rng.uniform(np.log(20), np.log(250)) + rng.uniform(0, 0.5) * np.sin(time_s * rng.uniform(0.2, 6)))
    phase = 6.283 * np.cumsum(turns + rng.normal(0, 0.02, len(turns)) * turns) / SAMPLE_RATE_HZ
    weights = rng.exponential(1.0, 40) * np.arange(1, 41) ** -rng.uniform(0.0, 1.2)
    buzz = sum(weight * np.sin((k + 1) * phase) for k, weight in enumerate(weights))
    return (buzz / np.std(buzz) * 0.1 + _coloured(rng, seconds) * rng.uniform(0.1, 2.0)).astype(np.float32)
