"""Names of letters, and the plainest sound of each: what is left when nothing better is known about a word."""

import unicodedata

from edge_agent.models.lexicon import Pronunciation

LETTER_NAMES: dict[str, str] = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY",
    "h": "EY CH", "i": "AY", "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N",
    "o": "OW", "p": "P IY", "q": "K Y UW", "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW",
    "v": "V IY", "w": "D AH B AH L Y UW", "x": "EH K S", "y": "W AY", "z": "Z IY",
}  # fmt: skip
_VOWELS = frozenset("aeiouy")


def plain_letters(word: str) -> str:
    """The word in a..z, accents and apostrophes dropped; '' when it has other signs."""
    bare = unicodedata.normalize("NFKD", word.lower().replace("'", ""))
    letters = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return letters if letters.isascii() and letters.isalpha() else ""


def is_spelled(letters: str) -> bool:
    """True for words that cannot be spoken as one, such as 'tv' or 'hdmi'."""
    return len(letters) == 1 or not _VOWELS & set(letters)


def spell(letters: str) -> Pronunciation:
    """The names of the letters: 'tv' -> T IY V IY."""
    return tuple(phone for letter in letters for phone in LETTER_NAMES[letter].split())
