"""Histograms: quantiles within a bucket of the truth, the largest value exactly."""

import numpy as np
import pytest

from edge_agent.meters import Histogram, Meters


def test_quantiles_are_within_three_percent() -> None:
    durations_ms = np.random.default_rng(1).lognormal(mean=-0.5, sigma=0.8, size=5_000)
    histogram = Histogram()
    for duration_ms in durations_ms:
        histogram.add(float(duration_ms))
    for p_below in (0.5, 0.9, 0.99):
        assert histogram.quantile_ms(p_below) == pytest.approx(np.quantile(durations_ms, p_below), rel=0.03)
    assert histogram.max_ms == durations_ms.max()
    assert histogram.quantile_ms(1.0) == durations_ms.max()


def test_extremes_are_counted_not_lost() -> None:
    histogram = Histogram()
    for duration_ms in (0.0, 1e-9, 1e9):
        histogram.add(duration_ms)
    assert histogram.num_values == 3
    assert histogram.max_ms == 1e9
    assert Histogram().quantile_ms(0.5) == 0.0


def test_summary_and_clear() -> None:
    meters = Meters()
    meters.hop.add(2.0)
    meters.counters["hops"].count += 1
    meters.counters["playback_underruns"].count += 2
    meters.counters["capture_overruns"].count += 1
    summary = meters.summary(at_sample=160)
    assert (summary.num_hops, summary.num_xruns, summary.hop_max_ms) == (1, 3, 2.0)
    meters.clear()
    assert meters.summary(at_sample=320).num_xruns == 0
