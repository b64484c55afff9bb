"""How words are said: given by hand, from the dictionary, or predicted; with the short forms of fluent speech."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.models.g2p import predict
from edge_agent.models.lexicon import Pronunciation, look_up

# Little words are reduced between others; dictionaries list their full forms only.
_WEAK_FORMS: dict[str, tuple[str, ...]] = {
    "a": ("AH",),
    "an": ("AH N",),
    "and": ("AH N", "AE N", "N"),
    "can": ("K AH N",),
    "for": ("F ER",),
    "have": ("HH AH V", "AH V"),
    "i'd": ("AY",),
    "of": ("AH",),
    "or": ("ER",),
    "some": ("S AH M",),
    "the": ("DH AH", "DH IY"),
    "to": ("T AH", "T IH", "D AH"),
    "want": ("W AA N", "W AO N"),
    "what": ("W AH",),
    "what's": ("W AH S",),
    "you": ("Y AH",),
    "your": ("Y ER",),
}


@dataclass(frozen=True)
class Spoken:
    """Pronunciations of the words asked for; which of them are predicted, and which nobody can say (they have none)."""

    pronunciations: dict[str, tuple[Pronunciation, ...]]
    predicted: tuple[str, ...]
    unspeakable: tuple[str, ...]


def pronounce(words: Iterable[str], by_hand: dict[str, tuple[Pronunciation, ...]]) -> Spoken:
    """Pronunciations of every word, by hand first, then dictionary, then predicted."""
    wanted = sorted(set(words))
    found = look_up(word for word in wanted if word not in by_hand)
    spoken: dict[str, tuple[Pronunciation, ...]] = {}
    predicted: list[str] = []
    for word in wanted:
        if word in by_hand:
            spoken[word] = by_hand[word]
        elif word in found:
            weak = [tuple(form.split()) for form in _WEAK_FORMS.get(word, ())]
            spoken[word] = tuple(dict.fromkeys([*found[word], *weak]))
        else:
            spoken[word] = predict(word)
            predicted.append(word)
    unspeakable = tuple(word for word in predicted if not spoken[word])
    return Spoken(spoken, tuple(predicted), unspeakable)
