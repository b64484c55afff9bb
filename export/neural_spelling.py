"""What a neural synthesiser is given to say: the dictionary's phones in its own alphabet, with stress.

So it says what the label says. British talkers have their own vowels and no R before consonants, Americans flap a T
between vowels, foreign talkers keep the habits of `accents.py`. The alphabet is Kokoro's: IPA, with capitals for
diphthongs.
"""

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_agent.models.phones import VOWELS
from export.accents import Habits

Phones = tuple[str, ...]
COMMA_SHARE = 0.04  # of the gaps between words
UNSTRESSED = frozenset(
    "a an the of to for from and or but as at by in on with is it its was are be am do does can could will would has "
    "have had me my you your he his she her him they them their we our us that this than then some so if not".split()
)
_AMERICAN = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "IH": "ɪ",
    "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f",
    "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s",
    "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_BRITISH = _AMERICAN | {"AA": "ɒ", "AO": "ɔː", "ER": "ɜː", "IY": "iː", "OW": "Q", "UW": "uː"}
_AMERICAN_UNSTRESSED, _BRITISH_UNSTRESSED = {"AH": "ə", "ER": "əɹ"}, {"AH": "ə", "ER": "ə", "IY": "i"}
_BRITISH_WITH_R = {"AA": "ɑː", "AO": "ɔː", "IH": "ɪə", "IY": "ɪə"}  # a vowel that has swallowed the R behind it
_IPA_VOWEL = re.compile("[aeiouæɐɑɒɔəɚɛɜɪʊʌᵻ]+[ːɪʊə]*")


@dataclass(frozen=True)
class Speech:
    """How a talker pronounces."""

    is_british: bool = False
    flaps: bool = False
    habits: Habits | None = None


def stressed_vowels(words: Iterable[str]) -> dict[str, int]:
    """Which vowel of each word bears the stress, counted from 0, as espeak-ng has it; a minute for a dictionary.

    Raises OSError or CalledProcessError when the program is not there.
    """
    asked = sorted(words)
    command = ["espeak-ng", "-q", "--ipa", "-v", "en-us"]
    said = subprocess.run(command, input="\n".join(asked).encode(), capture_output=True, check=True).stdout.decode()
    return {word: _stressed_vowel(ipa) for word, ipa in zip(asked, said.splitlines(), strict=True)}


def _stressed_vowel(ipa: str) -> int:
    before, mark, _ = ipa.partition("ˈ")
    return len(_IPA_VOWEL.findall(before)) if mark else 0


def spell(words: Iterable[tuple[str, Phones]], stress: Mapping[str, int], speech: Speech,
          rng: np.random.Generator) -> str:  # fmt: skip
    """A sentence of words and their phones, with now and then a comma, and a mark at its end."""
    said = []
    for word, phones in words:
        each = speech.habits.say(phones) if speech.habits else phones
        stressed = -1 if word in UNSTRESSED else stress.get(word, 0)
        said.append(spell_word(each, stressed, speech) + "," * bool(rng.random() < COMMA_SHARE))
    return " ".join(said).rstrip(",") + str(rng.choice(list(".?!"), p=[0.7, 0.2, 0.1]))


def spell_word(phones: Phones, stressed: int, speech: Speech) -> str:
    """One word, stressed on that vowel; on none if it is negative."""
    said: list[str] = []
    num_vowels = 0
    before_vowel = [following in VOWELS for following in (*phones[1:], "")]
    drops_r = [speech.is_british and phone == "R" and not before_vowel[i] for i, phone in enumerate(phones)] + [False]
    for index, phone in enumerate(phones):
        if phone in VOWELS:
            said.append(_vowel(phone, num_vowels == stressed, speech.is_british, drops_r[index + 1]))
            num_vowels += 1
            if speech.is_british and phone == "ER" and before_vowel[index]:
                said.append("ɹ")
        elif drops_r[index]:
            continue
        elif phone in {"T", "D"} and speech.flaps and _is_between_vowels(phones, index) and num_vowels != stressed:
            said.append("ɾ")
        else:
            said.append(_AMERICAN[phone])
    return "".join(said)


def _vowel(phone: str, is_stressed: bool, is_british: bool, swallows_r: bool) -> str:
    full, reduced = (_BRITISH, _BRITISH_UNSTRESSED) if is_british else (_AMERICAN, _AMERICAN_UNSTRESSED)
    symbols = full[phone] if is_stressed else reduced.get(phone, full[phone])
    if swallows_r:
        symbols = _BRITISH_WITH_R.get(phone, symbols + "ə")
    return "ˈ" * is_stressed + symbols


def _is_between_vowels(phones: Phones, index: int) -> bool:
    return 0 < index < len(phones) - 1 and {phones[index - 1], phones[index + 1]} <= VOWELS
