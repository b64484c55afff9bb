"""Which sound decides a word: the first phone after which the grammar leaves no other word in its place.

A word is often known before it ends, and sometimes only after: the grammar tells. What is asked here is what a perfect
listener could know; how soon ours commits is measured against it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.alignment import Aligner
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.pronounce import pronounce
from edge_agent.models.search import flatten

Words = tuple[str, ...]
MAX_FRAMES, MAX_PHONES = 1500, 400
BLANK_COST, FLOOR = 2.0, 10.0


@dataclass(frozen=True)
class _Way:
    """A place in the graph, and the words said on the way to it."""

    node: int
    words: Words


class Grammar:
    """A graph that can be followed forwards."""

    def __init__(self, graph: PhoneGraph) -> None:
        self._graph = graph
        self._words = [tuple(one.text for one in flatten(label) if one.kind == "word") for label in graph.labels]
        destination = np.repeat(np.arange(graph.num_nodes), np.diff(graph.arc_start))
        self._arcs_from: list[list[tuple[int, int]]] = [[] for _ in range(graph.num_nodes)]
        for source, target, label in zip(
            graph.arc_source.tolist(), destination.tolist(), graph.arc_label.tolist(), strict=True
        ):
            self._arcs_from[source].append((target, label))

    def deciding_phones(self, tokens: list[int], words: Words) -> list[int] | None:
        """For each word, the index of the phone that decides it; None if the grammar has no such sentence."""
        ways, decided = {_Way(0, ())}, [-1] * len(words)
        for index, token in enumerate(tokens):
            ways = {
                _Way(target, way.words + self._words[label])
                for way in ways
                for target, label in self._arcs_from[way.node]
                if self._graph.phone[target] == token
            }
            if not ways:
                return None
            for place, word in enumerate(words):
                if decided[place] < 0 and all(way.words[place : place + 1] == (word,) for way in ways):
                    decided[place] = index
        return decided if min(decided, default=0) >= 0 else None


def said_phones(
    words: Words, log_posteriors: NDArray[np.float32], aligner: Aligner
) -> tuple[list[int], list[int]] | None:
    """Tokens of the pronunciations that fit best, and the first frame of each; None where they do not fit at all."""
    spoken = pronounce(words, {}).pronunciations
    chosen = [spoken[word][0] for word in words]
    best = _fit(chosen, log_posteriors, aligner)
    for place, word in enumerate(words):
        for other in spoken[word][1:]:
            tried = [*chosen[:place], other, *chosen[place + 1 :]]
            fit = _fit(tried, log_posteriors, aligner)
            if fit is not None and (best is None or fit[0] > best[0]):
                chosen, best = tried, fit
    return None if best is None else (best[1], best[2])


def _fit(
    pronunciations: list[tuple[str, ...]], log_posteriors: NDArray[np.float32], aligner: Aligner
) -> tuple[float, list[int], list[int]] | None:
    tokens = [TOKEN_OF_PHONE[phone] for phones in pronunciations for phone in phones]
    aligned = aligner.align(log_posteriors, np.array(tokens, np.uint8), BLANK_COST, FLOOR)
    if aligned is None:
        return None
    score = float(aligned.score.mean()) + aligned.between / len(tokens)
    return score, tokens, aligned.first_frame.tolist()
