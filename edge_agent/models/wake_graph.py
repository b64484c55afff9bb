"""Wake phrases as a graph: one chain of phones for each way to say each phrase."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import CommandsError
from edge_agent.models.phone_graph import NO_LABEL, Label, PhoneGraph
from edge_agent.models.phones import TOKEN_OF_PHONE, TOKENS, VOWELS
from edge_agent.models.pronounce import pronounce

MAX_WAYS = 48  # to say one phrase
MAX_PHONES = 40

Tokens = NDArray[np.uint8]


@dataclass(frozen=True)
class Way:
    """One way to say a phrase."""

    phrase: int
    tokens: Tokens
    last_node: int  # of its chain


def phrase_words(phrase: str) -> list[str]:
    """Words of a phrase as the dictionary writes them. Raises CommandsError if there are none."""
    words = re.findall(r"[a-z']+", phrase.lower())
    if not words:
        raise CommandsError(f"wake phrase '{phrase}' has no words; write it as it is said, in letters")
    return words


def ways_to_say(phrases: Sequence[str]) -> list[list[tuple[str, ...]]]:
    """Phones of every way to say each phrase, a usual one first. Takes about 0.2 s.

    Raises CommandsError for a phrase that nobody can say.
    """
    words = [phrase_words(phrase) for phrase in phrases]
    spoken = pronounce((word for phrase in words for word in phrase), {})
    ways = []
    for phrase, parts in zip(phrases, words, strict=True):
        choices = product(*(spoken.pronunciations[word] for word in parts))
        said = [sum(choice, ()) for choice in islice(choices, MAX_WAYS)]
        ways.append(list(dict.fromkeys([*said, *map(without_r, said)])))
        _check(phrase, ways[-1])
    return ways


def without_r(way: tuple[str, ...]) -> tuple[str, ...]:
    """As many say it: an R is spoken before vowels only. A way of its own, since the alignment leaves no phone out."""
    before, behind = ("", *way), (*way[1:], "")
    return tuple(
        phone
        for phone, last, after in zip(way, before, behind, strict=False)
        if phone != "R" or last not in VOWELS or after in VOWELS
    )


def _check(phrase: str, ways: list[tuple[str, ...]]) -> None:
    if not ways or not all(VOWELS & set(way) for way in ways):
        raise CommandsError(f"wake phrase '{phrase}' cannot be pronounced; write it as it is said, or choose another")
    if max(map(len, ways)) > MAX_PHONES:
        raise CommandsError(f"wake phrase '{phrase}' is too long; use at most {MAX_PHONES} sounds")


def num_syllables(tokens: Tokens) -> int:
    """One for each vowel."""
    return sum(TOKENS[token] in VOWELS for token in tokens)


def compile_phrases(phrases: Sequence[str]) -> tuple[PhoneGraph, tuple[Way, ...]]:
    """The graph, and what each of its chains says. Raises CommandsError. Takes about 0.2 s."""
    phone, sources, ways = [0], [0], []
    for index, all_said in enumerate(ways_to_say(phrases)):
        for said in all_said:
            tokens = [TOKEN_OF_PHONE[one] for one in said]
            sources += [0, *range(len(phone), len(phone) + len(tokens) - 1)]
            phone += tokens
            ways.append(Way(index, np.array(tokens, np.uint8), len(phone) - 1))
    final_label = np.zeros(len(phone), np.int32)
    for way in ways:
        final_label[way.last_node] = way.phrase + 1
    labels = (NO_LABEL, *(Label("end", intent=phrase) for phrase in phrases))
    return _chains(phone, sources[1:], final_label, labels), tuple(ways)


def _chains(
    phone: list[int], sources: list[int], final_label: NDArray[np.int32], labels: tuple[Label, ...]
) -> PhoneGraph:
    num_nodes = len(phone)
    return PhoneGraph(
        phone=np.array(phone, np.uint8),
        arc_start=np.concatenate([[0], np.arange(num_nodes)]).astype(np.int32),
        arc_source=np.array(sources, np.int32),
        arc_label=np.zeros(num_nodes - 1, np.int32),
        arc_cost=np.zeros(num_nodes - 1, np.float32),
        final_cost=np.where(final_label > 0, 0.0, np.inf).astype(np.float32),
        final_label=final_label,
        can_continue=(final_label == 0).astype(np.uint8),
        labels=labels,
    )
