"""The alignment of wake phrases in C against all places of the phones tried one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.models.confusions import GUESSED, as_ratios
from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE, TOKENS
from edge_agent.models.phrase_alignment import PhraseAligner, PhraseAlignment
from tests.models.posteriors import normalised, said

RATIOS = np.array(GUESSED)


def align(log_posteriors: np.ndarray, phones: list[int], end_frames: int = 100) -> PhraseAlignment | None:
    return PhraseAligner(200, 12, RATIOS).align(log_posteriors, np.array(phones, np.uint8), end_frames)


def tokens(phones: str) -> list[int]:
    return [TOKEN_OF_PHONE[phone] for phone in phones.split()]


def tried_one_by_one(log_posteriors: np.ndarray, phones: list[int], end_frames: int) -> float:
    """Best score of all ways to choose one frame for each phone."""
    weights = np.log(np.maximum(np.exp(log_posteriors) @ np.exp(RATIOS).T, 1e-6))
    num_frames, scores = len(weights), []
    for places in itertools.combinations(range(num_frames), len(phones)):
        if places[-1] < num_frames - end_frames:
            continue
        score = sum(weights[frame, phone] for frame, phone in zip(places, phones, strict=True))
        for index, (first, last) in enumerate(itertools.pairwise(places)):
            between = weights[first + 1 : last][:, [BLANK, phones[index], phones[index + 1]]]
            score += np.minimum(between.max(axis=1), 0.0).sum() if len(between) else 0.0
        scores.append(score)
    return float(max(scores))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(4, 8), st.integers(1, 8))
def test_it_finds_the_best_places(seed: int, num_phones: int, num_frames: int, end_frames: int) -> None:
    random = np.random.default_rng(seed)
    phones = random.integers(1, 5, num_phones).tolist()  # few, so that the same phone often follows itself
    log_posteriors = normalised(random.normal(0, 3, (num_frames, len(TOKENS))))
    found = align(log_posteriors, phones, end_frames)
    assert found is not None
    end_frames = min(end_frames, num_frames - num_phones + 1)
    assert found.score.sum() + found.between == pytest.approx(
        tried_one_by_one(log_posteriors, phones, end_frames), abs=1e-3
    )
    assert np.all(np.diff(found.frame) > 0)


def test_a_likely_mishearing_speaks_for_the_phone_and_an_unlikely_one_against() -> None:
    phrase = tokens("K AH M P Y UW T ER")
    alike, unlike = (align(said(f"K AH M {heard} Y UW T ER", lead=6), phrase) for heard in ("B", "Z"))
    assert alike is not None
    assert alike.score[3] > 1.0
    assert unlike is not None
    assert unlike.score[3] < 0.0


def test_a_sound_that_is_left_out_costs() -> None:
    heard = said("K AH M S IY T ER")
    whole, part = align(heard, tokens("K AH M S IY T ER")), align(heard, tokens("K AH M T ER"))
    assert whole is not None
    assert whole.between == pytest.approx(0.0, abs=0.1)
    assert part is not None
    assert part.between < -2.0


def test_frames_that_are_no_numbers_do_not_spread() -> None:
    heard = said("K AH M P Y UW T ER")
    heard[12] = np.nan
    found = align(heard, tokens("K AH M P Y UW T ER"))
    assert found is not None
    assert np.isfinite(found.score).all()


def test_what_cannot_fit_is_refused() -> None:
    heard = said("K AH", lead=0, tail=0)
    assert align(heard[:2], [1, 2, 3]) is None
    assert align(np.zeros((201, 40), np.float32), [1]) is None
    assert align(np.zeros((50, 40), np.float32), [1, 2] * 7) is None


def test_ratios_are_logs_against_the_usual() -> None:
    heard, usual = np.full((40, 40), 0.02), np.full(40, 0.01)
    assert {value for row in as_ratios(heard, usual) for value in row} == {0.69}
