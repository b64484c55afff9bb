"""Pronunciations from the shipped dictionary (CMUdict without stress; licence beside it).

The dictionary stays compressed on disk and is scanned once for the words that are asked for, so that a running agent
does not hold 135,000 entries in memory.
"""

import lzma
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

Pronunciation = tuple[str, ...]


def entries() -> Iterator[tuple[str, str]]:
    """Each word with one of its pronunciations, as the file has them."""
    packed = resources.files("edge_agent.models").joinpath("data/cmudict.txt.xz").read_bytes()
    for line in lzma.decompress(packed).decode("ascii").splitlines():
        word, _, phones = line.partition(" ")
        yield word, phones


def look_up(words: Iterable[str]) -> dict[str, list[Pronunciation]]:
    """Pronunciations of those words that the dictionary has, most usual first. Takes about 0.2 s."""
    wanted = set(words)
    found: dict[str, list[Pronunciation]] = {}
    for word, phones in entries():
        if word in wanted:
            found.setdefault(word, []).append(tuple(phones.split()))
    return found


@cache
def full_dictionary() -> dict[str, list[Pronunciation]]:
    """The whole dictionary in memory (about 60 MB); for training tools only."""
    dictionary: dict[str, list[Pronunciation]] = {}
    for word, phones in entries():
        dictionary.setdefault(word, []).append(tuple(phones.split()))
    return dictionary
