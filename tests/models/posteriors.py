"""Synthetic posteriors and small graphs for the tests of decoding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.phone_graph import NO_LABEL, Label, PhoneGraph
from edge_agent.models.phones import BLANK, TOKEN_OF_PHONE, TOKENS

Posteriors = NDArray[np.float32]


def normalised(logits: NDArray[np.floating]) -> Posteriors:
    """Log posteriors of logits [num_frames, 40]."""
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True), np.float32)


def peaks(tokens: Sequence[int], seed: int = 0, blanks: int = 2, sureness: float = 8.0) -> Posteriors:
    """Each token in one frame, followed by so many blank frames; all others are `sureness` below, more or less."""
    wanted = [token for phone in tokens for token in (phone, *[BLANK] * blanks)]
    logits = np.random.default_rng(seed).normal(-sureness, 1.0, (len(wanted), len(TOKENS)))
    logits[np.arange(len(wanted)), wanted] = 0.0
    return normalised(logits)


def said(phones: str, lead: int = 10, tail: int = 10, seed: int = 0, sureness: float = 8.0) -> Posteriors:
    """Phones as words of a string, with silence before and after."""
    silence = [BLANK] * lead, [BLANK] * tail
    tokens = [TOKEN_OF_PHONE[phone] for phone in phones.split()]
    parts = [
        peaks(silence[0], seed, 0, sureness),
        peaks(tokens, seed + 1, 2, sureness),
        peaks(silence[1], seed + 2, 0, sureness),
    ]
    return np.concatenate(parts)


def wavering(phones: str) -> Posteriors:
    """Each phone in a frame in which silence is a little likelier, three frames apart."""
    logits = np.full((40, len(TOKENS)), -12.0)
    logits[:, BLANK] = 0.0
    for index, phone in enumerate(phones.split()):
        logits[10 + 3 * index, TOKEN_OF_PHONE[phone]] = -0.4
    return normalised(logits)


def build_graph(
    phone: Sequence[int],
    arcs: Sequence[tuple[int, int, int, float]],
    final: dict[int, tuple[int, float]],
    labels: tuple[Label, ...],
) -> PhoneGraph:
    """arcs: source, destination, label, cost. final: node -> label, cost."""
    ordered = sorted(arcs, key=lambda arc: (arc[1], arc[0]))
    counts = np.bincount([arc[1] for arc in ordered], minlength=len(phone))
    final_cost = np.full(len(phone), np.inf, np.float32)
    final_label = np.zeros(len(phone), np.int32)
    for node, (label, cost) in final.items():
        final_cost[node], final_label[node] = cost, label
    sources = {arc[0] for arc in ordered}
    return PhoneGraph(
        phone=np.array(phone, np.uint8),
        arc_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        arc_source=np.array([arc[0] for arc in ordered], np.int32),
        arc_label=np.array([arc[2] for arc in ordered], np.int32),
        arc_cost=np.array([arc[3] for arc in ordered], np.float32),
        final_cost=final_cost,
        final_label=final_label,
        can_continue=np.array([node in sources for node in range(len(phone))], np.uint8),
        labels=labels,
    )


Word = tuple[str, str, Label]  # phones, and the label on the way into them with the word's text


def sentences_graph(sentences: Sequence[tuple[Sequence[Word], Label]]) -> PhoneGraph:
    """A prefix tree of sentences; each is words (text, phones, label) and an "end" label."""
    phone, arcs, final, labels = [0], [], {}, [NO_LABEL]
    known: dict[tuple[int, str, Label], int] = {}
    for words, end in sentences:
        node = 0
        for _, phones, label in words:
            for position, symbol in enumerate(phones.split()):
                put_out = label if position == 0 else NO_LABEL
                key = (node, symbol, put_out)
                if key not in known:
                    known[key] = len(phone)
                    phone.append(TOKEN_OF_PHONE[symbol])
                    if put_out not in labels:
                        labels.append(put_out)
                    arcs.append((node, known[key], labels.index(put_out), 0.0))
                node = known[key]
        labels.append(end)
        final[node] = (len(labels) - 1, 0.0)
    return build_graph(phone, arcs, final, tuple(labels))
