"""Statistics of figures, against numbers that are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evaluation.statistics import Share, area_under_curve, mean_interval, rate_interval


def test_wilson_interval() -> None:
    low, high = Share(167, 200).interval
    assert (round(100 * low, 1), round(100 * high, 1)) == (77.7, 88.0)
    assert str(Share(167, 200)) == "83.5 % (77.7-88.0)"
    assert Share(0, 0).interval == (0.0, 1.0)


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_share(count: int, others: int) -> None:
    share = Share(count, count + others)
    low, high = share.interval
    assert 0.0 <= low <= share.value <= high <= 1.0


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=30))
def test_area_under_the_curve_is_the_chance_of_the_right_order(pairs: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([score for score, _ in pairs], float), np.array([label for _, label in pairs])
    found = area_under_curve(scores, labels)
    positive, negative = scores[labels], scores[~labels]
    if not len(positive) or not len(negative):
        assert math.isnan(found)
        return
    order = np.sign(positive[:, None] - negative[None, :])
    assert found == pytest.approx(float((order + 1).mean() / 2))


def test_no_false_wake_in_ten_hours_leaves_up_to_four() -> None:
    low, high = rate_interval(0, 10.0)
    assert low == 0.0
    assert 0.3 < high < 0.4  # 3.7 in 10 hours
    low, high = rate_interval(10, 10.0)
    assert 0.4 < low < 0.6
    assert 1.7 < high < 1.95


def test_interval_of_a_mean_narrows_with_more_recordings() -> None:
    few, many = np.tile([0.0, 1.0], 10), np.tile([0.0, 1.0], 1000)
    low, high = mean_interval(few)
    assert low < 0.35 < 0.65 < high
    low, high = mean_interval(many)
    assert 0.47 < low < 0.5 < high < 0.53
