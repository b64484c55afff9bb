"""What can be said, as a left-to-right graph over phones: written by `grammar.py`, walked by `decoder.py`.

    node 0 (start) --arc--> phone --arc--> phone ... --arc--> final node

A node is one phone in one place; an arc from `source` to `destination` may carry a label, which is put out when the arc
is taken. Nodes are in topological order (every arc leads from a lower to a higher node), so there are no loops.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import CommandsError
from edge_agent.models.phones import TOKENS

SlotValue = str | int | float


@dataclass(frozen=True)
class Label:
    """Something that is known once an arc is taken (or, kind "end", once the sentence ends in a node).

    "word": `text` is said. "slot": `slot` is `value`. "end": the sentence means `intent`. "none": entry 0 of a table.
    "cut": what was said, an `intent`, is taken back (`text` BROKEN_OFF: before it was complete), and what follows says
    what is meant instead. `also` holds further labels put out with this one, in order: a word that also sets a slot, an
    intent's fixed slots.
    """

    kind: Literal["none", "word", "slot", "cut", "end"]
    text: str = ""
    intent: str = ""
    slot: str = ""
    value: SlotValue = ""
    also: tuple[Label, ...] = field(default=())


NO_LABEL: Final = Label("none")
BROKEN_OFF: Final = "broken off"


@dataclass(frozen=True, eq=False)
class PhoneGraph:
    """Arrays of nodes [num_nodes] and arcs [num_arcs]; the arcs into node n are `arc_start[n]:arc_start[n + 1]`.

    Costs are in natural-log units and never negative. Arrays are C-contiguous and not changed after construction.
    """

    phone: NDArray[np.uint8]  # token of each node, 1..39; node 0 is the start and has 0
    arc_start: NDArray[np.int32]  # [num_nodes + 1]
    arc_source: NDArray[np.int32]
    arc_label: NDArray[np.int32]  # index into `labels`, 0 = nothing
    arc_cost: NDArray[np.float32]
    final_cost: NDArray[np.float32]  # inf = no sentence ends here
    final_label: NDArray[np.int32]  # the "end" label of a final node, else 0
    can_continue: NDArray[np.uint8]  # 1 = words may follow this node that change what is meant
    labels: tuple[Label, ...]  # entry 0 is NO_LABEL

    @property
    def num_nodes(self) -> int:
        return len(self.phone)

    @property
    def num_arcs(self) -> int:
        return len(self.arc_source)

    def validate(self) -> None:
        """Raise CommandsError, naming the first fault, unless the arrays describe a graph that can be searched."""
        for name, dtype, length in self._expected_arrays():
            array: NDArray[np.generic] = getattr(self, name)
            if array.dtype != dtype or array.shape != (length,) or not array.flags.c_contiguous:
                raise _fault(
                    f"{name} is {array.dtype}{list(array.shape)}, must be contiguous {np.dtype(dtype)}[{length}]"
                )
        self._check_nodes()
        self._check_arcs()
        self._check_labels()

    def _expected_arrays(self) -> list[tuple[str, type[np.generic], int]]:
        nodes, arcs = self.num_nodes, self.num_arcs
        return [
            ("phone", np.uint8, nodes),
            ("arc_start", np.int32, nodes + 1),
            ("arc_source", np.int32, arcs),
            ("arc_label", np.int32, arcs),
            ("arc_cost", np.float32, arcs),
            ("final_cost", np.float32, nodes),
            ("final_label", np.int32, nodes),
            ("can_continue", np.uint8, nodes),
        ]

    def _check_nodes(self) -> None:
        if self.num_nodes < 2:
            raise _fault("it has no phones")
        if self.phone[0] != 0 or np.any(self.phone[1:] == 0) or np.any(self.phone >= len(TOKENS)):
            raise _fault(f"phones must be 0 for the start node and 1..{len(TOKENS) - 1} for all others")
        if np.any(np.isnan(self.final_cost)) or np.any(self.final_cost < 0):
            raise _fault("a final cost is negative or not a number")
        if not np.any(np.isfinite(self.final_cost)):
            raise _fault("no sentence ends anywhere")
        if np.isfinite(self.final_cost[0]):
            raise _fault("the empty sentence is allowed")

    def _check_arcs(self) -> None:
        start, source = self.arc_start, self.arc_source
        if start[0] != 0 or start[-1] != self.num_arcs or np.any(np.diff(start) < 0):
            raise _fault("arc_start does not divide the arcs among the nodes")
        destination = np.repeat(np.arange(self.num_nodes), np.diff(start))
        if np.any(source < 0) or np.any(source >= destination):
            raise _fault("an arc does not lead from a lower to a higher node")
        if np.any(np.diff(start)[1:] == 0):
            raise _fault(f"node {1 + int(np.argmin(np.diff(start)[1:]))} cannot be reached")
        if not np.all(np.isfinite(self.arc_cost)) or np.any(self.arc_cost < 0):
            raise _fault("an arc cost is negative or not finite")

    def _check_labels(self) -> None:
        if not self.labels or self.labels[0].kind != "none":
            raise _fault("entry 0 of the labels is not NO_LABEL")
        for name in ("arc_label", "final_label"):
            indices = getattr(self, name)
            if np.any(indices < 0) or np.any(indices >= len(self.labels)):
                raise _fault(f"{name} points outside the {len(self.labels)} labels")
        is_final = np.isfinite(self.final_cost)
        ends = np.array([label.kind == "end" for label in self.labels])
        if np.any(ends[self.final_label] != is_final):
            raise _fault("exactly the final nodes must have a label of kind 'end'")
        if np.any(ends[self.arc_label]):
            raise _fault("a label of kind 'end' is on an arc")


def _fault(what: str) -> CommandsError:
    return CommandsError(f"sentence graph is broken: {what}; compile the commands again")
