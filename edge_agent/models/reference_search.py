"""The search of `kernels/src/graph_search.c` in plain numpy, dense and slow: the definition that the C code must meet.

Every node holds two paths, one in its phone and one in the blank after it; a path keeps its labels as they are.
Sums are made in float32 and in the order of the C code, so that both prune and prefer the same paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.models.search import SearchSettings, arc_costs, first_equal, meanings

NO_GAP = np.float32(1e9)
DEAD_SCORE = np.float32(-1e30)
SILENT_LEAD = np.float32(0.0)


@dataclass(frozen=True)
class Path:
    """One way to explain all frames so far; `labels` and `meaning` hold label numbers, in order."""

    score: np.float32 = DEAD_SCORE
    gap: np.float32 = NO_GAP
    labels: tuple[int, ...] = ()
    meaning: tuple[int, ...] = ()
    num_phones: int = 0
    first_frame: int = 0
    phone_frame: int = 0
    lead_score: np.float32 = SILENT_LEAD
    open_score: float = 0.0

    @property
    def is_alive(self) -> bool:
        return bool(self.score > DEAD_SCORE)

    def plus(self, score: np.float32) -> Path:
        return replace(self, score=np.float32(self.score + score)) if self.is_alive else self


DEAD = Path()


def better(a: Path, b: Path) -> Path:
    """The better of two paths that meet (the first if they are equal), remembering how near another meaning was."""
    winner, loser = (b, a) if b.score > a.score else (a, b)
    apart = np.float32(winner.score - loser.score)
    gap = np.float32(apart + loser.gap) if winner.meaning == loser.meaning else apart
    return replace(winner, gap=min(winner.gap, gap))


@dataclass(frozen=True)
class Answer:
    """The best path as it stands; the fields are those of `graph_search_path`."""

    node: int
    is_complete: bool
    is_ended: bool
    labels: tuple[int, ...]
    num_committed: int
    num_phones: int
    first_frame: int
    phone_frame: int
    score: float
    command_score: float
    open_score: float
    margin: float
    incomplete_margin: float
    filler_margin: float


class ReferenceSearch:
    """Same calls as `search.GraphSearch`."""

    def __init__(self, graph: PhoneGraph, settings: SearchSettings) -> None:
        self._graph = graph
        self._arc_cost = arc_costs(graph, settings)
        self._settings = settings
        same = first_equal(graph.labels)
        self._arc_label = [int(number) for number in same[graph.arc_label]]
        self._final_label = [int(number) for number in same[graph.final_label]]
        self._meaning = [int(number) for number in meanings(graph.labels)]
        self.reset()

    def reset(self) -> None:
        """As if nothing had been heard."""
        self._phone = [DEAD] * self._graph.num_nodes
        self._blank = [DEAD] * self._graph.num_nodes
        self._lead = Path(score=np.float32(0.0))
        self._tail = DEAD
        self._tail_node = 0
        self._tail_entry_score = np.float32(0.0)
        self._open_score = 0.0
        self._frame = 0

    def step(self, log_posteriors: NDArray[np.float32]) -> None:
        """float32 [num_frames, 40]."""
        for frame in log_posteriors:
            self._step_frame(frame)

    def _step_frame(self, log_posteriors: NDArray[np.float32]) -> None:
        settings, graph = self._settings, self._graph
        scores, best_phone = self._scores(log_posteriors)
        entering = [self._best_arrival(node) for node in range(graph.num_nodes)]
        self._open_score += float(log_posteriors.max())
        self._update_tail()
        self._lead = self._lead.plus(max(scores[0], np.float32(best_phone - np.float32(settings.filler_cost))))
        self._tail = self._tail.plus(max(scores[0], np.float32(best_phone - np.float32(settings.end_filler_cost))))
        for node in range(1, graph.num_nodes):
            stayed = self._phone[node]
            self._blank[node] = better(self._blank[node], stayed).plus(scores[0])
            moved = better(stayed, entering[node]).plus(scores[graph.phone[node]])
            self._phone[node] = replace(moved, phone_frame=self._frame)
        self._prune()
        self._frame += 1

    def _scores(self, log_posteriors: NDArray[np.float32]) -> tuple[NDArray[np.float32], np.float32]:
        raised = log_posteriors.astype(np.float32)
        raised[0] -= np.float32(self._settings.blank_cost)
        best = raised.max()
        scores = np.maximum(raised - best, -np.float32(self._settings.floor))
        return scores, np.float32(raised[1:].max() - best)

    def _best_arrival(self, node: int) -> Path:
        graph = self._graph
        best, best_source = DEAD, -1
        for arc in range(graph.arc_start[node], graph.arc_start[node + 1]):
            source = int(graph.arc_source[arc])
            path = self._departing(source, int(graph.phone[node]))
            if not path.is_alive:
                continue
            label = self._arc_label[arc]
            meaning = path.meaning + ((self._meaning[label],) if self._meaning[label] else ())
            labels = path.labels + ((label,) if label else ())
            path = replace(path, num_phones=path.num_phones + 1, labels=labels, meaning=meaning)
            path = path.plus(-self._arc_cost[arc])
            is_first = path.score == best.score and source < best_source
            best, best_source = (better(path, best), source) if path.score > best.score or is_first else (
                better(best, path), best_source)  # fmt: skip
        return best

    def _departing(self, source: int, next_phone: int) -> Path:
        if source == 0:
            return replace(
                self._lead, first_frame=self._frame, lead_score=self._lead.score, open_score=self._open_score
            )
        if self._graph.phone[source] == next_phone:
            return self._blank[source]
        return better(self._blank[source], self._phone[source])

    def _update_tail(self) -> None:
        if not np.isfinite(self._settings.end_filler_cost):
            return
        for node in np.flatnonzero(np.isfinite(self._graph.final_cost)):
            ended = self._complete(int(node), better(self._blank[node], self._phone[node]))
            if not ended.is_alive:
                continue
            if ended.score > self._tail.score:
                self._tail_node, self._tail_entry_score = int(node), ended.score
            self._tail = better(self._tail, ended)

    def _complete(self, node: int, path: Path) -> Path:
        ended = replace(path, meaning=(*path.meaning, -self._final_label[node]))
        return ended.plus(-self._graph.final_cost[node])

    def _prune(self) -> None:
        paths = [self._lead, self._tail, *self._phone, *self._blank]
        threshold = np.float32(max(path.score for path in paths) - np.float32(self._settings.beam))
        self._phone = [path if path.score >= threshold else DEAD for path in self._phone]
        self._blank = [path if path.score >= threshold else DEAD for path in self._blank]

    def best(self, complete_only: bool, commit_beam: float = float("inf")) -> Answer | None:
        """The best path, or the best that may end here; None if there is none."""
        best, node, is_ended = DEAD if complete_only else self._lead, -1, False
        for n, path in self._alive():
            here = self._complete(n, path) if complete_only else path
            if here.score > best.score and (np.isfinite(self._graph.final_cost[n]) or not complete_only):
                best, node = here, n
        if self._tail.score > best.score:
            best, node, is_ended = self._tail, self._tail_node, True
        if not best.is_alive:
            return None
        return self._answer(best, node, is_ended, commit_beam, complete_only)

    def _alive(self) -> list[tuple[int, Path]]:
        both = [better(blank, phone) for blank, phone in zip(self._blank, self._phone, strict=True)]
        return [(node, path) for node, path in enumerate(both) if path.is_alive]

    def _answer(self, best: Path, node: int, is_ended: bool, commit_beam: float, complete_only: bool) -> Answer:
        is_final = node >= 0 and bool(np.isfinite(self._graph.final_cost[node]))
        needs_end = is_final and not is_ended and not complete_only
        meaning = self._complete(node, best).meaning if needs_end else best.meaning
        complete, incomplete = self._rivals(node, meaning)
        tail_score = best.score - self._tail_entry_score if is_ended else 0.0
        return Answer(
            node=node,
            is_complete=is_final,
            is_ended=is_ended,
            labels=best.labels,
            num_committed=self._num_committed(best, best.score - commit_beam) if node >= 0 else 0,
            num_phones=best.num_phones,
            first_frame=best.first_frame if node >= 0 else self._frame,
            phone_frame=best.phone_frame if node >= 0 else self._frame,
            score=float(best.score),
            command_score=float(best.score - tail_score - best.lead_score) if node >= 0 else 0.0,
            open_score=self._open_score - best.open_score if node >= 0 else 0.0,
            margin=float(min(best.score - complete, best.gap, NO_GAP)),
            incomplete_margin=float(min(best.score - incomplete, NO_GAP)),
            filler_margin=float(best.score - self._lead.score),
        )

    def _rivals(self, node: int, meaning: tuple[int, ...]) -> tuple[np.float32, np.float32]:
        """Best complete path of another meaning; best incomplete path in another node."""
        complete, incomplete = self._tail.score if self._tail.meaning != meaning else DEAD_SCORE, DEAD_SCORE
        for n, path in self._alive():
            if np.isfinite(self._graph.final_cost[n]):
                ended = self._complete(n, path)
                complete = max(complete, ended.score) if ended.meaning != meaning else complete
            elif n != node:
                incomplete = max(incomplete, path.score)
        return complete, incomplete

    def _num_committed(self, best: Path, near: float) -> int:
        if self._lead.score >= near:
            return 0
        shared = len(best.labels)
        for path in (self._tail, *self._phone, *self._blank):
            if path.is_alive and path.score >= near:
                agree = (a == b for a, b in zip(best.labels[:shared], path.labels, strict=False))
                shared = next((i for i, same in enumerate(agree) if not same), min(shared, len(path.labels)))
        return shared
