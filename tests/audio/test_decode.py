"""Recordings of every kind become the same sound; what is no recording gets one clear line."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge_agent.audio.decode import decode
from edge_agent.errors import AudioError
from edge_agent.units import SAMPLE_RATE_HZ

FREQUENCY_HZ = 440.0


def tone(rate_hz: int, duration_s: float = 0.5) -> NDArray[np.float64]:
    wave: NDArray[np.float64] = 0.5 * np.sin(
        2 * np.pi * FREQUENCY_HZ * np.arange(round(rate_hz * duration_s)) / rate_hz
    )
    return wave


def error_of(samples: NDArray[np.float32]) -> float:
    """Largest difference to the tone, without the edges, where a resampler rings."""
    edge = 200
    return float(np.abs(samples - tone(SAMPLE_RATE_HZ)[: len(samples)])[edge:-edge].max())


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("num_channels", [1, 2, 6])
def test_any_rate_and_channels(tmp_path: Path, rate_hz: int, num_channels: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.stack([tone(rate_hz)] * num_channels, axis=1), rate_hz, subtype="FLOAT")
    decoded = decode(path)
    assert decoded.notice is None
    assert decoded.samples.dtype == np.float32
    assert abs(len(decoded.samples) - SAMPLE_RATE_HZ // 2) <= 1
    assert error_of(decoded.samples) < 1e-3


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [("PCM_U8", 8e-3), ("PCM_16", 4e-5), ("PCM_24", 2e-7), ("PCM_32", 1e-7), ("FLOAT", 1e-7), ("DOUBLE", 1e-7)],
)
def test_any_width(tmp_path: Path, subtype: str, tolerance: float) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, subtype=subtype)
    assert error_of(decode(path).samples) < tolerance


@pytest.mark.parametrize(("suffix", "tolerance"), [("flac", 4e-5), ("ogg", 0.05)])
def test_compressed(tmp_path: Path, suffix: str, tolerance: float) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    assert error_of(decode(path).samples) < tolerance


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    left, right = np.full(1600, 0.5), np.full(1600, -0.25)
    soundfile.write(path, np.stack([left, right], axis=1), SAMPLE_RATE_HZ)
    np.testing.assert_allclose(decode(path).samples, 0.125, atol=1e-4)


def test_no_nan_and_nothing_beyond_full_scale(tmp_path: Path) -> None:
    path = tmp_path / "wild.wav"
    wild = np.array([np.nan, np.inf, -np.inf, 7.0, -7.0, 0.25] * 100, dtype=np.float32)
    soundfile.write(path, wild, SAMPLE_RATE_HZ, subtype="FLOAT")
    samples = decode(path).samples
    assert samples.min() == -1.0
    assert 0.999 < samples.max() < 1.0
    assert samples[0] == 0.0
    assert samples[5] == 0.25


@pytest.mark.parametrize(("peak", "is_told"), [(1.01, False), (400.0, True)])
def test_a_recording_far_beyond_full_scale_is_clipped_and_says_so(tmp_path: Path, peak: float, is_told: bool) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, peak * np.sin(np.arange(1600) / 2.0), SAMPLE_RATE_HZ, subtype="FLOAT")
    decoded = decode(path)
    assert np.abs(decoded.samples).max() <= 1.0
    assert (decoded.notice is not None) == is_told
    if decoded.notice is not None:
        assert f"{path}: goes up to 400 times full scale" in decoded.notice


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_truncated_recording_plays_what_is_there_and_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cut.{suffix}"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 32_000), SAMPLE_RATE_HZ)
    whole = decode(path).samples
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    decoded = decode(path)
    assert 0.25 * len(whole) < len(decoded.samples) < 0.55 * len(whole)
    np.testing.assert_array_equal(decoded.samples, whole[: len(decoded.samples)])
    assert decoded.notice is not None
    assert "is cut short" in decoded.notice
    assert "of 2.0 s" in decoded.notice
    assert "\n" not in decoded.notice


def test_what_is_no_sound_is_one_line_with_the_cure(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, np.zeros(0), SAMPLE_RATE_HZ)
    contents = {
        "no_samples.wav": (whole.read_bytes(), "holds no sound"),
        "half_header.wav": (whole.read_bytes()[:20], "not a sound file"),
        "empty.wav": (b"", "is empty"),
        "text.wav": (b"What time is it?\n" * 50, "not a sound file"),
        "headless.raw": (bytes(range(256)) * 8, "not a sound file"),
    }
    for name, (content, expected) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AudioError, match=expected) as caught:
            decode(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert ";" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_cannot_be_opened_is_one_line_with_the_cure(tmp_path: Path) -> None:
    for path, expected in ((tmp_path / "missing.wav", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(AudioError, match=expected) as caught:
            decode(path)
        assert "\n" not in str(caught.value)
