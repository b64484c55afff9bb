"""The C search against its numpy definition, on random graphs, random posteriors and random chunking."""

import gc
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from edge_agent._kernels import ffi
from edge_agent.models.phone_graph import NO_LABEL, Label, PhoneGraph
from edge_agent.models.phones import TOKENS
from edge_agent.models.reference_search import Answer, ReferenceSearch
from edge_agent.models.search import GraphSearch, SearchSettings
from tests.models.posteriors import build_graph, normalised

LABELS = (
    NO_LABEL,
    Label("word", "one"),
    Label("word", "two"),
    Label("slot", slot="number", value=1),
    Label("word", "two", also=(Label("slot", slot="number", value=2),)),
    Label("word", "one"),
    Label("end", intent="a"),
    Label("end", intent="b"),
)


def random_graph(random: Generator) -> PhoneGraph:
    num_nodes = int(random.integers(2, 25))
    num_phones = int(random.integers(2, 6))  # few, so that the same phone often follows itself
    phone = [0, *random.integers(1, num_phones, num_nodes - 1).tolist()]
    arcs = {}
    for node in range(1, num_nodes):
        for source in random.integers(0, node, int(random.integers(1, 4))).tolist():
            arcs[(source, node)] = (source, node, int(random.integers(0, 6)), float(random.choice([0.0, 0.5, 1.7])))
    is_final = random.random(num_nodes) < 0.3
    is_final[-1] = True
    final = {int(n): (int(random.integers(6, 8)), float(random.random())) for n in np.flatnonzero(is_final) if n > 0}
    return build_graph(phone, list(arcs.values()), final, LABELS)


def random_settings(random: Generator) -> SearchSettings:
    return SearchSettings(
        beam=float(random.choice([4.0, 12.0, 100.0])),
        floor=float(random.choice([3.0, 10.0])),
        blank_cost=float(random.choice([0.0, 2.0])),
        phone_bonus=float(random.choice([0.0, 1.0])),
        branching_cost=float(random.choice([0.0, 0.5])),
        filler_cost=float(random.choice([0.0, 1.0, 4.0])),
        end_filler_cost=float(random.choice([1.0, 4.0, math.inf])),
        max_links=int(random.choice([0, 120])),
    )


def check_same(search: GraphSearch, expected: Answer | None, found: bool) -> None:
    assert found == (expected is not None)
    if expected is None:
        return
    path = search.path
    for name in ("node", "is_complete", "is_ended", "num_committed", "num_phones", "first_frame", "phone_frame"):
        assert getattr(path, name) == getattr(expected, name), name
    assert tuple(search.labels[index] for index in range(path.num_labels)) == expected.labels
    for name in ("score", "command_score", "open_score", "margin", "incomplete_margin", "filler_margin"):
        assert getattr(path, name) == pytest.approx(getattr(expected, name), abs=1e-3, rel=1e-5), name


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_agrees_with_the_reference(seed: int) -> None:
    random = np.random.default_rng(seed)
    graph, search_settings = random_graph(random), random_settings(random)
    sharpness = float(random.choice([0.5, 2.0, 5.0]))
    num_frames = int(random.integers(1, 30))
    logits = random.normal(0, sharpness, (num_frames, len(TOKENS)))
    logits[:, :6] += 2.0 * sharpness
    posteriors = normalised(logits)
    search, reference = GraphSearch(graph, search_settings), ReferenceSearch(graph, search_settings)
    cuts = np.sort(random.integers(0, num_frames + 1, 6))
    for piece in np.split(posteriors, cuts):
        search.step(piece)
        reference.step(piece)
        for complete_only in (False, True):
            commit_beam = float(random.choice([2.0, 8.0]))
            found = search.best(complete_only, commit_beam)
            check_same(search, reference.best(complete_only, commit_beam), found)
    assert search.num_dropped == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_search_that_was_reset_and_a_twin_hear_what_a_new_one_hears(seed: int) -> None:
    random = np.random.default_rng(seed)
    graph, costs = random_graph(random), random_settings(random)
    new, used = GraphSearch(graph, costs), GraphSearch(graph, costs)
    other = normalised(random.normal(0, 3, (25, len(TOKENS))))
    used.step(other)
    twin = used.twin()  # of one that has a past
    twin.step(other[::-1])
    used.reset()
    twin.reset()
    for frame in normalised(random.normal(0, 3, (30, len(TOKENS)))):
        for search in (new, used, twin):  # in turn: they share the graph, and no path
            search.step(frame[None])
        for complete_only in (False, True):
            found = [search.best(complete_only, 8.0) for search in (new, used, twin)]
            assert found[0] == found[1] == found[2]
            assert bytes(ffi.buffer(new.path)) == bytes(ffi.buffer(used.path)) == bytes(ffi.buffer(twin.path))
    assert new.num_links == used.num_links == twin.num_links


def test_a_twin_outlives_the_search_that_it_was_made_from() -> None:
    random = np.random.default_rng(5)
    graph = random_graph(random)
    posteriors = normalised(random.normal(0, 3, (20, len(TOKENS))))
    once, twin = GraphSearch(graph, SearchSettings()), GraphSearch(graph, SearchSettings()).twin()
    gc.collect()
    for search in (once, twin):
        search.step(posteriors)
        assert search.best(complete_only=False)
    assert (once.path.score, once.path.node) == (twin.path.score, twin.path.node)
