"""Foreign accents: what a talker says instead, in flite's terms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.models.phones import PHONES, VOWELS
from export.accents import ACCENTS, Accent, Habits, flite_addenda


def with_all_habits(name: str) -> Habits:
    accent = ACCENTS[name]
    every = [*accent.anywhere, *(f"{phone}#" for phone in accent.final), "before_s", "vowel_after_final"]
    return Habits(accent, frozenset(every))


@pytest.mark.parametrize(
    ("accent", "word", "said"),
    [
        ("german", "DH AE T", "D EH T"),
        ("german", "B EH D", "B EH T"),
        ("indian", "TH R IY", "T R IY"),
        ("spanish", "S M AO L", "EH S M AO L"),
        ("japanese", "HH AE T", "HH AA T UH"),
        ("french", "HH IY R", "IY R"),
    ],
)
def test_a_talker_says_it_otherwise(accent: str, word: str, said: str) -> None:
    assert with_all_habits(accent).say(tuple(word.split())) == tuple(said.split())


def test_without_habits_nothing_changes() -> None:
    assert Habits(Accent({"TH": "T"}, {}), frozenset()).say(("TH", "IH", "N")) == ("TH", "IH", "N")


@given(st.sampled_from(sorted(ACCENTS)), st.lists(st.sampled_from(PHONES), min_size=1, max_size=12), st.integers(0, 99))
def test_what_is_said_are_phones_that_flite_has(name: str, phones: list[str], seed: int) -> None:
    said = Habits.draw(name, np.random.default_rng(seed)).say(tuple(phones))
    assert said
    assert set(said) <= set(PHONES)
    assert not VOWELS & set(phones) or VOWELS & set(said)


def test_only_changed_words_are_listed_with_the_first_vowel_stressed() -> None:
    words = {"weather": ("W", "EH", "DH", "ER"), "see": ("S", "IY")}
    assert flite_addenda(words, with_all_habits("indian")) == '"weather" nil : v eh1 d er0\n'
