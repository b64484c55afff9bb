"""A line gets the text that its phones tell, and none where two texts would do or none fits."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is part of the [export] extra")
pytest.importorskip("rapidfuzz", reason="rapidfuzz is part of the [export] extra")

from edge_agent.models.phones import TOKEN_OF_PHONE, TOKENS
from export.acted import Texts

TEXTS = ["you could not pilot a paper bag", "you could not pilot a paper bat", "where is the crystal skull", "brrzt"]


def heard(phones: list[str], clearness: float, seed: int = 1) -> np.ndarray:
    """Log posteriors [frames, tokens] of a listener that is this sure of each phone, with blanks between."""
    rng, rows = np.random.default_rng(seed), []
    for phone in phones:
        for token in (TOKEN_OF_PHONE[phone], 0):
            row = rng.random(len(TOKENS)) * (1.0 - clearness) / len(TOKENS)
            row[token] += clearness
            rows.append(np.log(row / row.sum()))
    return np.array(rows, np.float32)


def test_the_text_is_found_though_some_phones_are_misheard() -> None:
    texts = Texts(TEXTS)
    phones = list(texts.phones["where is the crystal skull"])
    phones[3], phones[8] = "S", "M"
    assert texts.said(heard(phones, 0.9)) == "where is the crystal skull"


def test_two_texts_that_would_do_give_none() -> None:
    texts = Texts(TEXTS)
    phones = [*texts.phones["you could not pilot a paper bag"][:-1], "K"]
    assert texts.said(heard(phones, 0.9)) is None


def test_what_fits_no_text_gets_none() -> None:
    assert Texts(TEXTS).said(heard(["SH", "OY", "ZH", "UH", "TH", "AW", "SH", "OY", "ZH"], 0.95)) is None


def test_a_line_whose_text_is_known_is_kept_only_if_it_is_said() -> None:
    texts = Texts(TEXTS)
    line = heard(texts.phones["where is the crystal skull"], 0.9)
    assert texts.is_said("where is the crystal skull", line)
    assert not texts.is_said("you could not pilot a paper bag", line)
    assert not texts.is_said("hm", line)
