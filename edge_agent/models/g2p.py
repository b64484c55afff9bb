"""Pronunciations of words that the dictionary does not have, predicted letter by letter.

A unit is one letter with the 0, 1 or 2 phones it stands for: 'x' as K S, 'e' as nothing. A word is a chain of units,
and the chance of a unit depends on those before it (interpolated Kneser-Ney smoothing over n-grams of units, counted by
export/g2p.py in the shipped dictionary). The likeliest chains that spell the word are its pronunciations.
"""

import lzma
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.letters import is_spelled, plain_letters, spell
from edge_agent.models.lexicon import Pronunciation

UNIT_BITS = 8
ORDER = 5
END = 1  # unit that closes a word; 0 stands before its beginning
DISCOUNT = 0.9
_BEAM = 24
_MAX_PREDICTED = 2
_MIN_SHARE = 0.35  # a second pronunciation is kept when it is at least this likely against the best
_MAX_LETTERS = 40

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Ngrams:
    """Counts of one order. keys: units of each n-gram, oldest in the highest bits, ascending."""

    keys: Keys
    counts: NDArray[np.float64]
    contexts: Keys
    totals: NDArray[np.float64]  # of all n-grams with that context
    num_followers: NDArray[np.float64]

    @classmethod
    def of_counts(cls, keys: Keys, counts: NDArray[np.uint8]) -> "Ngrams":
        contexts, starts = np.unique(keys >> np.uint64(UNIT_BITS), return_index=True)
        amounts = counts.astype(np.float64)
        num_followers = np.diff(np.append(starts, len(keys))).astype(np.float64)
        totals: NDArray[np.float64] = np.add.reduceat(amounts, starts)
        return cls(keys, amounts, contexts, totals, num_followers)

    def refine(self, histories: Keys, units: Keys, p_shorter: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of `units` after `histories`, given those with histories one unit shorter."""
        at, is_known = _find(self.contexts, histories)
        key_at, is_counted = _find(self.keys, (histories << np.uint64(UNIT_BITS)) | units)
        kept = np.where(is_counted, self.counts[key_at] - DISCOUNT, 0.0)
        p: NDArray[np.float64] = (kept + DISCOUNT * self.num_followers[at] * p_shorter) / self.totals[at]
        return np.where(is_known, p, p_shorter)


def _find(sorted_keys: Keys, wanted: Keys) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    at = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    return at, sorted_keys[at] == wanted


@dataclass(frozen=True)
class G2p:
    """Units and their n-grams; `letters[unit]` and `phones[unit]` say what a unit is."""

    letters: tuple[str, ...]
    phones: tuple[Pronunciation, ...]
    orders: tuple[Ngrams, ...]  # of 1, 2 ... ORDER units

    def predict(self, letters: str) -> list[tuple[float, Pronunciation]]:
        """Most likely pronunciations with their log probabilities, best first; empty if a letter is unknown."""
        units_of_letter = self._units_of_letter()
        chains: list[tuple[int, ...]] = [()]
        scores = np.zeros(1)
        for letter in [*letters, ""]:
            choices = units_of_letter.get(letter)
            if choices is None:
                return []
            chains, scores = self._extended(chains, scores, choices)
        return self._pronunciations(chains, scores)

    def _units_of_letter(self) -> dict[str, Keys]:
        units = {
            letter: [u for u, own in enumerate(self.letters) if own == letter and u > END] for letter in self.letters
        }
        return {letter: np.array(own, np.uint64) for letter, own in units.items() if own} | {
            "": np.array([END], np.uint64)
        }

    def _extended(
        self, chains: list[tuple[int, ...]], scores: NDArray[np.float64], choices: Keys
    ) -> tuple[list[tuple[int, ...]], NDArray[np.float64]]:
        histories = np.repeat(np.array([_key(chain[-(ORDER - 1) :]) for chain in chains], np.uint64), len(choices))
        units = np.tile(choices, len(chains))
        p = np.full(len(units), 1.0 / len(self.letters))
        for length, ngrams in enumerate(self.orders):
            p = ngrams.refine(histories & np.uint64((1 << (UNIT_BITS * length)) - 1), units, p)
        totals = np.repeat(scores, len(choices)) + np.log(p)
        best = np.argsort(-totals, kind="stable")[:_BEAM]
        return [(*chains[at // len(choices)], int(units[at])) for at in best], totals[best]

    def _pronunciations(
        self, chains: list[tuple[int, ...]], scores: NDArray[np.float64]
    ) -> list[tuple[float, Pronunciation]]:
        log_p: dict[Pronunciation, float] = {}
        for chain, score in zip(chains, scores, strict=True):
            phones = tuple(phone for unit in chain for phone in self.phones[unit])
            if phones:
                log_p[phones] = float(np.logaddexp(log_p.get(phones, -np.inf), score))
        return sorted(((score, phones) for phones, score in log_p.items()), key=lambda entry: -entry[0])


def _key(units: tuple[int, ...]) -> int:
    key = 0
    for unit in units:
        key = key << UNIT_BITS | unit
    return key


def pack(letters: list[str], phones: list[Pronunciation], orders: list[tuple[Keys, NDArray[np.uint8]]]) -> bytes:
    """Bytes of the shipped file: a text line of units, then per order the differences of the keys and the counts."""
    units = ",".join(f"{letter}:{' '.join(own)}" for letter, own in zip(letters, phones, strict=True))
    parts = [f"{units}\n{' '.join(str(len(keys)) for keys, _ in orders)}\n".encode()]
    for keys, counts in orders:
        steps = np.diff(keys, prepend=np.uint64(0)).astype("<u8")
        parts += [np.ascontiguousarray(steps.view(np.uint8).reshape(-1, 8).T).tobytes(), counts.tobytes()]
    return lzma.compress(b"".join(parts), preset=9 | lzma.PRESET_EXTREME)


def unpack(packed: bytes) -> G2p:
    """The model of `pack`."""
    units, lengths, body = lzma.decompress(packed).split(b"\n", 2)
    entries = [entry.partition(":") for entry in units.decode("ascii").split(",")]
    orders = []
    for length in (int(text) for text in lengths.split()):
        planes = np.frombuffer(body, np.uint8, 8 * length).reshape(8, length)
        keys = np.cumsum(np.ascontiguousarray(planes.T).view("<u8").ravel(), dtype=np.uint64)
        orders.append(Ngrams.of_counts(keys, np.frombuffer(body, np.uint8, length, 8 * length)))
        body = body[9 * length :]
    return G2p(tuple(entry[0] for entry in entries), tuple(tuple(entry[2].split()) for entry in entries), tuple(orders))


@cache
def _shipped() -> G2p:
    return unpack(resources.files("edge_agent.models").joinpath("data/g2p.xz").read_bytes())


def predict(word: str) -> tuple[Pronunciation, ...]:
    """Likely pronunciations, best first; none for words with other signs than letters. 'tv' is spelled."""
    letters = plain_letters(word)
    if not letters or len(letters) > _MAX_LETTERS:
        return ()
    if is_spelled(letters):
        return (spell(letters),)
    found = _shipped().predict(letters)[:_MAX_PREDICTED]
    if not found:
        return (spell(letters),)
    return tuple(phones for score, phones in found if score >= found[0][0] + np.log(_MIN_SHARE))
