"""Where the words of a reply lie in its sound, so that it can be taken up again at one.

No engine tells this for all voices, so it is estimated: words share the time that is not silence by their letters, and
each is said to begin at the quietest place near by.
"""

from dataclasses import dataclass

import numpy as np

from edge_agent.units import HOP_SAMPLES, db_to_gain
from edge_agent.voice.base import Samples
from edge_agent.voice.text import COMMA, STOP, spoken_tokens

_SILENCE = db_to_gain(-35.0)  # below the loudest hop
_EXTRA_LETTERS = 1.5  # a short word takes longer than its letters say
_SEARCH_HOPS = 7  # to each side


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text, its sound (float32 at 16 kHz), and where its spoken words begin, in samples."""

    text: str
    sound: Samples
    words: tuple[str, ...] = ()
    word_starts: tuple[int, ...] = ()

    def place_of_word(self, place_samples: int) -> int:
        """Where the word begins that sounds at a place; 0 before the first."""
        return max((start for start in self.word_starts if start <= place_samples), default=0)

    def text_until(self, place_samples: int) -> str:
        """The words that have begun before a place, as they are spoken."""
        return " ".join(word for word, start in zip(self.words, self.word_starts, strict=True) if start < place_samples)


def with_words(text: str, sound: Samples) -> Spoken:
    """Find the words. Thread: any; takes less than 1 ms for 10 s of sound."""
    words = tuple(token for token in spoken_tokens(text) if token not in (COMMA, STOP))
    power = _hop_power(sound)
    sounding = np.flatnonzero(power > _SILENCE**2 * power.max(initial=0.0))
    if not words or not len(sounding):
        return Spoken(text, sound)
    letters = np.array([len(word) + _EXTRA_LETTERS for word in words])
    share = np.concatenate([[0.0], np.cumsum(letters)[:-1]]) / letters.sum()
    hops = sounding[(share * len(sounding)).astype(np.int64)]
    hops[1:] = [_quietest(power, int(hop)) for hop in hops[1:]]
    return Spoken(text, sound, words, tuple((np.maximum.accumulate(hops) * HOP_SAMPLES).tolist()))


def _hop_power(sound: Samples) -> Samples:
    num_hops = len(sound) // HOP_SAMPLES
    return np.asarray(np.mean(sound[: num_hops * HOP_SAMPLES].reshape(num_hops, HOP_SAMPLES) ** 2, axis=1))


def _quietest(power: Samples, hop: int) -> int:
    """The hop after the quietest one near by: the end of a pause, or of a closed lip."""
    first = max(0, hop - _SEARCH_HOPS)
    near = power[first : hop + _SEARCH_HOPS + 1]
    return first + len(near) - 1 - int(np.argmin(near[::-1]))
