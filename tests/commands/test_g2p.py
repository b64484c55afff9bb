"""Predicted pronunciations: right often enough on words that were never learned from, and never a crash."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.models.g2p import ORDER, UNIT_BITS, pack, predict, unpack
from edge_agent.models.lexicon import entries, look_up
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.pronounce import pronounce
from export.g2p import align, is_held_out


def test_words_kept_aside_are_mostly_predicted() -> None:
    held_out = {word for word, _ in entries() if is_held_out(word) and word.isalpha() and len(word) > 2}
    words = sorted(held_out, key=lambda word: zlib.crc32(b"sample" + word.encode()))[:60]
    dictionary = look_up(words)
    first = sum(bool(said := predict(word)) and said[0] in dictionary[word] for word in words)
    assert first / len(words) >= 0.55  # 71 % over all


@pytest.mark.parametrize(
    ("word", "phones"),
    [("tv", "T IY V IY"), ("x", "EH K S"), ("zigbee", "Z IH G B IY"), ("Siobhán", "SH AW B AA N")],
)
def test_spelled_and_foreign_words(word: str, phones: str) -> None:
    assert tuple(phones.split()) in predict(word)


@pytest.mark.parametrize("word", ["", "家", "a1", "'", "b" + "an" * 40])
def test_words_that_cannot_be_said_have_no_pronunciation(word: str) -> None:
    assert predict(word) == ()


@settings(max_examples=15, deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=12).filter(lambda word: word.strip("'")))
def test_any_letters_give_known_phones(word: str) -> None:
    predicted = predict(word)
    assert 1 <= len(predicted) <= 2
    assert all(phone in TOKEN_OF_PHONE for phones in predicted for phone in phones)
    assert predicted == predict(word)


def test_alignment_gives_every_phone_to_one_letter() -> None:
    cost = {("x", ("K", "S")): 0.1, ("e", ("EH",)): 0.1, ("b", ("B",)): 0.1, ("o", ("AA",)): 0.1}
    total, units = align("xebo", ("K", "S", "EH", "B", "AA"), cost, 5.0)
    assert units == [("x", ("K", "S")), ("e", ("EH",)), ("b", ("B",)), ("o", ("AA",))]
    assert total == pytest.approx(0.4)
    assert align("b", ("B", "IY", "B"), cost, 5.0)[1] == []


def test_packing_loses_nothing() -> None:
    orders = [
        (np.arange(5, 5 + 3 * order, 3, dtype=np.uint64) << np.uint64(UNIT_BITS * (order - 1)), np.arange(1, order + 1))
        for order in range(1, ORDER + 1)
    ]
    letters, phones = ["", "", "a", "x"], [(), (), ("AH",), ("K", "S")]
    model = unpack(pack(letters, phones, [(keys, counts.astype(np.uint8)) for keys, counts in orders]))
    assert (list(model.letters), list(model.phones)) == (letters, phones)
    for ngrams, (keys, counts) in zip(model.orders, orders, strict=True):
        assert ngrams.keys.tolist() == keys.tolist()
        assert ngrams.counts.tolist() == counts.tolist()


def test_by_hand_then_dictionary_then_predicted() -> None:
    spoken = pronounce(["and", "tomato", "blorp", "家"], {"tomato": (("T", "AH"),)})
    assert spoken.pronunciations["tomato"] == (("T", "AH"),)
    assert ("AE", "N", "D") in spoken.pronunciations["and"]
    assert ("AH", "N") in spoken.pronunciations["and"]
    assert spoken.predicted == ("blorp", "家")
    assert spoken.unspeakable == ("家",)
