"""What is said in the corpus: requests, household sentences, numbers, and phonetically varied word lists.

Every sentence is plain lower-case words that the pronunciation dictionary knows. The sentences of
`commands/` (the evaluation recordings) are never used: the acoustic model must be general.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import yaml

from edge_agent.models.lexicon import Pronunciation, full_dictionary
from edge_agent.models.numbers import number_words, ordinal_words

COMMON_WORDS = Path("/usr/share/dict/american-english-small")  # Debian package wamerican-small
_UNITS = "percent degrees minutes seconds hours dollars cents miles days weeks pounds ounces cups".split()
_MONTHS = "january february march april may june july august september october november december".split()


def normalise(text: str) -> str | None:
    """Lower-case words with numbers spelled out, or None when something cannot be said from the dictionary."""
    text = text.lower().replace("%", " percent ").replace("-", " ")
    text = re.sub(r"\d+", lambda digits: f" {number_words(int(digits[0]))} " if len(digits[0]) < 6 else "@", text)
    text = re.sub(r"[.,!?;:\"]", " ", text)
    words = [word.strip("'") if word.strip("'") else "@" for word in text.split()]
    return " ".join(words) if words and all(re.fullmatch(r"[a-z][a-z']*", word) for word in words) else None


class Texts:
    """Draws sentences; same generator state, same sentences. `data` is the folder that holds `text/`."""

    def __init__(self, data: Path) -> None:
        self._dictionary = full_dictionary()
        self.requests = self._known(_training_requests(data / "text" / "queries.tsv"))
        self.household = self._known(_home_assistant_sentences(data / "text" / "home_assistant" / "tests"))
        self.words = self._common_words()

    def _known(self, lines: Iterable[str]) -> list[str]:
        sentences = {text for line in lines if (text := normalise(line))}
        return sorted(text for text in sentences if all(word in self._dictionary for word in text.split()))

    def _common_words(self) -> list[str]:
        words = set(" ".join(self.requests + self.household).split())
        if COMMON_WORDS.exists():
            words |= set(COMMON_WORDS.read_text(encoding="utf-8").split())
        return sorted(word for word in words if word in self._dictionary and "." not in word)

    def draw(self, rng: np.random.Generator) -> str:
        """One sentence of 1..14 words."""
        kinds: list[tuple[float, Callable[[np.random.Generator], str]]] = [
            (0.42, lambda r: self._one_of(self.requests, r)),
            (0.15, lambda r: self._one_of(self.household, r)),
            (0.31, self._word_list),
            (0.12, _number_phrase),
        ]
        choice = rng.choice(len(kinds), p=[weight for weight, _ in kinds])
        return kinds[choice][1](rng)

    @staticmethod
    def _one_of(sentences: list[str], rng: np.random.Generator) -> str:
        return sentences[int(rng.integers(len(sentences)))]

    def _word_list(self, rng: np.random.Generator) -> str:
        glue = "a the and of with for to in my some i please is it on at".split()
        words = []
        for _ in range(int(rng.integers(1, 8))):
            if rng.random() < 0.35:
                words.append(glue[int(rng.integers(len(glue)))])
            words.append(self._one_of(self.words, rng))
        return " ".join(words)

    def pronounced(self, text: str) -> list[tuple[str, Pronunciation]]:
        """The words of a sentence with their first pronunciations, 'the' before a vowel as DH IY."""
        words: list[tuple[str, Pronunciation]] = []
        for word in reversed(text.split()):
            said = self._dictionary[word][0]
            if word == "the":
                said = ("DH", "IY") if words and words[-1][1][0][0] in "AEIOU" else ("DH", "AH")
            words.append((word, said))
        return words[::-1]

    def pronounce(self, text: str) -> list[str]:
        """Phones of a sentence."""
        return [phone for _, phones in self.pronounced(text) for phone in phones]


def _training_requests(path: Path) -> Iterable[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        split, _intent, text = line.split("\t")
        if split.endswith("train"):
            yield text


def _home_assistant_sentences(folder: Path) -> Iterable[str]:
    for path in sorted(folder.rglob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for test in content.get("tests", ()):
            yield from (sentence for sentence in test.get("sentences", ()) if isinstance(sentence, str))


def _number_phrase(rng: np.random.Generator) -> str:
    def number(high: int) -> str:
        return number_words(int(rng.integers(high)))

    def month() -> str:
        return f"{_MONTHS[int(rng.integers(12))]} {ordinal_words(int(rng.integers(1, 32)))}"

    def clock() -> str:
        minute = int(rng.integers(60))
        spoken = "" if minute == 0 else f"oh {number_words(minute)}" if minute < 10 else number_words(minute)
        return f"{number_words(int(rng.integers(1, 13)))} {spoken} {'in the morning' if rng.random() < 0.3 else 'p m'}"

    def unit() -> str:
        return _UNITS[int(rng.integers(len(_UNITS)))]

    kinds: list[Callable[[], str]] = [
        lambda: f"{number(101)} {unit()}",
        lambda: f"{number(61)} {unit()} and {number(61)} {unit()}",
        lambda: " ".join(number(10) for _ in range(int(rng.integers(2, 9)))),
        month,
        lambda: f"at {clock()}",
        lambda: f"{number(2500)} {unit()}",
    ]
    return " ".join(kinds[int(rng.integers(len(kinds)))]().split())
