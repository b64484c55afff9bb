"""Wake phrases from their text: no training, the listener's phones against the phrase's phones.

A phrase is heard when the best path that ends in it now is hardly worse than the open path over the same frames.

Thread: hop only.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import CommandsError
from edge_agent.models.lexicon import Pronunciation
from edge_agent.models.phone_graph import NO_LABEL, Label, PhoneGraph
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.pronounce import pronounce
from edge_agent.models.search import GraphSearch, SearchSettings

WEAK_PHRASE_PHONES: Final = 4  # fewer are said by chance too often


@dataclass(frozen=True)
class WakeSettings:
    """When a phrase counts as heard. Frames are 20 ms."""

    threshold: float = -1.2  # least score per phone, natural log against the open path
    min_open_score: float = -1.0  # of the open path, per frame; less, and the listener has no idea what it hears
    min_frames_per_phone: float = 1.5  # nobody speaks faster
    max_frames_per_phone: float = 9.0  # or slower
    max_age_frames: int = 3  # since the last phone
    refractory_frames: int = 50
    # Filler is the open path itself, so that a phrase may begin anywhere; nothing may follow its end.
    search: SearchSettings = field(
        default_factory=lambda: SearchSettings(
            beam=60.0, floor=12.0, blank_cost=2.0, filler_cost=0.0, end_filler_cost=math.inf
        )
    )


def phrase_words(phrase: str) -> list[str]:
    """Words of a phrase as the dictionary writes them. Raises CommandsError if there are none."""
    words = re.findall(r"[a-z']+", phrase.lower())
    if not words:
        raise CommandsError(f"wake phrase '{phrase}' has no words; write it as it is said, in letters")
    return words


@dataclass
class _GraphBuilder:
    """Appends phrases, each a chain of words, each word a bundle of pronunciations."""

    phone: list[int] = field(default_factory=lambda: [0])
    sources: list[list[int]] = field(default_factory=lambda: [[]])  # of the arcs into each node
    final_label: dict[int, int] = field(default_factory=dict)

    def add_phrase(self, words: list[tuple[Pronunciation, ...]], label: int) -> None:
        ends = [0]
        for pronunciations in words:
            ends = [self._add_chain(ends, pronunciation) for pronunciation in pronunciations]
        self.final_label.update(dict.fromkeys(ends, label))

    def _add_chain(self, sources: list[int], pronunciation: Pronunciation) -> int:
        for phone in pronunciation:
            self.phone.append(TOKEN_OF_PHONE[phone])
            self.sources.append(sources)
            sources = [len(self.phone) - 1]
        return sources[0]

    def graph(self, labels: tuple[Label, ...]) -> PhoneGraph:
        num_nodes = len(self.phone)
        final_label = np.zeros(num_nodes, np.int32)
        final_label[list(self.final_label)] = list(self.final_label.values())
        arc_source = np.concatenate([np.array(sources, np.int32) for sources in self.sources])
        return PhoneGraph(
            phone=np.array(self.phone, np.uint8),
            arc_start=np.cumsum([0, *map(len, self.sources)]).astype(np.int32),
            arc_source=arc_source,
            arc_label=np.zeros(len(arc_source), np.int32),
            arc_cost=np.zeros(len(arc_source), np.float32),
            final_cost=np.where(final_label > 0, 0.0, np.inf).astype(np.float32),
            final_label=final_label,
            can_continue=(final_label == 0).astype(np.uint8),
            labels=labels,
        )


def compile_phrases(phrases: Sequence[str]) -> PhoneGraph:
    """Graph of phrases; the "end" label of phrase k is number k + 1. Raises CommandsError. Takes about 0.2 s."""
    words = [phrase_words(phrase) for phrase in phrases]
    spoken = pronounce((word for phrase in words for word in phrase), {})
    builder = _GraphBuilder()
    for index, phrase in enumerate(words):
        builder.add_phrase([spoken.pronunciations[word] for word in phrase], index + 1)
    return builder.graph((NO_LABEL, *(Label("end", intent=phrase) for phrase in phrases)))


class KeywordSpotter:
    """Listens for phrases; `score_per_phone` is that of the best phrase ending at the last step (-inf: none)."""

    def __init__(self, phrases: Sequence[str], settings: WakeSettings | None = None) -> None:
        """Raises CommandsError if there is no phrase, or if one cannot be pronounced."""
        if not phrases:
            raise CommandsError("no wake phrase is given; name at least one, or listen from the start")
        self.settings = settings or WakeSettings()
        graph = compile_phrases(phrases)
        self._label_of_node = graph.final_label.tolist()
        self._search = GraphSearch(graph, self.settings.search)
        self._rest_frames = 0
        self.score_per_phone = -math.inf
        self.weak_phrases = tuple(
            phrase for index, phrase in enumerate(phrases) if _shortest(graph, index + 1) < WEAK_PHRASE_PHONES
        )

    def reset(self) -> None:
        """Forget what was heard of a phrase."""
        self._search.reset()
        self._rest_frames = 0
        self.score_per_phone = -math.inf

    def step(self, log_posteriors: NDArray[np.float32]) -> int | None:
        """Frames of one step, float32 [num_frames, 40]; index of the phrase that ended in them, or None."""
        self._search.step(log_posteriors)
        self._rest_frames = max(0, self._rest_frames - len(log_posteriors))
        self.score_per_phone = -math.inf
        if not self._search.ending(self.settings.max_age_frames):
            return None
        path = self._search.path
        if not self._is_plausible(path):
            return None
        self.score_per_phone = path.command_score / path.num_phones
        if self._rest_frames > 0 or self.score_per_phone < self.settings.threshold:
            return None
        self._search.reset()  # or the same sounds might be heard once more
        self._rest_frames = self.settings.refractory_frames
        return int(self._label_of_node[path.node]) - 1

    def _is_plausible(self, path: Any) -> bool:
        settings = self.settings
        frames_per_phone = (path.phone_frame + 1 - path.first_frame) / path.num_phones
        if not settings.min_frames_per_phone <= frames_per_phone <= settings.max_frames_per_phone:
            return False
        return bool(path.open_score >= settings.min_open_score * (path.next_frame - path.first_frame))


def _shortest(graph: PhoneGraph, label: int) -> int:
    """Least number of phones that reach a final node of that label."""
    depth = np.zeros(graph.num_nodes, np.int64)
    for node in range(1, graph.num_nodes):
        depth[node] = 1 + depth[graph.arc_source[graph.arc_start[node] : graph.arc_start[node + 1]]].min()
    return int(depth[graph.final_label == label].min())
