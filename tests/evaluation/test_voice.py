"""Labels of voice in clean recordings."""

import numpy as np

from edge_agent.evaluation.voice import AROUND_S, LISTENED_S, mark
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ


def spoken(parts: list[tuple[float, float]]) -> np.ndarray:
    """(seconds, level) of noise bursts, float32."""
    random = np.random.default_rng(2)
    return np.concatenate([random.normal(0, level, round(s * SAMPLE_RATE_HZ)) for s, level in parts]).astype(np.float32)


def test_loud_is_voice_quiet_is_none_and_edges_count_for_nobody() -> None:
    marked = mark(spoken([(0.5, 1e-4), (0.6, 0.1), (0.05, 1e-4), (0.4, 0.08), (0.8, 1e-4), (0.5, 0.1), (0.2, 0.004)]))
    listened = round(LISTENED_S * SAMPLE_RATE_HZ) // HOP_SAMPLES
    around = listened + round(AROUND_S * SAMPLE_RATE_HZ) // HOP_SAMPLES
    first = around + 50
    assert marked.is_voice[first + 2 : first + 58].all()
    assert marked.is_voice[first + 60 : first + 65].all()  # a closure belongs to its word
    assert not marked.is_quiet[first - 3 : first + 110].any()
    assert marked.is_quiet[listened : around + 40].all()  # only noise there
    assert not marked.is_quiet[:listened].any()  # to get used to it
    silence = slice(first + 115, first + 175)
    assert marked.is_quiet[silence].all()
    assert not marked.is_voice[silence].any()
    assert not (marked.is_voice & marked.is_quiet).any()
    assert len(marked.is_voice) == len(marked.is_quiet) == len(marked.clean) // HOP_SAMPLES


def test_what_is_neither_loud_nor_quiet_counts_for_nobody() -> None:
    marked = mark(spoken([(0.5, 1e-5), (1.0, 0.1), (0.3, 2.5e-3), (0.5, 1e-5)]))
    around = round((LISTENED_S + AROUND_S) * SAMPLE_RATE_HZ) // HOP_SAMPLES
    breath = slice(around + 155, around + 175)
    assert not marked.is_voice[breath].any()
    assert not marked.is_quiet[breath].any()
