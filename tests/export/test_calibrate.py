"""Fitting of costs, confidences and thresholds, on numbers whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.progress import Progress

import export.fit_wake
from edge_agent.evaluation.hearing import Heard
from edge_agent.evaluation.incremental import is_accepted
from edge_agent.evaluation.recordings import Labelled
from edge_agent.evaluation.statistics import calibration_error, reliability
from edge_agent.models.confidence import ConfidenceModel, features
from edge_agent.models.decoder import DecoderSettings
from edge_agent.models.fitted import Fitted
from edge_agent.models.logistic import log_odds, p_of
from edge_agent.models.phone_graph import Label as GraphLabel
from edge_agent.models.wake import WakeSettings
from export.calibrate import write_manifest
from export.fit_search import Example, decode, fit_bias, fit_commit_beam, fit_confidence, fit_search, worth
from export.fit_spoken import Spoken, fit_spoken
from export.fit_wake import fit_wake, miss_rate, threshold
from export.logistic import fit
from tests.models.posteriors import said, sentences_graph, wavering

TRUTH = ConfidenceModel(bias=2.0, score_per_phone=2.5, filler_share=-4.0, margin=1.5, length=0.5)
STOP = sentences_graph([
    ([("stop", "S T AA P", GraphLabel("word", "stop"))], GraphLabel("end", intent="Stop")),
    ([("start", "S T AA R T", GraphLabel("word", "start"))], GraphLabel("end", intent="Start")),
])  # fmt: skip


def example(phones: str, intent: str | None, seed: int = 0, sureness: float = 8.0) -> Example:
    return Example(said(phones, seed=seed, sureness=sureness), Labelled(Path("there"), intent, {}))


def random_examples(num: int) -> tuple[list[tuple[float, float, float, float]], list[bool]]:
    random = np.random.default_rng(7)
    given = [
        features(-4 * random.random(), random.random(), 12 * random.random(), int(random.integers(2, 25)))
        for _ in range(num)
    ]
    return given, [bool(random.random() < TRUTH.p_right(one)) for one in given]


def test_fit_finds_the_truth() -> None:
    given, is_right = random_examples(4000)
    model = ConfidenceModel(*fit(given, is_right, [1.0] * len(given)))
    assert model.score_per_phone == pytest.approx(TRUTH.score_per_phone, abs=0.3)
    assert model.filler_share == pytest.approx(TRUTH.filler_share, abs=0.5)
    fitted = np.array([model.p_right(one) for one in given])
    assert calibration_error(fitted, np.array(is_right)) < 0.03
    assert np.mean(np.abs(fitted - [TRUTH.p_right(one) for one in given])) < 0.03


def test_fit_stays_finite_where_the_classes_do_not_touch() -> None:
    given = [features(-0.1, 0.0, 10.0, 10)] * 20 + [features(-4.0, 0.8, 0.0, 10)] * 20
    model = ConfidenceModel(*fit(given, [True] * 20 + [False] * 20, [1.0] * 40))
    assert model.p_right(given[0]) > 0.95
    assert model.p_right(given[-1]) < 0.05


def test_fit_refuses_examples_of_one_kind() -> None:
    with pytest.raises(ValueError, match="nothing to tell apart"):
        fit([features(-1.0, 0.0, 1.0, 5)] * 3, [True] * 3, [1.0] * 3)


def test_reliability_counts_and_error() -> None:
    confidences, is_right = np.array([0.05, 0.95, 0.95, 0.99]), np.array([False, True, False, True])
    rows = reliability(confidences, is_right)
    assert [row[:2] for row in rows] == [(0.0, 1), (0.9, 3)]
    assert rows[1][3] == pytest.approx(2 / 3)
    assert calibration_error(confidences, is_right) == pytest.approx((0.05 + 3 * abs(2.89 / 3 - 2 / 3)) / 4)


def test_only_commands_can_be_right_and_false_ones_cost() -> None:
    examples = [example("S T AA P", "Stop"), example("S T AA P", None), example("OY", None)]
    outcomes = decode(STOP, examples, DecoderSettings())
    assert [outcome.is_right for outcome in outcomes] == [True, False, False]
    trusting, distrusting = ConfidenceModel(bias=30.0), ConfidenceModel(bias=-30.0)
    assert worth(outcomes, distrusting) == 0.0
    assert worth(outcomes, trusting) <= 1.0 - 3.0 / 2


def test_the_search_is_fitted_to_what_was_said() -> None:
    """Other speech is kept out, though it sounds like half of a command."""
    examples = [example("S T AA P", "Stop", seed, 5.0) for seed in range(6)]
    examples += [example("S T AA R T", "Start", seed, 5.0) for seed in range(6)]
    examples += [example(phones, None, seed, 5.0) for seed in range(6) for phones in ("S OY P", "M UW N IY T AO")]
    with Progress(disable=True) as progress:
        settings = fit_search(STOP, examples, DecoderSettings(), progress, num_rounds=1)
    assert worth(decode(STOP, examples, settings), settings.confidence) == 1.0
    assert fit_commit_beam(STOP, examples, settings).commit_beam == 2.0  # nothing is ever taken back


def heard(phones: str, seed: int = 0, sureness: float = 12.0) -> Heard:
    frames = said(phones, lead=20, tail=80, seed=seed, sureness=sureness)
    return Heard(frames[: len(frames) // 2 * 2], np.zeros(len(frames) // 2, np.float32))


def test_the_wake_threshold_keeps_out_what_sounds_alike() -> None:
    phrases = [("computer", heard("K AH M P Y UW T ER", seed)) for seed in range(12)]
    alike = [heard("K AH M P EY T ER", seed) for seed in range(12)] + [
        heard("K AH M Y UW T", seed) for seed in range(12)
    ]
    settings, trials = fit_wake(replace(WakeSettings(), min_score=-6.0), phrases, alike)
    assert len(trials.said) == 12
    assert len(trials.elsewhere) >= 20
    assert miss_rate(settings, trials) == 0.0
    assert max(settings.model.p_wake(one.evidence) for one in trials.elsewhere) < settings.min_p_wake


def test_silence_behind_a_phrase_is_worth_what_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is falsely found goes on speaking, a phrase that nothing follows may be unsure."""
    monkeypatch.setattr(export.fit_wake, "FALSE_WAKES_PER_HOUR", 5.0)
    phrases = [("computer", heard("K AH M P Y UW T ER", seed, 8.0)) for seed in range(12)]
    goes_on = [heard("K AH M P Y UW T ER AH N D S OW AA N", seed, 8.0) for seed in range(4)]
    alike = [heard("K AH M P EY T ER AH N D S OW AA N", seed, 8.0) for seed in range(24)]
    settings, trials = fit_wake(replace(WakeSettings(), min_score=-6.0), phrases, goes_on + alike)
    assert all(one is not None and one.is_before_silence for one in trials.said)
    assert not any(one.is_before_silence for one in trials.elsewhere)
    assert settings.silence_bonus > 1.0
    assert miss_rate(settings, trials) == 0.0
    assert miss_rate(replace(settings, silence_bonus=0.0), trials) > 0.25


