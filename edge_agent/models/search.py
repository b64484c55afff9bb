"""The compiled search of `kernels/src/graph_search.c` over one graph: scores and label numbers, no meaning yet.

Thread: one at a time per search (the hop thread). Nothing but construction takes memory in C.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib
from edge_agent.models.phone_graph import Label, PhoneGraph
from edge_agent.models.phones import TOKENS

_MAX_LABELS = 512  # more than any sentence has


@dataclass(frozen=True)
class SearchSettings:
    """Costs in natural-log units below the open path (the best token of each frame)."""

    beam: float = 16.0  # paths this far below the best are dropped
    floor: float = 10.0  # no frame costs more: one phone that the listener missed must not end a path
    blank_cost: float = 3.0  # taken off each blank: CTC networks say blank too readily, and phones get lost
    phone_bonus: float = 0.0  # for each phone of a path: without it, the shorter of two sentences is preferred
    branching_cost: float = 0.0  # times the log of the ways to go on from a node: a prior against rare sentences
    filler_cost: float = 3.5  # each frame of filler before a command, except blank frames, which are free
    end_filler_cost: float = 3.5  # the same after it; math.inf: nothing may follow
    max_links: int = 0  # labels remembered at once; 0: by the size of the graph


def flatten(label: Label) -> tuple[Label, ...]:
    """A label and all that come with it, in order; none for NO_LABEL."""
    own = () if label.kind == "none" else (label,)
    return own + tuple(inner for other in label.also for inner in flatten(other))


def _meant(label: Label) -> tuple[str, object]:
    return (label.slot, label.value) if label.slot else (label.kind, label.intent)


def meanings(labels: tuple[Label, ...]) -> NDArray[np.uint32]:
    """One number per label: equal for equal slot values and corrections, 0 for labels that change no meaning."""
    numbers: dict[tuple[tuple[str, object], ...], int] = {(): 0}
    meant = [tuple(_meant(one) for one in flatten(label) if one.slot or one.kind == "cut") for label in labels]
    return np.array([numbers.setdefault(key, len(numbers)) for key in meant], np.uint32)


def first_equal(labels: tuple[Label, ...]) -> NDArray[np.int32]:
    """Index of the first label that equals each: paths are compared by label numbers."""
    first: dict[Label, int] = {}
    return np.array([first.setdefault(label, index) for index, label in enumerate(labels)], np.int32)


def arc_costs(graph: PhoneGraph, settings: SearchSettings) -> NDArray[np.float32]:
    """What an arc really costs, [num_arcs]: its own cost, or the prior of its branch, less the bonus of its phone."""
    is_usual = graph.arc_cost == 0.0
    ways = np.bincount(graph.arc_source[is_usual], minlength=graph.num_nodes)[graph.arc_source]
    has_prior = is_usual & (graph.arc_source != 0)
    prior = np.where(has_prior, settings.branching_cost * np.log(np.maximum(ways, 1)), 0.0)
    return (graph.arc_cost + prior - settings.phone_bonus).astype(np.float32)


class GraphSearch:
    """One search. `path` is a cffi `graph_search_path`, filled by `best` and `ending`; `labels` belongs to `best`."""

    def __init__(self, graph: PhoneGraph, settings: SearchSettings) -> None:
        """Takes a copy of the graph. Raises CommandsError if the graph is broken."""
        graph.validate()
        same = first_equal(graph.labels)
        # Owned until the C side has copied them.
        arrays: dict[str, NDArray[np.generic]] = {
            "phone": graph.phone,
            "arc_start": graph.arc_start,
            "arc_source": graph.arc_source,
            "arc_label": same[graph.arc_label],
            "arc_cost": arc_costs(graph, settings),
            "final_cost": graph.final_cost,
            "final_label": same[graph.final_label],
            "label_meaning": meanings(graph.labels),
        }
        c_graph = ffi.new("graph_search_graph *")
        c_graph.num_nodes, c_graph.num_tokens, c_graph.num_labels = graph.num_nodes, len(TOKENS), len(graph.labels)
        for name, array in arrays.items():
            setattr(c_graph, name, ffi.cast("void *", array.ctypes.data))
        c_settings = ffi.new("graph_search_settings *")
        for name in ("beam", "floor", "blank_cost", "filler_cost", "end_filler_cost", "max_links"):
            setattr(c_settings, name, getattr(settings, name))
        self._take(lib.graph_search_create(c_graph, c_settings))

    def twin(self) -> "GraphSearch":
        """Another search of the same graph, at the cost of its paths alone."""
        twin = GraphSearch.__new__(GraphSearch)
        twin._take(lib.graph_search_twin(self._search), self._search)
        return twin

    def _take(self, search: Any, owner: Any = None) -> None:
        """`owner`: the search whose graph it shares, which has to live as long."""
        if search == ffi.NULL:
            raise MemoryError
        self._owner = owner
        self._search = ffi.gc(search, lib.graph_search_free)
        self.path: Any = ffi.new("graph_search_path *")
        self.labels: Any = ffi.new("int32_t[]", _MAX_LABELS)

    def reset(self) -> None:
        """As if nothing had been heard."""
        lib.graph_search_reset(self._search)

    def step(self, log_posteriors: NDArray[np.float32]) -> None:
        """float32 [num_frames, 40], natural log, C-contiguous. Hop thread."""
        frames = np.ascontiguousarray(log_posteriors, np.float32)
        lib.graph_search_step(self._search, ffi.from_buffer("float[]", frames), len(frames))

    def best(self, complete_only: bool, commit_beam: float = math.inf) -> bool:
        """Fill `path` and `labels[:path.num_labels]` with the best path; False if there is none."""
        found = lib.graph_search_best(self._search, complete_only, commit_beam, self.labels, _MAX_LABELS, self.path)
        self.path.num_labels = min(self.path.num_labels, _MAX_LABELS)
        return bool(found)

    def ending(self, max_age_frames: int) -> bool:
        """Fill `path` with the best complete path, per phone, whose last phone is at most that old; False if none."""
        return bool(lib.graph_search_ending(self._search, max_age_frames, self.path))

    @property
    def num_links(self) -> int:
        """Labels remembered now, garbage included."""
        return int(lib.graph_search_num_links(self._search))

    @property
    def num_dropped(self) -> int:
        """Paths lost for want of memory since construction; more than 0 means `max_links` is too small."""
        return int(lib.graph_search_num_dropped(self._search))
