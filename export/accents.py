"""Foreign accents: flite's recorded talkers say the words as people do whose first language lacks English sounds.

Each accent is a set of substitutions over ARPABET phones, after the usual descriptions of learners' English
(M. Swan and B. Smith, "Learner English"). A talker keeps to the substitutions that were drawn for him; the labels
stay the dictionary's, so that the network maps accents to what the decoder looks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge_agent.models.phones import VOWELS

_DEVOICED = {"B": "P", "D": "T", "G": "K", "V": "F", "Z": "S", "DH": "TH", "ZH": "SH", "JH": "CH"}


@dataclass(frozen=True)
class Accent:
    """Phone -> what is said instead; `final` only at the end of a word; `before_s`: a vowel before S and a stop."""

    anywhere: Mapping[str, str]
    final: Mapping[str, str]
    before_s: bool = False
    vowel_after_final: bool = False


_RELAXED = {"IH": "IY", "UH": "UW", "AE": "EH"}
ACCENTS = {
    "indian": Accent({"TH": "T", "DH": "D", "W": "V", "AE": "EH", "AO": "AA", "ZH": "JH", "Z": "S"}, {}),
    "spanish": Accent(
        _RELAXED | {"Z": "S", "V": "B", "DH": "D", "TH": "S", "SH": "CH", "AH": "AA", "JH": "Y", "ER": "EH R"},
        {"M": "N", "D": "T", "NG": "N"},
        before_s=True,
    ),
    "french": Accent(_RELAXED | {"TH": "S", "DH": "Z", "HH": "", "CH": "SH", "JH": "ZH", "NG": "N"}, {}),
    "german": Accent({"TH": "S", "DH": "D", "W": "V", "AE": "EH", "JH": "CH", "ZH": "SH"}, _DEVOICED),
    "slavic": Accent(_RELAXED | {"TH": "S", "DH": "Z", "W": "V", "NG": "N G", "ER": "EH R", "AH": "AA"}, _DEVOICED),
    "chinese": Accent(
        {"TH": "S", "DH": "D", "V": "W", "Z": "S", "AE": "EH", "IH": "IY", "R": "L"},
        {"L": "OW", "D": "T", "B": "P", "G": "K", "V": "F", "M": "N"},
    ),
    "japanese": Accent(
        {"TH": "S", "DH": "Z", "V": "B", "L": "R", "AE": "AA", "AH": "AA", "ER": "AA", "F": "HH"},
        {},
        vowel_after_final=True,
    ),
    "arabic": Accent({"P": "B", "V": "F", "TH": "S", "DH": "Z", "CH": "SH", "EH": "IH", "OW": "AO", "NG": "N G"}, {}),
}


@dataclass(frozen=True)
class Habits:
    """What one talker does of an accent."""

    accent: Accent
    kept: frozenset[str]

    @classmethod
    def draw(cls, name: str, rng: np.random.Generator) -> "Habits":
        """A talker has between a third and nine tenths of an accent's habits."""
        accent, strength = ACCENTS[name], rng.uniform(0.35, 0.9)
        habits = [*accent.anywhere, *(f"{phone}#" for phone in accent.final), "before_s", "vowel_after_final"]
        return cls(accent, frozenset(habit for habit in habits if rng.random() < strength))

    def say(self, phones: tuple[str, ...]) -> tuple[str, ...]:
        """A word's phones as this talker says them."""
        said: list[str] = []
        for index, phone in enumerate(phones):
            is_last = index == len(phones) - 1
            if is_last and phone in self.accent.final and f"{phone}#" in self.kept:
                phone = self.accent.final[phone]
            elif phone in self.accent.anywhere and phone in self.kept:
                phone = self.accent.anywhere[phone]
            said += phone.split()
        if self.accent.before_s and "before_s" in self.kept and _is_cluster(said):
            said.insert(0, "EH")
        if self.accent.vowel_after_final and "vowel_after_final" in self.kept and _ends_hard(said):
            said.append("UH")
        return tuple(said) if VOWELS & set(said) else phones


def _is_cluster(phones: list[str]) -> bool:
    return len(phones) > 1 and phones[0] == "S" and phones[1] in {"P", "T", "K", "M", "N", "L", "W"}


def _ends_hard(phones: list[str]) -> bool:
    return bool(phones) and phones[-1] not in VOWELS | {"N", "M", "NG", "R"}


def flite_addenda(words: Mapping[str, tuple[str, ...]], habits: Habits) -> str:
    """Lines for flite's `-add_lex`: the words that this talker says otherwise."""
    lines = []
    for word, phones in sorted(words.items()):
        said = habits.say(phones)
        if said != phones:
            lines.append(f'"{word}" nil : {" ".join(_flite_phones(said))}\n')
    return "".join(lines)


def _flite_phones(phones: tuple[str, ...]) -> list[str]:
    """Lower case with stress marks: the first vowel is stressed."""
    named, stress = [], 1
    for phone in phones:
        if phone in VOWELS:
            named.append(f"{'ax' if phone == 'AH' and not stress else phone.lower()}{stress}")
            stress = 0
        else:
            named.append(phone.lower())
    return named
