"""Measures how a listener mishears phones, for the second look at wake phrases (`edge_agent/models/confusions.py`).

Sentences whose words are known are aligned with what was heard of them, a few times over, and what the listener says
where each phone lies is counted. Where little is known of a phone, what the listener wavers between in any speech
stands in for it.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.confusions import Ratios, as_ratios
from edge_agent.models.lexicon import full_dictionary
from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE, TOKENS
from edge_agent.models.phrase_alignment import PhraseAligner, Tokens

NUM_ROUNDS = 3
PRIOR_COUNT = 20.0  # as if a phone had been heard so often as it is wavered
P_SAME, P_MISSED = 0.6, 0.1
P_SILENT_BETWEEN = 0.9
FAINT = 1e-4
MAX_FRAMES, MAX_PHONES = 1500, 300

Floats = NDArray[np.float32]
Utterance = tuple[Tokens, Floats]  # phones, and log posteriors [num_frames, 40]


def phones_of(text: str) -> Tokens | None:
    """First pronunciation of each word; None where a word is in no dictionary."""
    dictionary = full_dictionary()
    words = [dictionary.get(word.strip(".,!?")) for word in text.lower().replace("-", " ").split()]
    if not words or not all(words):
        return None
    return np.array([TOKEN_OF_PHONE[phone] for said in words if said for phone in said[0]], np.uint8)


def fit_confusions(utterances: Sequence[Utterance], speech: Iterable[Floats]) -> Ratios:
    """speech: log posteriors of any speech, [num_frames, 40] each."""
    heard_of_any = np.exp(np.concatenate(list(speech)))
    usual = heard_of_any.mean(axis=0) + FAINT
    usual = usual / usual.sum()
    prior = _wavering(heard_of_any)
    heard = prior
    for _ in range(NUM_ROUNDS):
        counts = _count(utterances, as_ratios(heard, usual)) + PRIOR_COUNT * prior
        heard = counts / counts.sum(axis=1, keepdims=True)
    return as_ratios(heard, usual)


def _wavering(posteriors: Floats) -> NDArray[np.float64]:
    """What else the listener holds for possible where it hears a phone, [40, 40]; row and column 0 are the blank."""
    phones = posteriors[posteriors[:, BLANK] < 0.7, 1:].astype(np.float64)
    phones /= phones.sum(axis=1, keepdims=True)
    alike = phones.T @ phones + FAINT
    alike /= alike.sum(axis=1, keepdims=True)
    prior = np.full((len(TOKENS), len(TOKENS)), (1.0 - P_SILENT_BETWEEN) / (len(TOKENS) - 1))
    prior[BLANK, BLANK] = P_SILENT_BETWEEN
    prior[1:, BLANK] = P_MISSED
    prior[1:, 1:] = (1.0 - P_MISSED) * (P_SAME * np.eye(len(alike)) + (1.0 - P_SAME) * alike)
    return prior


def _count(utterances: Sequence[Utterance], ratios: Ratios) -> NDArray[np.float64]:
    """Sum of posteriors where each phone lies, and in row 0 of frames between phones that are like neither."""
    counts = np.zeros((len(TOKENS), len(TOKENS)))
    aligner = PhraseAligner(MAX_FRAMES, MAX_PHONES, np.array(ratios))
    for phones, log_posteriors in utterances:
        aligned = aligner.align(log_posteriors, phones, len(log_posteriors))
        if aligned is None:
            continue
        posteriors, best = np.exp(log_posteriors), log_posteriors.argmax(axis=1)
        np.add.at(counts, phones, posteriors[aligned.frame])
        for phone, after, first, last in zip(phones, phones[1:], aligned.frame, aligned.frame[1:], strict=False):
            between = np.arange(first + 1, last)
            counts[BLANK] += posteriors[between[(best[between] != phone) & (best[between] != after)]].sum(axis=0)
    return counts
