"""A long reply in pieces: the agent says a few words, listens, and goes on."""

import re

LONGEST_PIECE_WORDS = 14
_SENTENCE_ENDS = re.compile(r"(?<=[.!?]) +")


def pieces(text: str) -> list[str]:
    """Whole sentences, joined while they stay short enough to be listened to; none for an empty text."""
    made: list[str] = []
    for sentence in _SENTENCE_ENDS.split(text.strip()):
        together = f"{made[-1]} {sentence}" if made else sentence
        if made and len(together.split()) <= LONGEST_PIECE_WORDS:
            made[-1] = together
        elif sentence:
            made.append(sentence)
    return made
