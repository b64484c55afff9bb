"""Sentences that can mean two things, found by walking two readings of the word graph side by side.

Only places where two readings part are followed, so nothing is expanded: the cost grows with the graph, not with the
number of sentences.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.models.commands import SlotValue
from edge_agent.models.readings import Place, Readings, Step
from edge_agent.models.word_graph import WordGraph

_Output = tuple[str, SlotValue]
_Ahead = frozenset[_Output]


@dataclass(frozen=True)
class Clash:
    """One sentence with two meanings: the intents, and the slots in which they differ."""

    sentence: str
    intents: tuple[str, str]
    slots: tuple[dict[str, SlotValue], dict[str, SlotValue]]

    def __str__(self) -> str:
        first, second = (
            f"{intent} {slots or ''}".strip() for intent, slots in zip(self.intents, self.slots, strict=True)
        )
        return f"'{self.sentence}' can mean {first} or {second}"


@dataclass(frozen=True)
class _Pair:
    """Two readings of the same words, and what each has put out that the other has not."""

    first: Place
    second: Place
    first_ahead: _Ahead
    second_ahead: _Ahead


def find_clashes(graph: WordGraph) -> Iterator[Clash]:
    """Clashes, each pair of readings once, shortest beginnings first."""
    readings = Readings(graph)
    seen: set[_Pair] = set()
    for place, words in readings.places():
        meanings = sorted(readings.meanings(place))
        for other in meanings[1:]:
            yield _clash(graph, words, (meanings[0], frozenset()), (other, frozenset()))
        yield from _from_branches(graph, readings, place, words, seen)


def _from_branches(
    graph: WordGraph, readings: Readings, place: Place, words: tuple[str, ...], seen: set[_Pair]
) -> Iterator[Clash]:
    queue = deque(_parted(readings.steps(place), words))
    while queue:
        pair, said = queue.popleft()
        if pair in seen or (pair.first == pair.second and pair.first_ahead == pair.second_ahead):
            continue
        seen.add(pair)
        clash = _ends_differently(graph, readings, pair, said)
        if clash:
            yield clash
        for step in readings.steps(pair.first):
            for other in readings.steps(pair.second):
                if step.word == other.word:
                    queue.append((_advanced(pair, step, other), (*said, step.word)))


def _parted(steps: list[Step], words: tuple[str, ...]) -> Iterator[tuple[_Pair, tuple[str, ...]]]:
    for index, step in enumerate(steps):
        for other in steps[index + 1 :]:
            if step.word == other.word:
                start = _Pair(step.target, other.target, frozenset(), frozenset())
                yield _advanced(start, step, other), (*words, step.word)


def _advanced(pair: _Pair, step: Step, other: Step) -> _Pair:
    first = pair.first_ahead | ({step.output} if step.output else frozenset())
    second = pair.second_ahead | ({other.output} if other.output else frozenset())
    return _Pair(step.target, other.target, first - second, second - first)


def _ends_differently(graph: WordGraph, readings: Readings, pair: _Pair, said: tuple[str, ...]) -> Clash | None:
    for meaning in readings.meanings(pair.first):
        for other in readings.meanings(pair.second):
            if meaning != other or pair.first_ahead != pair.second_ahead:
                return _clash(graph, said, (meaning, pair.first_ahead), (other, pair.second_ahead))
    return None


def _clash(graph: WordGraph, words: tuple[str, ...], reading: tuple[int, _Ahead], other: tuple[int, _Ahead]) -> Clash:
    """The clash of two intents with what each says that the other does not, in the order of the file's intents."""
    first, second = sorted((reading, other), key=lambda meant: meant[0])
    intents = (graph.intents[first[0]], graph.intents[second[0]])
    return Clash(" ".join(words), intents, (dict(first[1]), dict(second[1])))
