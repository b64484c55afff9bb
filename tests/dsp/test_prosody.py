"""Level and pitch against tones and pulses whose level and pitch are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.dsp.prosody import Prosody
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ


def frames(sound: NDArray[np.floating]) -> NDArray[np.float64]:
    """[num_hops, 3]: level_db, pitch_hz, periodicity."""
    prosody, found = Prosody(), []
    for hop in sound.astype(np.float32)[: len(sound) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES):
        prosody.step(hop)
        found.append((prosody.level_db, prosody.pitch_hz, prosody.periodicity))
    return np.array(found)


def pulses(pitch_hz: NDArray[np.floating] | float, seconds: float = 0.5) -> NDArray[np.float64]:
    """A buzz with twelve harmonics, as a voice has; its level is not 1."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch_hz, round(seconds * SAMPLE_RATE_HZ))) / SAMPLE_RATE_HZ
    return np.asarray(0.1 * sum(np.sin(k * phase) for k in range(1, 13)))


@pytest.mark.parametrize("pitch_hz", [75, 97, 120, 163, 211, 287, 350])
def test_the_pitch_of_a_voice(pitch_hz: float) -> None:
    found = frames(pulses(pitch_hz))[10:]
    assert np.abs(found[:, 1] / pitch_hz - 1).max() < 0.02
    assert found[:, 2].min() > 0.9


def test_a_falling_pitch_is_followed_with_its_delay() -> None:
    falling_hz = np.linspace(220, 110, SAMPLE_RATE_HZ)
    found_hz = frames(pulses(falling_hz, 1.0))[10:, 1]
    expected_hz = falling_hz[HOP_SAMPLES - 1 :: HOP_SAMPLES][10:] + 110 * 0.025
    assert np.abs(found_hz / expected_hz - 1).max() < 0.04


@pytest.mark.parametrize("level_db", [-60, -40, -20, -6])
def test_the_level_of_a_tone(level_db: float) -> None:
    amplitude = np.sqrt(2) * 10 ** (level_db / 20)
    tone = amplitude * np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ)
    assert np.abs(frames(tone)[3:, 0] - level_db).max() < 0.5


def test_hum_is_taken_off_the_level() -> None:
    hum = np.sin(2 * np.pi * 50 * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    assert frames(hum)[20:, 0].max() < -8


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE_HZ) * 0.1
    assert (frames(noise)[:, 1] > 0).mean() < 0.05
    silence = frames(np.zeros(SAMPLE_RATE_HZ))
    assert (silence[:, 0] == -100).all()
    assert not silence[:, 1:].any()


def test_what_is_no_number_does_no_harm() -> None:
    broken = np.concatenate([np.full(HOP_SAMPLES, np.nan), np.full(HOP_SAMPLES, np.inf), pulses(120)])
    found = frames(broken)
    assert np.isfinite(found).all()
    assert abs(found[-1, 1] / 120 - 1) < 0.02


def test_reset_forgets() -> None:
    prosody = Prosody()
    for hop in pulses(120).astype(np.float32).reshape(-1, HOP_SAMPLES):
        prosody.step(hop)
    prosody.reset()
    prosody.step(np.zeros(HOP_SAMPLES, np.float32))
    assert (prosody.level_db, prosody.pitch_hz) == (-100, 0)
