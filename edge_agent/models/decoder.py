"""From phone posteriors to what was said and meant, while it is being said.

A search over the commands' graph runs beside an open path (`search.py`); the labels on the best path become words,
slots and an intent, and its distance from the open path a confidence: that it is what was said, if anybody spoke
(`confidence.py`), and that somebody did (`spoken.py`).

Thread: hop only.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.confidence import ConfidenceModel, Features, features
from edge_agent.models.phone_graph import BROKEN_OFF, NO_LABEL, Label, PhoneGraph, SlotValue
from edge_agent.models.search import GraphSearch, SearchSettings, flatten
from edge_agent.models.spoken import NOTHING_SPOKEN, HeardFrames, SpokenEvidence, SpokenModel, evidence_of

# People's long orders lose words without a bonus for each phone; where a sentence can be short, the same bonus hears
# it in any noise. So it is only for grammars whose shortest sentence is long. Found on `commands/` and a spoken set.
LONG_SENTENCE_PHONES = 8
_LONG_SEARCH = SearchSettings(
    beam=20.0, blank_cost=4.0, phone_bonus=1.0, branching_cost=0.5, filler_cost=5.0, end_filler_cost=5.0
)


def shortest_sentence(graph: PhoneGraph) -> int:
    """Phones of the shortest sentence of a graph."""
    sources, starts = graph.arc_source.tolist(), graph.arc_start.tolist()
    lengths = [0]
    for node in range(1, graph.num_nodes):
        lengths.append(1 + min((lengths[k] for k in sources[starts[node] : starts[node + 1]]), default=graph.num_nodes))
    return min(lengths[node] for node in np.flatnonzero(np.isfinite(graph.final_cost)))


@dataclass(frozen=True)
class DecoderSettings:
    """Settings of the search, of commitment and of confidence."""

    search: SearchSettings = field(default_factory=SearchSettings)
    commit_beam: float = 8.0  # paths this near the best must share a word for it to be committed
    show_beam: float = 2.0  # and this near, for it to be shown at all
    # A path that lost its last phones looks better unfinished than finished; after some silence it is taken as finished
    # if that costs no more than this.
    settle_frames: int = 6
    settle_score: float = 8.0
    confidence: ConfidenceModel = field(default_factory=ConfidenceModel)
    spoken: SpokenModel = field(default_factory=SpokenModel)


# a long sentence is seldom found where none was said
LONG_SENTENCES = DecoderSettings(search=_LONG_SEARCH, confidence=ConfidenceModel(bias=7.0))


def is_long_grammar(graph: PhoneGraph) -> bool:
    """Has it no short sentence. Raises CommandsError if the graph is broken."""
    graph.validate()
    return shortest_sentence(graph) >= LONG_SENTENCE_PHONES


@dataclass(frozen=True)
class Hypothesis:
    """What seems to have been said so far. Scores are natural logs below the open path. Frames are 20 ms."""

    words: tuple[str, ...] = ()
    intent: str | None = None  # None while the sentence is incomplete
    slots: dict[str, SlotValue] = field(default_factory=dict)
    instead: dict[str, SlotValue] | None = None  # slots that the talker said anew, in the same breath; None: none were
    was_broken_off: bool = False  # they did so before the sentence was complete
    is_complete: bool = False
    can_continue: bool = True  # more than the end of the sentence can follow
    margin: float = 0.0  # above the best path that means something else
    confidence: float = 0.0  # probability that this is what was said; of an incomplete one, so far
    num_committed_words: int = 0  # words on which all paths near this one agree
    num_unsteady_words: int = 0  # at the end, on which not even the nearest agree
    incomplete_margin: float = 0.0  # above the best path that still waits for more
    num_phones: int = 0
    score_per_phone: float = 0.0
    filler_share: float = 0.0  # sounds outside of the command
    spoken_evidence: SpokenEvidence = NOTHING_SPOKEN  # what tells that somebody spoke at all
    first_frame: int = 0  # where the command begins
    last_phone_frame: int = 0
    num_frames_since_phone: int = 0

    @property
    def features(self) -> Features:
        """What tells that this was said, if anything was."""
        return features(self.score_per_phone, self.filler_share, self.margin, self.num_phones)


@dataclass(frozen=True)
class _Reading:
    """What a sequence of labels says."""

    words: tuple[str, ...]
    slots: dict[str, SlotValue]  # said before a cut
    num_words_up_to: tuple[int, ...]  # by number of labels
    cut: Label = NO_LABEL
    instead: dict[str, SlotValue] = field(default_factory=dict)  # said after it


def _read(labels: list[Label]) -> _Reading:
    words: list[str] = []
    said: tuple[dict[str, SlotValue], dict[str, SlotValue]] = ({}, {})  # before and after a cut
    counts = [0]
    cut = NO_LABEL
    for label in labels:
        for one in flatten(label):
            if one.kind == "word":
                words.append(one.text)
            if one.kind == "cut":
                cut = one
            if one.slot:
                said[cut is not NO_LABEL][one.slot] = one.value
        counts.append(len(words))
    return _Reading(tuple(words), said[0], tuple(counts), cut, said[1])


class Decoder:
    """Decodes one turn at a time. Frames are counted on the caller's clock."""

    def __init__(self, graph: PhoneGraph, settings: DecoderSettings | None = None) -> None:
        """`settings`: those fitted to the listener (`fitted.py`), or what suits the graph with none in particular.

        Raises CommandsError if the graph is broken. Takes no memory in C after that.
        """
        self.settings = settings or (LONG_SENTENCES if is_long_grammar(graph) else DecoderSettings())
        self._search = GraphSearch(graph, self.settings.search)
        # not the arcs, of which the search has its own copy
        self._labels, self._final_label, self._can_continue = graph.labels, graph.final_label, graph.can_continue
        self._begin()

    def twin(self) -> Decoder:
        """Another one of the same commands, at the cost of its paths alone."""
        twin = copy(self)
        twin._search = self._search.twin()
        twin._begin()
        return twin

    def _begin(self) -> None:
        self._heard = HeardFrames()
        self._at_frame = 0
        self._num_steady = 0  # labels
        self._reading = _read([])
        self._reading_key = (0, 0)  # history and end label of `_reading`

    def reset(self, at_frame: int = 0) -> None:
        """Forget all; the next frame given is number `at_frame`."""
        self._search.reset()
        self._heard.reset()
        self._at_frame = at_frame

    def step(self, log_posteriors: NDArray[np.float32]) -> None:
        """Any number of frames, float32 [num_frames, 40], natural log."""
        self._search.step(log_posteriors)
        self._heard.step(log_posteriors)

    def hypothesis(self) -> Hypothesis:
        """The best path so far, complete or not: what to show while the talker goes on."""
        path = self._search.path
        self._find(complete_only=False)
        is_settled = path.next_frame - path.phone_frame > self.settings.settle_frames
        if path.node >= 0 and not path.is_complete and is_settled:
            least_score = path.score - self.settings.settle_score
            if not self._find(complete_only=True) or path.score < least_score:
                self._find(complete_only=False)
        return self._describe()

    def final_hypothesis(self) -> Hypothesis:
        """The best path on which a sentence is complete: what to act upon once the turn is over."""
        return self._describe() if self._find(complete_only=True) else Hypothesis()

    def _find(self, complete_only: bool) -> bool:
        """Fill the search's path with the best one, and count the labels that the nearest share; False: none."""
        if not self._search.best(complete_only, self.settings.show_beam):
            return False
        self._num_steady = self._search.path.num_committed
        return self._search.best(complete_only, self.settings.commit_beam)

    def _describe(self) -> Hypothesis:
        path = self._search.path
        if path.node < 0:
            return Hypothesis()
        is_complete = bool(path.is_complete)
        reading = self._read_path(int(self._final_label[path.node]) if is_complete else 0)
        score_per_phone = path.command_score / path.num_phones
        filler_share = self._filler_share()
        evidence = features(score_per_phone, filler_share, path.margin, path.num_phones)
        num_heard_frames = self._heard.between(path.first_frame, path.phone_frame)
        spoken_evidence = evidence_of(num_heard_frames, path.num_phones, path.filler_margin)
        return Hypothesis(
            words=reading.words,
            intent=(reading.cut.intent or self._intent(path.node)) if is_complete else None,
            slots=dict(reading.slots),
            instead=dict(reading.instead) if reading.cut is not NO_LABEL else None,
            was_broken_off=reading.cut.text == BROKEN_OFF,
            is_complete=is_complete,
            can_continue=bool(self._can_continue[path.node]),
            margin=path.margin,
            confidence=self.settings.confidence.p_right(evidence) * self.settings.spoken.p_spoken(spoken_evidence),
            num_committed_words=reading.num_words_up_to[min(path.num_committed, path.num_labels)],
            num_unsteady_words=len(reading.words) - reading.num_words_up_to[min(self._num_steady, path.num_labels)],
            incomplete_margin=path.incomplete_margin,
            num_phones=path.num_phones,
            score_per_phone=score_per_phone,
            filler_share=filler_share,
            spoken_evidence=spoken_evidence,
            first_frame=self._at_frame + path.first_frame,
            last_phone_frame=self._at_frame + path.phone_frame,
            num_frames_since_phone=path.next_frame - 1 - path.phone_frame,
        )

    def _intent(self, node: int) -> str:
        return self._labels[int(self._final_label[node])].intent

    def _read_path(self, end_label: int) -> _Reading:
        """The same reading again as long as nothing new was said."""
        path = self._search.path
        key = (path.history, end_label)
        if key != self._reading_key or len(self._reading.num_words_up_to) <= path.num_labels:
            numbers = [self._search.labels[index] for index in range(path.num_labels)] + [end_label]
            self._reading = _read([self._labels[number] for number in numbers])
            self._reading_key = key
        return self._reading

    def _filler_share(self) -> float:
        """Sounds that went to the fillers, estimated from what they cost, among all sounds."""
        path, costs = self._search.path, self.settings.search
        num_outside = -path.lead_score / max(costs.filler_cost, 1e-3)
        if path.is_ended:
            num_outside -= path.tail_score / max(costs.end_filler_cost, 1e-3)
        return float(num_outside / (num_outside + path.num_phones))
