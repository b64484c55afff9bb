"""Costs of the search are compared on words that differ in one phone."""

import click
import numpy as np
import pytest

from edge_agent.models.search import SearchSettings
from export.near_words import Line, count_wrong, graph_of, near_words, tried
from tests.models.posteriors import said

VOCABULARY = ["bat", "bats", "cat", "kat", "hatch", "shut", "a"]
CAT, BAT = "SH AH T K AE T", "SH AH T B AE T"


def test_near_is_what_differs_in_one_phone_and_sounds_otherwise() -> None:
    near = near_words(VOCABULARY)
    assert set(near["bat"]) == {"bats", "cat", "kat"}
    assert set(near["cat"]) == {"bat"}, "a word that sounds the same cannot be told"
    assert near["hatch"] == []
    assert near["a"] == [], "short words are like everything"


def test_every_word_or_one_near_it_can_be_heard() -> None:
    graph = graph_of(["shut", "cat"], near_words(VOCABULARY))
    graph.validate()
    assert [label.value for label in graph.labels if label.kind == "slot"] == ["shut", "cat", "bat"]


def test_words_taken_for_another_are_counted_by_hearing() -> None:
    line = Line(("shut", "cat"), (said(CAT), said(BAT), np.full((3, 40), np.log(1 / 40), np.float32)))
    near = near_words(VOCABULARY)
    assert count_wrong(line, near, SearchSettings()) == [0, 1, 1]
    without = near | {"cat": []}
    assert count_wrong(line, without, SearchSettings()) == [0, 0, 0], "nothing could be taken for it"


def test_costs_are_changed_by_name() -> None:
    assert tried(SearchSettings(), "blank_cost=1,phone_bonus=2") == SearchSettings(blank_cost=1.0, phone_bonus=2.0)
    for wrong in ("blank=1", "blank_cost", "blank_cost=much"):
        with pytest.raises(click.BadParameter, match="name=value"):
            tried(SearchSettings(), wrong)
