"""The word graph with its lists opened: one word a step."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.models.commands import SlotValue
from edge_agent.models.template_graph import ListSlot
from edge_agent.models.word_graph import WordGraph

_SLOTS = -1


@dataclass(frozen=True)
class Place:
    """A sentence state; within a list, the state there, and the sentence state that the list leads to."""

    sentence_state: int
    list_slot: ListSlot | None = None
    list_state: int = 0


@dataclass(frozen=True)
class Step:
    """A word, the slot it completes if any, and the place after it."""

    word: str
    output: tuple[str, SlotValue] | None
    target: Place


class Readings:
    """Walks a WordGraph word by word; places that list values end in are shared by all who use the list."""

    def __init__(self, graph: WordGraph) -> None:
        self._graph = graph
        self._steps: dict[Place, list[Step]] = {}
        self._outcomes: dict[Place, frozenset[int]] = {}

    @property
    def start(self) -> Place:
        return Place(self._graph.sentences.start)

    def meanings(self, place: Place) -> frozenset[int]:
        """Intents (as indices) of the sentences that end here."""
        return frozenset() if place.list_slot else self._graph.sentences.meanings[place.sentence_state]

    def steps(self, place: Place) -> list[Step]:
        """All next words; the same word more than once where it can be read in several ways."""
        if place not in self._steps:
            inside = self._list_steps(place.list_slot, place) if place.list_slot else self._sentence_steps(place)
            self._steps[place] = list(inside)
        return self._steps[place]

    def meanings_ahead(self, place: Place) -> frozenset[int]:
        """Intents (as indices) of all sentences from here on."""
        return self._reachable(place) - {_SLOTS}

    def can_matter(self, place: Place) -> bool:
        """True if words that may follow here change what is meant; "please" and the like do not."""
        return len(self._reachable(place)) > 1

    def _reachable(self, place: Place) -> frozenset[int]:
        """Intents of all sentences from here on, and _SLOTS if any slot is set on the way."""
        if place not in self._outcomes:
            outcomes = set(self.meanings(place))
            for step in self.steps(place):
                outcomes |= self._reachable(step.target)
                outcomes |= {_SLOTS} if step.output else set()
            self._outcomes[place] = frozenset(outcomes)
        return self._outcomes[place]

    def places(self) -> Iterator[tuple[Place, tuple[str, ...]]]:
        """Every place once, with the words of a shortest way to it."""
        queue: deque[tuple[Place, tuple[str, ...]]] = deque([(self.start, ())])
        seen = {self.start}
        while queue:
            place, words = queue.popleft()
            yield place, words
            for step in self.steps(place):
                if step.target not in seen:
                    seen.add(step.target)
                    queue.append((step.target, (*words, step.word)))

    def _sentence_steps(self, place: Place) -> Iterator[Step]:
        for symbol, target in self._graph.sentences.arcs[place.sentence_state].items():
            if isinstance(symbol, ListSlot):
                start = self._graph.lists[symbol.list_name].start
                yield from self._list_steps(symbol, Place(target, symbol, start))
            else:
                yield Step(symbol, None, Place(target))

    def _list_steps(self, slot: ListSlot, place: Place) -> Iterator[Step]:
        automaton = self._graph.lists[slot.list_name]
        values = self._graph.values[slot.list_name]
        for word, state in automaton.arcs[place.list_state].items():
            for meaning in automaton.meanings[state]:
                yield Step(str(word), (slot.slot, values[meaning].value), Place(place.sentence_state))
            if automaton.arcs[state]:
                yield Step(str(word), None, Place(place.sentence_state, slot, state))
