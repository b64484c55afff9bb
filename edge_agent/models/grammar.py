"""Commands -> PhoneGraph: words become phones, with everything shared that continues alike.

A word is built once for each place it leads to, however many places it comes from, and so are lists: the graph grows
with the different continuations and not with the number of sentences.

Where the commands say how one corrects oneself (the intent `CORRECT`), a command can be taken back in the same breath
("turn on the kitchen light no the bedroom light", "a timer for five no ten minutes"): a second copy of those sentences
follows every sentence with a list that they name, and every value of one that is broken off where only one command can
be meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from edge_agent.errors import CommandsError
from edge_agent.models.ambiguity import find_clashes
from edge_agent.models.commands import Commands, Intent, SlotValue
from edge_agent.models.lexicon import Pronunciation
from edge_agent.models.phone_graph import BROKEN_OFF, NO_LABEL, Label, PhoneGraph
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.pronounce import Spoken, pronounce
from edge_agent.models.readings import Place, Readings, Step
from edge_agent.models.template_graph import ListSlot, TemplateGraph
from edge_agent.models.word_graph import WordGraph, build_word_graph

CORRECT = "Correct"
CUT_COST = 6.0  # few people correct themselves, and a breath after a command sounds like "no"

_Entry = tuple[int, int]  # node, label
_Head = tuple[int, tuple[Label, ...]]  # the same with the label's parts
_BROKEN_OFF = -1  # sentence state behind a value that is taken back: none of the word graph's; less for each intent


@dataclass(frozen=True)
class CompiledCommands:
    """All stages of one compilation, for those who want to look inside."""

    commands: Commands
    words: WordGraph
    spoken: Spoken
    phones: PhoneGraph
    warnings: tuple[str, ...]


def compile_commands(commands: Commands) -> PhoneGraph:
    """Graph of every way to say every command; CommandsError if one cannot be decided or pronounced. Takes 1 s."""
    return compile_stages(commands).phones


def compile_stages(commands: Commands) -> CompiledCommands:
    """The same, keeping what was found on the way."""
    words = build_word_graph(commands)
    warnings = _check_clashes(commands, words)
    readings = Readings(words)
    vocabulary = {step.word for place, _ in readings.places() for step in readings.steps(place)}
    spoken = pronounce(vocabulary, commands.pronunciations)
    for word in spoken.unspeakable:
        commands.place_of(word).fail(
            f"'{word}' cannot be pronounced; add it to `pronunciations`, as `{word}: K AO F IY`"
        )
    phones = _Expander(commands, words, readings, spoken.pronunciations).graph()
    phones.validate()
    warnings += [f"'{word}' is not in the dictionary; its pronunciation is predicted" for word in spoken.predicted]
    return CompiledCommands(commands, words, spoken, phones, tuple(warnings))


def _check_clashes(commands: Commands, words: WordGraph) -> list[str]:
    warnings = []
    for clash in find_clashes(words):
        first, second = clash.intents
        if first != second:
            line = commands.intents[second].place
            raise CommandsError(f"{line}: {clash}; remove it from one of them")
        warnings.append(f"{clash}; the reading found first is taken")
    return warnings


@dataclass
class _Expander:
    """Builds nodes from the ends of the sentences to their start; node numbers are put in order at the end."""

    commands: Commands
    words: WordGraph
    readings: Readings
    pronunciations: dict[str, tuple[Pronunciation, ...]]
    phone: list[int] = field(default_factory=lambda: [0])
    arcs: list[tuple[int, int, int]] = field(default_factory=list)  # source, destination, label
    final: dict[int, int] = field(default_factory=dict)  # node -> label
    decided: list[int] = field(default_factory=list)  # final nodes after which nothing can change what is meant
    labels: dict[Label, int] = field(default_factory=lambda: {NO_LABEL: 0})
    entries_of_place: dict[Place, list[_Entry]] = field(default_factory=dict)
    firsts_of_word: dict[tuple[str, Place], list[_Head]] = field(default_factory=dict)
    corrections: tuple[_Head, ...] = ()  # first phones of what may follow a command that is taken back

    def graph(self) -> PhoneGraph:
        if CORRECT in self.commands.intents:
            self.corrections = self._build_corrections(self.commands.intents[CORRECT])
        for node, label in self._entries(self.readings.start):
            self.arcs.append((0, node, label))
        return self._arrays()

    def _entries(self, place: Place) -> list[_Entry]:
        """First phones of everything that can be said from a place, with the labels of the arcs into them."""
        if place not in self.entries_of_place:
            steps = [*self._steps(place), *self._broken_off(place)]
            entries = [(node, self._labels(said)) for step in steps for node, said in self._heads(step)]
            self.entries_of_place[place] = entries
        return self.entries_of_place[place]

    def _steps(self, place: Place) -> Iterator[Step]:
        if place.sentence_state > _BROKEN_OFF or place.list_slot is None:
            yield from self.readings.steps(place)
            return
        automaton = self.words.lists[place.list_slot.list_name]
        for word, state in automaton.arcs[place.list_state].items():
            if automaton.meanings[state]:
                yield Step(str(word), None, Place(place.sentence_state))
            if automaton.arcs[state]:
                yield Step(str(word), None, replace(place, list_state=state))

    def _broken_off(self, place: Place) -> Iterator[Step]:
        """Values that may be taken back as soon as they are said, where only one command can have been meant."""
        if not self.corrections or place.list_slot is not None:
            return
        for symbol, state in self.words.sentences.arcs[place.sentence_state].items():
            if not isinstance(symbol, ListSlot) or symbol.list_name not in self._said_anew:
                continue
            ahead = self.readings.meanings_ahead(Place(state))
            if len(ahead) == 1 and not self.readings.meanings(Place(state)):
                start = self.words.lists[symbol.list_name].start
                yield from self._steps(Place(_BROKEN_OFF - min(ahead), symbol, start))

    def _heads(self, step: Step) -> list[_Head]:
        """The word's first phones; a slot that the word completes is put out on the way in, so that "one" is built once
        for twenty one, thirty one ... and still tells them apart."""
        slot = (_slot_label(*step.output),) if step.output else ()
        return [(node, (*slot, *said)) for node, said in self._word(step.word, step.target)]

    def _word(self, word: str, target: Place) -> list[_Head]:
        """First nodes of a word in front of what follows it, and the labels of the arcs into them."""
        if (word, target) not in self.firsts_of_word:
            self.firsts_of_word[word, target] = self._build_word(Label("word", word), target)
        return self.firsts_of_word[word, target]

    def _build_word(self, label: Label, target: Place) -> list[_Head]:
        """Nodes of all pronunciations, which share their ends; the word counts as said when its last phone begins."""
        node_of_ending: dict[Pronunciation, int] = {}
        firsts: list[_Head] = []
        for phones in self.pronunciations[label.text]:
            after = -1
            for ending in (phones[index:] for index in reversed(range(len(phones)))):
                if ending not in node_of_ending:
                    node = node_of_ending[ending] = self._node(ending[0])
                    if len(ending) == 1:
                        self._lead_on(node, target)
                    else:
                        self.arcs.append((node, after, self._labels((label,) if len(ending) == 2 else ())))
                after = node_of_ending[ending]
            firsts.append((after, (label,) if len(phones) == 1 else ()))
        return firsts

    def _node(self, phone: str) -> int:
        self.phone.append(TOKEN_OF_PHONE[phone])
        return len(self.phone) - 1

    def _lead_on(self, node: int, place: Place) -> None:
        if place.sentence_state <= _BROKEN_OFF and place.list_slot is None:
            self._cut(node, Label("cut", BROKEN_OFF, self.words.intents[_BROKEN_OFF - place.sentence_state]))
            return
        for meaning in self.readings.meanings(place):
            self.final[node] = self._labels((self._end_labels[meaning],))
            if not self.readings.can_matter(place):
                self.decided.append(node)
            if self.words.intents[meaning] in self._correctable:
                self._cut(node, Label("cut", intent=self.words.intents[meaning]))
        for target, label in self._entries(place):
            self.arcs.append((node, target, label))

    def _cut(self, node: int, cut: Label) -> None:
        for target, said in self.corrections:
            self.arcs.append((node, target, self._labels((cut, *said))))

    def _build_corrections(self, correct: Intent) -> tuple[_Head, ...]:
        """A copy of the sentences that correct, for behind other sentences; nothing corrects those once more."""
        only = replace(self.commands, intents={CORRECT: correct}, skip_words=())
        words = build_word_graph(only)
        behind = _Expander(
            only,
            words,
            Readings(words),
            self.pronunciations,
            self.phone,
            self.arcs,
            self.final,
            self.decided,
            self.labels,
        )
        return tuple(head for step in behind.readings.steps(behind.readings.start) for head in behind._heads(step))

    def _lists_of(self, intent: str) -> frozenset[str]:
        rules, sentences = self.commands.rules, self.commands.intents[intent].sentences
        return frozenset(slot.list_name for sentence in sentences for slot in TemplateGraph(sentence, rules).lists)

    @cached_property
    def _said_anew(self) -> frozenset[str]:
        """Lists that a correction may name."""
        return self._lists_of(CORRECT) if CORRECT in self.commands.intents else frozenset()

    @cached_property
    def _correctable(self) -> frozenset[str]:
        """Intents with something in them that can be said anew."""
        return frozenset(
            name for name in self.commands.intents if name != CORRECT and self._lists_of(name) & self._said_anew
        )

    def _labels(self, labels: tuple[Label, ...]) -> int:
        if not labels:
            return 0
        label = replace(labels[0], also=labels[0].also + labels[1:]) if labels[1:] else labels[0]
        return self.labels.setdefault(label, len(self.labels))

    @cached_property
    def _end_labels(self) -> list[Label]:
        ends = []
        for name in self.words.intents:
            fixed = tuple(_slot_label(slot, value) for slot, value in self.commands.intents[name].slots.items())
            ends.append(Label("end", intent=name, also=fixed))
        return ends

    def _arrays(self) -> PhoneGraph:
        order = _topological_order(len(self.phone), self.arcs)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        arcs = np.array(sorted((rank[to], rank[source], label) for source, to, label in self.arcs), np.int64)
        final_label = np.zeros(len(order), np.int32)
        for node, label in self.final.items():
            final_label[rank[node]] = label
        can_continue = np.ones(len(order), np.uint8)
        can_continue[rank[self.decided]] = 0
        costs = np.array([CUT_COST if label.kind == "cut" else 0.0 for label in self.labels], np.float32)
        return PhoneGraph(
            phone=np.array(self.phone, np.uint8)[order],
            arc_start=np.searchsorted(arcs[:, 0], np.arange(len(order) + 1)).astype(np.int32),
            arc_source=np.ascontiguousarray(arcs[:, 1], np.int32),
            arc_label=np.ascontiguousarray(arcs[:, 2], np.int32),
            arc_cost=costs[arcs[:, 2]],
            final_cost=np.where(final_label > 0, 0.0, np.inf).astype(np.float32),
            final_label=final_label,
            can_continue=can_continue,
            labels=tuple(self.labels),
        )


def _slot_label(slot: str, value: SlotValue) -> Label:
    return Label("slot", slot=slot, value=value)


def _topological_order(num_nodes: int, arcs: list[tuple[int, int, int]]) -> list[int]:
    """Nodes so that every arc leads forward, the start first."""
    waiting = [0] * num_nodes
    targets: list[list[int]] = [[] for _ in range(num_nodes)]
    for source, target, _ in arcs:
        waiting[target] += 1
        targets[source].append(target)
    order = [0]
    for node in order:
        for target in targets[node]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    return order
