"""Sounds of the clip bank that no text-to-speech program makes: alarm, chime, and hummed "mm-hm" and "hmm"."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples
from edge_agent.voice.base import level

Sound = NDArray[np.float64]


def alarm() -> Sound:
    """Three rising double beeps, 1.15 s; who rings it again leaves a pause."""
    sound = np.zeros(ms_to_samples(1150))
    for beep, (at_ms, pitch_hz) in enumerate([(0, 880), (140, 1175), (400, 880), (540, 1175), (800, 880), (940, 1175)]):
        _place(sound, at_ms, _bell(pitch_hz, 130 if beep % 2 else 120, 0.35))
    return sound


def chime() -> Sound:
    """A short rising acknowledgement, 0.2 s."""
    sound = np.zeros(ms_to_samples(200))
    _place(sound, 0, _bell(660, 90, 0.12))
    _place(sound, 70, _bell(990, 120, 0.12))
    return sound


def _place(sound: Sound, at_ms: float, part: Sound) -> None:
    first = ms_to_samples(at_ms)
    sound[first : first + len(part)] += part[: len(sound) - first]


def _bell(pitch_hz: float, length_ms: float, peak: float) -> Sound:
    time_s = np.arange(ms_to_samples(length_ms)) / SAMPLE_RATE_HZ
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k**2 for k in (1, 2, 3))
    attack = np.minimum(1.0, time_s / 0.006)
    release = np.minimum(1.0, (time_s[-1] - time_s) / 0.03)
    return np.asarray(peak * tone * attack * release)


def mm_hm(say: Callable[[str], Any], variant: int) -> Sound:
    """Two hummed syllables, the second higher, made of the voice's own m."""
    hum = _hum(say)
    low, high, first_ms, second_ms = ((1.0, 1.16, 150, 210), (0.94, 1.2, 130, 240))[variant]
    first = _sing(hum, np.linspace(low * 1.03, low * 0.97, ms_to_samples(first_ms)))
    second = _sing(hum, np.linspace(high * 0.95, high * 1.03, ms_to_samples(second_ms)))
    sound = np.concatenate([_hump(first), _breath(45) * np.abs(hum).max(), _hump(second)])
    return level(sound).astype(np.float64)


def hmm(say: Callable[[str], Any]) -> Sound:
    """One hummed syllable that falls, as someone does who thinks; flite would spell it."""
    hum = _hum(say)
    sung = _sing(hum, np.linspace(1.06, 0.86, ms_to_samples(420)))
    sound = np.concatenate([_breath(40) * np.abs(hum).max(), _hump(sung)])
    return level(sound).astype(np.float64)


def _breath(length_ms: float) -> Sound:
    noise = np.random.default_rng(0).standard_normal(ms_to_samples(length_ms))
    dull = np.convolve(noise, np.ones(6) / 6, mode="same")  # through the nose: little above 2 kHz
    return np.asarray(0.03 * dull * np.hanning(len(dull)))


def _hum(say: Callable[[str], Any]) -> Sound:
    """A steady m, looped at its pitch periods from the middle of a spoken one."""
    said = say("Hum.")
    ends_s = {phone: end_s for phone, end_s in said.phones}
    first, last = (round(ends_s[phone] * SAMPLE_RATE_HZ) for phone in ("ah", "m"))
    middle = said.samples[first + (last - first) // 4 : last - (last - first) // 4]
    lags = np.arange(ms_to_samples(4), ms_to_samples(8))
    period = int(lags[np.argmax([np.dot(middle[:-lag], middle[lag:]) / (len(middle) - lag) for lag in lags])])
    one = middle[:period]
    fade = np.linspace(0, 1, period)
    cycle = one * fade + middle[period : 2 * period] * (1 - fade)  # ends as it begins
    return np.asarray(np.tile(cycle, 200))


def _sing(hum: Sound, rate: Sound) -> Sound:
    return np.asarray(np.interp(np.cumsum(rate), np.arange(len(hum)), hum))


def _hump(sound: Sound) -> Sound:
    return sound * np.hanning(len(sound)) ** 0.5
