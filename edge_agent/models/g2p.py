"""Pronunciations of words that the dictionary does not have."""

from edge_agent.models.letters import plain_letters, spell
from edge_agent.models.lexicon import Pronunciation


def predict(word: str) -> tuple[Pronunciation, ...]:
    """Likely pronunciations, best first; none for words with other signs than letters."""
    letters = plain_letters(word)
    if not letters:
        return ()
    return (spell(letters),)
