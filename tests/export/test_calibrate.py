"""Fitting of the confidence, on numbers whose truth is known."""

import numpy as np
import pytest

from edge_agent.models.confidence import ConfidenceModel, features
from edge_agent.models.decoder import DecoderSettings
from edge_agent.models.phone_graph import Label as GraphLabel
from export.calibrate import NO_COMMAND, Label, calibration_error, decode, fit, reliability, sweep
from tests.models.posteriors import said, sentences_graph

TRUTH = ConfidenceModel(bias=2.0, score_per_phone=2.5, filler_share=-4.0, margin=1.5, length=0.5)
STOP = sentences_graph([([("stop", "S T AA P", GraphLabel("word", "stop"))], GraphLabel("end", intent="Stop"))])


def random_examples(num: int) -> tuple[list[tuple[float, float, float, float]], list[bool]]:
    random = np.random.default_rng(7)
    given = [
        features(-4 * random.random(), random.random(), 12 * random.random(), int(random.integers(2, 25)))
        for _ in range(num)
    ]
    return given, [bool(random.random() < TRUTH.p_right(one)) for one in given]


def test_fit_finds_the_truth() -> None:
    given, is_right = random_examples(4000)
    model = fit(given, is_right, [1.0] * len(given))
    assert model.score_per_phone == pytest.approx(TRUTH.score_per_phone, abs=0.3)
    assert model.filler_share == pytest.approx(TRUTH.filler_share, abs=0.5)
    fitted = np.array([model.p_right(one) for one in given])
    assert calibration_error(fitted, np.array(is_right)) < 0.03
    assert np.mean(np.abs(fitted - [TRUTH.p_right(one) for one in given])) < 0.03


def test_fit_stays_finite_where_the_classes_do_not_touch() -> None:
    given = [features(-0.1, 0.0, 10.0, 10)] * 20 + [features(-4.0, 0.8, 0.0, 10)] * 20
    model = fit(given, [True] * 20 + [False] * 20, [1.0] * 40)
    assert model.p_right(given[0]) > 0.95
    assert model.p_right(given[-1]) < 0.05


def test_fit_refuses_examples_of_one_kind() -> None:
    with pytest.raises(ValueError, match="nothing to tell apart"):
        fit([features(-1.0, 0.0, 1.0, 5)] * 3, [True] * 3, [1.0] * 3)


def test_reliability_counts_and_error() -> None:
    confidences, is_right = np.array([0.05, 0.95, 0.95, 0.99]), np.array([False, True, False, True])
    rows = reliability(confidences, is_right)
    assert [row[:2] for row in rows] == [[0.0, 1], [0.9, 3]]
    assert rows[1][3] == pytest.approx(2 / 3)
    assert calibration_error(confidences, is_right) == pytest.approx((0.05 + 3 * abs(2.89 / 3 - 2 / 3)) / 4)


def test_only_commands_can_be_right_and_the_best_costs_come_first() -> None:
    examples = [(said("S T AA P"), Label("Stop", {})), (said("S T AA P"), NO_COMMAND), (said("OY"), NO_COMMAND)]
    assert [right for _, right in decode(STOP, examples, DecoderSettings())] == [True, False, False]
    rows = sweep(STOP, examples[:1], DecoderSettings())
    assert rows[0][2] == 1.0
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)
