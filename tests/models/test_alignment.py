"""The alignment in C against all paths tried one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.models.alignment import Aligner, Alignment
from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE, TOKENS
from tests.models.posteriors import normalised, said

FLOOR, BLANK_COST = 60.0, 1.0  # no two paths are alike where the floor is out of reach


def align(log_posteriors: np.ndarray, tokens: list[int]) -> Alignment | None:
    return Aligner(200, 12).align(log_posteriors, np.array(tokens, np.uint8), BLANK_COST, FLOOR)


def states_of(path: tuple[int, ...], tokens: list[int]) -> bool:
    """Is this a path through 2 p = phone p, 2 p + 1 = the blank after it, from the first phone to the end."""
    if path[0] != 0 or path[-1] < 2 * len(tokens) - 2:
        return False
    for before, now in itertools.pairwise(path):
        is_leap = now - before == 2 and now % 2 == 0 and tokens[now // 2] != tokens[before // 2]
        if now - before not in (0, 1) and not is_leap:
            return False
    return True


def tried_one_by_one(log_posteriors: np.ndarray, tokens: list[int]) -> tuple[float, tuple[int, ...]] | None:
    handicapped = log_posteriors.astype(np.float64).copy()
    handicapped[:, BLANK] -= BLANK_COST
    scores = np.maximum(handicapped - handicapped.max(axis=1, keepdims=True), -FLOOR)
    found = None
    for path in itertools.product(range(2 * len(tokens)), repeat=len(scores)):
        if states_of(path, tokens):
            score = sum(scores[t, BLANK if s % 2 else tokens[s // 2]] for t, s in enumerate(path))
            if found is None or score > found[0]:
                found = (float(score), path)
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 5))
def test_it_finds_the_best_path(seed: int, num_phones: int, num_frames: int) -> None:
    random = np.random.default_rng(seed)
    tokens = random.integers(1, 3, num_phones).tolist()  # few, so that the same phone often follows itself
    log_posteriors = normalised(random.normal(0, 2, (num_frames, len(TOKENS))))
    expected, found = tried_one_by_one(log_posteriors, tokens), align(log_posteriors, tokens)
    if expected is None:
        assert found is None
        return
    assert found is not None
    score, path = expected
    assert [path.index(2 * p) for p in range(num_phones)] == found.first_frame.tolist()
    lengths = np.array([path.count(2 * p) for p in range(num_phones)])
    outside = [t for t, s in enumerate(path) if s == 2 * num_phones - 1]  # the blank after the last phone
    handicapped = log_posteriors.astype(np.float64).copy()
    handicapped[:, BLANK] -= BLANK_COST
    after = sum(max(handicapped[t, BLANK] - handicapped[t].max(), -FLOOR) for t in outside)
    assert found.score @ lengths + found.between + after == pytest.approx(score, abs=1e-3)


def test_a_phone_that_was_not_said_stands_out() -> None:
    heard = said("K AH M P AA T ER", lead=0, tail=3)
    aligned = align(heard, [TOKEN_OF_PHONE[phone] for phone in "K AH M P Y T ER".split()])
    assert aligned is not None
    assert int(aligned.score.argmin()) == 4
    assert aligned.score.min() <= -4.0
    assert np.delete(aligned.score, 4).min() > -0.5
    assert np.all(np.diff(aligned.first_frame) > 0)


def test_a_sound_that_is_left_out_counts_between() -> None:
    heard = said("K AH M P AA T ER", lead=0, tail=3)
    aligned = align(heard, [TOKEN_OF_PHONE[phone] for phone in "K AH M T ER".split()])
    assert aligned is not None
    assert aligned.between < -8.0


def test_what_cannot_fit_is_refused() -> None:
    heard = said("K AH", lead=0, tail=0)
    assert align(heard[:2], [1, 2, 3]) is None
    assert align(heard[:2], [1, 1]) is None
    assert align(np.zeros((201, 40), np.float32), [1]) is None
    assert align(np.zeros((50, 40), np.float32), [1, 2] * 7) is None
