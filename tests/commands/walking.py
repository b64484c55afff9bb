"""Reads phones through a PhoneGraph, for tests: every way to get from the start to the end of a sentence."""

from dataclasses import dataclass

import numpy as np

from edge_agent.models.phone_graph import Label, PhoneGraph
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.search import flatten

Meaning = tuple[str, tuple[tuple[str, object], ...], tuple[str, ...]]  # intent, slots, words
_Outputs = tuple[Label, ...]


@dataclass(frozen=True)
class Walker:
    """Follows single phones; sets of (node, labels so far) are the state."""

    graph: PhoneGraph
    arcs_from: dict[int, list[tuple[int, int]]]  # node -> [(target, label)]

    @classmethod
    def of(cls, graph: PhoneGraph) -> "Walker":
        arcs: dict[int, list[tuple[int, int]]] = {}
        targets = np.repeat(np.arange(graph.num_nodes), np.diff(graph.arc_start))
        for source, target, label in zip(graph.arc_source, targets, graph.arc_label, strict=True):
            arcs.setdefault(int(source), []).append((int(target), int(label)))
        return cls(graph, arcs)

    def meanings(self, pronunciations: list[list[tuple[str, ...]]]) -> set[Meaning]:
        """What a sentence of words, each given with its pronunciations, can mean; empty if it is not in the graph."""
        finals = self._finals(pronunciations)
        return {self._meaning((*outputs, self.graph.labels[self.graph.final_label[node]])) for node, outputs in finals}

    def outputs(self, pronunciations: list[list[tuple[str, ...]]]) -> set[tuple[Label, ...]]:
        """All labels that a sentence puts out, one by one, for each way to read it."""
        return {
            tuple(one for label in outputs for one in flatten(label)) for _, outputs in self._finals(pronunciations)
        }

    def final_nodes(self, pronunciations: list[list[tuple[str, ...]]]) -> set[int]:
        """Nodes in which a sentence ends."""
        return {node for node, _ in self._finals(pronunciations)}

    def _finals(self, pronunciations: list[list[tuple[str, ...]]]) -> list[tuple[int, _Outputs]]:
        states: set[tuple[int, _Outputs]] = {(0, ())}
        for spoken in pronunciations:
            states = {state for phones in spoken for state in self._after(states, phones)}
        return [(node, outputs) for node, outputs in states if np.isfinite(self.graph.final_cost[node])]

    def _after(self, states: set[tuple[int, _Outputs]], phones: tuple[str, ...]) -> set[tuple[int, _Outputs]]:
        for phone in phones:
            token = TOKEN_OF_PHONE[phone]
            states = {
                (target, (*outputs, self.graph.labels[label]) if label else outputs)
                for node, outputs in states
                for target, label in self.arcs_from.get(node, [])
                if self.graph.phone[target] == token
            }
        return states

    def _meaning(self, outputs: _Outputs) -> Meaning:
        flat = [label for output in outputs for label in (output, *output.also)]
        words = tuple(label.text for label in flat if label.kind == "word")
        slots = {label.slot: label.value for label in flat if label.kind == "slot"}
        intent = next(label.intent for label in flat if label.kind == "end")
        return intent, tuple(sorted(slots.items())), words
