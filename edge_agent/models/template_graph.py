"""A template as a small automaton over text fragments, gaps and lists.

Templates glue text ("minute[s]", "( |-)"), so words are only known once a path is followed from gap to gap: `steps`
does that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, TextChunk

from edge_agent.models.templates import Template, split_text, spoken_words

MAX_PERMUTED = 5
GAP = " "
_SUFFIXES = frozenset({"s", "es", "'s", "'"})


@dataclass(frozen=True)
class ListSlot:
    """A list in a sentence and the slot that it fills."""

    list_name: str
    slot: str


Symbol = str | ListSlot  # a word, or any value of a list
_Arc = tuple[Symbol | None, int]  # fragment, gap or list; None = nothing is said


@dataclass(frozen=True)
class Position:
    """Between two words of a template: `state` after reading, what must come first, if a list was just before."""

    state: int
    pending: tuple[Symbol, ...] = ()
    after_list: bool = False


class TemplateGraph:
    """Automaton of one template with its rules filled in."""

    def __init__(self, template: Template, rules: Mapping[str, Template]) -> None:
        self._template = template
        self._rules = rules
        self._arcs: list[list[_Arc]] = [[], []]
        self._open_rules: list[str] = []
        self._steps: dict[Position, tuple[list[tuple[Symbol, Position]], bool]] = {}
        self.lists: list[ListSlot] = []
        self._add(template.expression, 0, 1)

    start = Position(0)

    def is_end(self, position: Position) -> bool:
        """True if the sentence may end here without another word."""
        return not position.pending and self._read(position)[1]

    def steps(self, position: Position) -> list[tuple[Symbol, Position]]:
        """Every word or list that may come next, and where it leads."""
        if position.pending:
            return [(position.pending[0], replace(position, pending=position.pending[1:]))]
        return self._read(position)[0]

    def _read(self, position: Position) -> tuple[list[tuple[Symbol, Position]], bool]:
        if position not in self._steps:
            self._steps[position] = self._search(position)
        return self._steps[position]

    def _search(self, position: Position) -> tuple[list[tuple[Symbol, Position]], bool]:
        found: list[tuple[Symbol, Position]] = []
        can_end = False
        start = (position.state, "", position.after_list)
        stack, seen = [start], {start}
        while stack:
            state, fragment, after_list = stack.pop()
            if state == 1:
                can_end |= not self._close(fragment, (), Position(state), found)
            for symbol, target in self._arcs[state]:
                if symbol is None:
                    reached = (target, fragment, after_list)
                elif isinstance(symbol, ListSlot):
                    self._close(fragment, (symbol,), Position(target, (), True), found)
                    continue
                elif symbol == GAP:
                    if self._close(fragment, (), Position(target), found):
                        continue
                    reached = (target, "", False)
                else:
                    self._refuse_suffix(symbol if after_list else "")
                    reached = (target, fragment + symbol, False)
                if reached not in seen:
                    seen.add(reached)
                    stack.append(reached)
        return found, can_end

    @staticmethod
    def _close(fragment: str, then: tuple[Symbol, ...], after: Position, found: list[tuple[Symbol, Position]]) -> bool:
        """Add the step over the word read so far and `then` to `after`; False if nothing was read."""
        symbols = (*(spoken_words(fragment) if fragment else ()), *then)
        if symbols:
            found.append((symbols[0], replace(after, pending=symbols[1:])))
        return bool(symbols)

    def _refuse_suffix(self, fragment: str) -> None:
        if fragment in _SUFFIXES:
            self._template.fail(f"'{fragment}' cannot be added to a value of a list; write it into the list's values")

    def _new_state(self) -> int:
        self._arcs.append([])
        return len(self._arcs) - 1

    def _add(self, expression: Expression, source: int, target: int) -> None:
        if isinstance(expression, TextChunk):
            self._add_path([(piece) for piece in split_text(expression.text)], source, target)
        elif isinstance(expression, ListReference):
            self._add_list(expression, source, target)
        elif isinstance(expression, RuleReference):
            self._add_rule(expression.rule_name, source, target)
        elif isinstance(expression, Permutation):
            self._add_permutation(expression.items, source, target)
        elif isinstance(expression, Alternative):
            for item in expression.items:
                self._add(item, source, target)
        elif isinstance(expression, Group):
            self._add_sequence(expression.items, source, target)
        else:
            self._template.fail(f"{type(expression).__name__} is not supported; use the syntax of docs/commands.md")

    def _add_path(self, pieces: list[str], source: int, target: int) -> None:
        for piece in pieces[:-1]:
            after = self._new_state()
            self._arcs[source].append((piece, after))
            source = after
        self._arcs[source].append((pieces[-1] if pieces else None, target))

    def _add_sequence(self, items: list[Expression], source: int, target: int) -> None:
        for item in items:
            after = self._new_state()
            self._add(item, source, after)
            source = after
        self._arcs[source].append((None, target))

    def _add_permutation(self, items: list[Expression], source: int, target: int) -> None:
        if len(items) > MAX_PERMUTED:
            self._template.fail(f"{len(items)} parts in any order are too many; at most {MAX_PERMUTED}")
        if not items:
            self._arcs[source].append((None, target))
        for index, item in enumerate(items):
            after = self._new_state()
            self._add(item, source, after)
            self._add_permutation(items[:index] + items[index + 1 :], after, target)

    def _add_list(self, reference: ListReference, source: int, target: int) -> None:
        if reference.is_capture or not reference.slot_name or not reference.list_name:
            self._template.fail(f"{{{reference.list_name}}} cannot be used here; write {{list}} or {{list:slot}}")
        self.lists.append(ListSlot(reference.list_name, reference.slot_name))
        self._arcs[source].append((self.lists[-1], target))

    def _add_rule(self, name: str, source: int, target: int) -> None:
        if name not in self._rules:
            known = ", ".join(self._rules) or "none"
            self._template.fail(f"unknown rule <{name}>; known are: {known}")
        if name in self._open_rules:
            self._template.fail(
                f"rule <{name}> contains itself ({' > '.join([*self._open_rules, name])}); break the circle"
            )
        self._open_rules.append(name)
        self._add(self._rules[name].expression, source, target)
        self._open_rules.pop()
