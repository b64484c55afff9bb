"""Which word was understood when, from the partial, committed and revised events of a conversation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge_agent.events import Committed, EndOfTurn, Event, Partial, Revised, SpeechStarted


@dataclass
class Word:
    """A word that held to the end of its turn; `was`: what had been committed in its place."""

    text: str
    at_sample: int
    is_committed: bool = False
    was: str = ""


def spoken_words(events: Iterable[Event]) -> Iterator[Word]:
    """Words of all turns in order, each at the moment from which it stayed."""
    words: list[Word] = []
    for event in events:
        if isinstance(event, SpeechStarted):
            yield from words
            words = []
        elif isinstance(event, Partial | Committed | Revised | EndOfTurn) and event.text:
            words = _updated(words, event.text.split(), event.at_sample)
            if isinstance(event, Revised):
                _remember(words, event.was.split())
            if isinstance(event, Committed | Revised):
                for word in words[: len(event.text.split())]:
                    word.is_committed = True
    yield from words


def _updated(words: list[Word], texts: list[str], at_sample: int) -> list[Word]:
    """Words that stayed keep their moment; a shorter text than before takes back nothing."""
    kept = [
        words[place] if place < len(words) and words[place].text == text else Word(text, at_sample)
        for place, text in enumerate(texts)
    ]
    is_prefix = len(texts) < len(words) and [word.text for word in words[: len(texts)]] == texts
    return kept + words[len(texts) :] if is_prefix else kept


def _remember(words: list[Word], texts: list[str]) -> None:
    for word, was in zip(words, texts, strict=False):
        if word.text != was:
            word.was = was
