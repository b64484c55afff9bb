"""The C log-mel against its float64 definition, and streaming against offline."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.dsp.features import LogMel
from edge_agent.dsp.reference_mel import LOG_FLOOR, log_mel
from edge_agent.units import HOP_SAMPLES, NUM_MELS, SAMPLE_RATE_HZ


def sound(kind: str, num_samples: int = SAMPLE_RATE_HZ) -> NDArray[np.float32]:
    random = np.random.default_rng(3)
    time_s = np.arange(num_samples) / SAMPLE_RATE_HZ
    made = {
        "noise": lambda: random.uniform(-1, 1, num_samples),
        "quiet noise": lambda: random.normal(0, 1e-4, num_samples),
        "loud tone": lambda: np.sin(2 * np.pi * 440 * time_s),
        "sweep": lambda: 0.5 * np.sin(2 * np.pi * (50 + 3900 * time_s) * time_s),
        "clipped": lambda: np.clip(5 * np.sin(2 * np.pi * 150 * time_s), -1, 1),
        "silence": lambda: np.zeros(num_samples),
        "impulse": lambda: np.eye(1, num_samples, 333)[0],
        "constant": lambda: np.full(num_samples, 0.9),
    }[kind]()
    return made.astype(np.float32)


@pytest.mark.parametrize(
    "kind", ["noise", "quiet noise", "loud tone", "sweep", "clipped", "silence", "impulse", "constant"]
)
def test_equals_the_float64_reference(kind: str) -> None:
    samples = sound(kind)
    expected = log_mel(samples.astype(np.float64))
    got = LogMel().frames(samples)
    assert got.shape == expected.shape == (100, NUM_MELS)
    assert np.max(np.abs(got - expected)) < 1e-4


def test_silence_is_the_floor_and_a_tone_is_in_its_band() -> None:
    assert np.allclose(LogMel().frames(sound("silence")), np.log(LOG_FLOOR))
    tone = LogMel().frames(sound("loud tone"))[-1]
    assert 5 <= int(np.argmax(tone)) <= 8
    assert tone.max() - np.median(tone) > 8


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_streaming_equals_offline_under_any_chunking(chunks: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, sum(chunks)).astype(np.float32)
    stream = LogMel()
    pieces = [stream.frames(piece) for piece in np.split(samples, np.cumsum(chunks))]
    assert np.array_equal(np.concatenate(pieces), LogMel().frames(samples))


def test_is_causal() -> None:
    samples = sound("noise", 10 * HOP_SAMPLES)
    changed = samples.copy()
    changed[7 * HOP_SAMPLES :] = 0
    before, after = LogMel().frames(samples), LogMel().frames(changed)
    assert np.array_equal(before[:7], after[:7])
    assert not np.array_equal(before[7], after[7])


def test_step_takes_one_hop_and_reset_forgets() -> None:
    samples = sound("noise", 5 * HOP_SAMPLES)
    stream, out = LogMel(), np.empty(NUM_MELS, np.float32)
    for hop, expected in zip(samples.reshape(-1, HOP_SAMPLES), LogMel().frames(samples), strict=True):
        stream.step(hop, out)
        assert np.array_equal(out, expected)
    stream.frames(samples[:77])
    stream.reset()
    assert np.array_equal(stream.frames(samples), LogMel().frames(samples))
