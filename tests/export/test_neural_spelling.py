"""What a neural synthesiser is given to say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.models.phones import PHONES, VOWELS
from export.accents import ACCENTS, Habits
from export.neural_spelling import Speech, spell, spell_word

AMERICAN, FLAPPING, BRITISH = Speech(), Speech(flaps=True), Speech(is_british=True)


@pytest.mark.parametrize(
    ("speech", "phones", "stressed", "symbols"),
    [
        (AMERICAN, "W AO T ER", 0, "wˈɔtəɹ"),
        (FLAPPING, "W AO T ER", 0, "wˈɔɾəɹ"),
        (FLAPPING, "AH T AE K", 1, "ətˈæk"),  # before the stress there is none
        (BRITISH, "W AO T ER", 0, "wˈɔːtə"),
        (BRITISH, "K AA R", 0, "kˈɑː"),
        (BRITISH, "V EH R IY", 0, "vˈɛɹi"),  # before a vowel the R stays
        (BRITISH, "HH IY R", 0, "hˈɪə"),
        (BRITISH, "AE V ER IH JH", 0, "ˈævəɹɪʤ"),
        (AMERICAN, "DH AH", -1, "ðə"),
    ],
)
def test_a_word_is_spelt_as_the_talker_says_it(speech: Speech, phones: str, stressed: int, symbols: str) -> None:
    assert spell_word(tuple(phones.split()), stressed, speech) == symbols


def test_a_foreign_talker_keeps_his_habits() -> None:
    everything = Habits(ACCENTS["german"], frozenset(ACCENTS["german"].anywhere))
    spelt = spell([("that", ("DH", "AE", "T"))], {}, Speech(habits=everything), np.random.default_rng(0))
    assert spelt.rstrip(".?!") == "dɛt"


@given(st.lists(st.sampled_from(PHONES), min_size=1, max_size=12), st.integers(-1, 4), st.booleans(), st.booleans())
def test_every_word_can_be_said_with_one_stress_at_most(
    phones: list[str], stressed: int, is_british: bool, flaps: bool
) -> None:
    spelt = spell_word(tuple(phones), stressed, Speech(is_british, flaps))
    assert spelt.count("ˈ") == (0 <= stressed < sum(phone in VOWELS for phone in phones))


def test_a_sentence_has_its_words_in_order_and_an_end() -> None:
    words = [("turn", ("T", "ER", "N")), ("it", ("IH", "T")), ("off", ("AO", "F"))]
    spelt = spell(words, {"turn": 0, "off": 0}, AMERICAN, np.random.default_rng(4))
    assert spelt[-1] in ".?!"
    assert spelt[:-1].replace(",", "") == "tˈɜɹn ɪt ˈɔf"