def test_the_threshold_allows_so_many_false_wakes() -> None:
    assert threshold([0.1, 0.9, 0.5, 0.7], num_phrase_hours=10.0, per_hour=0.05) > 0.9
    assert 0.7 < threshold([0.1, 0.9, 0.5, 0.7], num_phrase_hours=10.0, per_hour=0.1) < 0.71
    assert threshold([0.1], num_phrase_hours=10.0, per_hour=0.1) == 0.5


def test_the_manifest_keeps_the_rest_but_what_was_measured_before(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "listener", "decoder": {"old": 1}, "measured": {"size": "6 MB"}}')
    write_manifest(tmp_path, replace(Fitted(), wake=WakeSettings(min_p_wake=0.75)))
    written = json.loads((tmp_path / "manifest.json").read_text())
    assert written == {"name": "listener", "decoder": {"wake": {"min_p_wake": 0.75}}, "measured": {}}
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_sentence_in_noise_is_told_from_one_that_was_spoken() -> None:
    examples = [example("S T AA P", "Stop", seed, 5.0) for seed in range(6)]
    examples.append(example("S T AA R T", "Stop", 6))  # not understood: tells nothing of how it sounds when it is
    noise = [Example(wavering("S T AA P"), Labelled(Path("there"), None, {}))] * 3
    model = fit_spoken([Spoken(STOP, DecoderSettings(), examples)], noise)
    heard = [outcome.heard for outcome in decode(STOP, examples, DecoderSettings()) if outcome.is_right]
    found = decode(STOP, noise[:1], DecoderSettings())[0].heard
    assert len(heard) == 6
    assert min(model.p_spoken(one.spoken_evidence) for one in heard) > 0.9
    assert found.words == ("stop",)
    assert model.p_spoken(found.spoken_evidence) < 0.1


def test_what_no_speech_could_be_leaves_the_confidence_to_people() -> None:
    """Chatter that is told from speech by the one answer does not make the other stricter."""
    right = [example("S T AA P", "Stop", seed, 4.0) for seed in range(40)]
    noise = [Example(wavering("S T AA P"), Labelled(Path("there"), None, {}))] * 40
    examples = [*right, *[example("S T AA R T", "Stop", seed, 4.0) for seed in range(4)], *noise]
    spoken = fit_spoken([Spoken(STOP, DecoderSettings(), right)], noise)
    apart = fit_bias(STOP, examples, replace(DecoderSettings(), spoken=spoken))
    alone = replace(apart, confidence=fit_confidence(decode(STOP, examples, apart)))
    assert apart.confidence.bias > alone.confidence.bias
    taken = [is_accepted(outcome.heard) for outcome in decode(STOP, [*right, *noise], apart)]
    assert taken == [True] * 40 + [False] * 40


def test_log_odds_undo_probabilities() -> None:
    assert p_of(log_odds(0.3)) == pytest.approx(0.3)
    assert (log_odds(0.0), log_odds(1.0)) == (-30.0, 30.0)
