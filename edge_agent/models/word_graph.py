"""All sentences of all intents as one minimal acyclic automaton over words and lists.

Common beginnings and common ends are shared whatever way the templates are written, so that 78 templates over the same
six slots become a few dozen states.
"""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

from hassil.expression import Alternative, Expression, Sequence, TextChunk

from edge_agent.errors import CommandsError
from edge_agent.models.commands import Commands, ListValue, range_values
from edge_agent.models.template_graph import ListSlot, Position, Symbol, TemplateGraph
from edge_agent.models.templates import Template

_MAX_STATES = 200_000
_INLINE_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:,(\d+))?")
_Member = tuple[int, Position]  # graph index and position in it


@dataclass(frozen=True)
class Automaton:
    """State -> {symbol: state}; state -> what the sentences ending there mean (empty: none ends). Acyclic, minimal."""

    start: int
    arcs: tuple[dict[Symbol, int], ...]
    meanings: tuple[frozenset[int], ...]


@dataclass(frozen=True)
class WordGraph:
    """Sentences over words and lists, and each list over words. Meanings index `intents` and `values[list]`."""

    sentences: Automaton
    intents: tuple[str, ...]
    lists: dict[str, Automaton]
    values: dict[str, tuple[ListValue, ...]]


@dataclass
class _Builder:
    """Determinises and merges equal states in one depth-first pass."""

    graphs: list[TemplateGraph]
    meaning_of_graph: list[int]
    arcs: list[dict[Symbol, int]] = field(default_factory=list)
    meanings: list[frozenset[int]] = field(default_factory=list)
    state_of_members: dict[frozenset[_Member], int] = field(default_factory=dict)
    state_of_future: dict[Hashable, int] = field(default_factory=dict)

    def build(self) -> Automaton:
        start = self._state(frozenset((index, graph.start) for index, graph in enumerate(self.graphs)))
        return Automaton(start, tuple(self.arcs), tuple(self.meanings))

    def _state(self, members: frozenset[_Member]) -> int:
        if members in self.state_of_members:
            return self.state_of_members[members]
        targets: dict[Symbol, set[_Member]] = {}
        for index, position in members:
            for symbol, target in self.graphs[index].steps(position):
                targets.setdefault(symbol, set()).add((index, target))
        ends = (index for index, position in members if self.graphs[index].is_end(position))
        meanings = frozenset(self.meaning_of_graph[index] for index in ends)
        arcs = {symbol: self._state(frozenset(targets[symbol])) for symbol in sorted(targets, key=_order)}
        state = self._merged(arcs, meanings)
        self.state_of_members[members] = state
        return state

    def _merged(self, arcs: dict[Symbol, int], meanings: frozenset[int]) -> int:
        future = (meanings, tuple(arcs.items()))
        if future not in self.state_of_future:
            if len(self.arcs) >= _MAX_STATES:
                raise CommandsError(f"the sentences need over {_MAX_STATES} states; use lists instead of long choices")
            self.state_of_future[future] = len(self.arcs)
            self.arcs.append(arcs)
            self.meanings.append(meanings)
        return self.state_of_future[future]


def _order(symbol: Symbol) -> tuple[str, str, str]:
    return (symbol, "", "") if isinstance(symbol, str) else ("{", symbol.list_name, symbol.slot)


def build_word_graph(commands: Commands) -> WordGraph:
    """Put all templates together; CommandsError for unknown lists and rules, circles, and sentences without a word."""
    intents = tuple(commands.intents)
    builder = _Builder([], [])
    used: dict[ListSlot, Template] = {}
    for meaning, name in enumerate(intents):
        for template in commands.intents[name].sentences:
            used.update((slot, template) for slot in _checked_lists(template, commands))
            builder.graphs.append(TemplateGraph(_with_skip_words(template, commands.skip_words), commands.rules))
            builder.meaning_of_graph.append(meaning)
    sentences = builder.build()
    values = {slot.list_name: list_values(slot.list_name, template, commands) for slot, template in used.items()}
    automata = {name: _list_automaton(entries, commands.rules) for name, entries in values.items()}
    return WordGraph(sentences, intents, automata, values)


def _checked_lists(template: Template, commands: Commands) -> list[ListSlot]:
    graph = TemplateGraph(template, commands.rules)
    if graph.is_end(graph.start):
        template.fail("the template can be empty; make at least one word or list of it required")
    return graph.lists


def _with_skip_words(template: Template, skip_words: tuple[Template, ...]) -> Template:
    if not skip_words:
        return template
    skip: Expression = Alternative(items=[word.expression for word in skip_words] + [TextChunk("")])
    items = [skip, TextChunk(" "), skip, TextChunk(" "), template.expression, TextChunk(" "), skip]
    return replace(template, expression=Sequence(items=items))


def list_values(list_name: str, template: Template, commands: Commands) -> tuple[ListValue, ...]:
    """Values of a list of the file, or of an inline range such as `{1..10:slot}`; CommandsError if there is neither."""
    if list_name in commands.lists:
        return commands.lists[list_name].values
    inline = _INLINE_RANGE.fullmatch(list_name)
    if inline is None:
        known = ", ".join(commands.lists) or "none"
        template.fail(f"unknown list {{{list_name}}}; known are: {known}")
    first, last, step = (int(number or 1) for number in inline.groups())
    return range_values(first, last, step, template.place)


def _list_automaton(values: tuple[ListValue, ...], rules: Mapping[str, Template]) -> Automaton:
    builder = _Builder([], [])
    meaning_of_value: dict[Hashable, int] = {}
    for index, entry in enumerate(values):
        graph = TemplateGraph(entry.template, rules)
        if graph.lists:
            entry.template.fail(
                f"a list value cannot contain the list {{{graph.lists[0].list_name}}}; write words only"
            )
        if graph.is_end(graph.start):
            entry.template.fail("the list value can be empty; make at least one word of it required")
        builder.graphs.append(graph)
        builder.meaning_of_graph.append(meaning_of_value.setdefault((type(entry.value), entry.value), index))
    automaton = builder.build()
    for meanings in automaton.meanings:
        if len(meanings) > 1:
            first, second = sorted(meanings)[:2]
            template = values[second].template
            template.fail(
                f"can also mean '{values[first].value}' (line {values[first].template.place.line}); remove one"
            )
    return automaton
