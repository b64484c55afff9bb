"""Pieces of a transcript and the whole of it, which must not count twice."""

import pytest

from edge_agent.link.cloud.base import Transcript
from edge_agent.link.words import Words


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([("It ", False), ("is late. ", False), ("It is late.", True)], "It is late."),
        ([(" It", False), (" is late.", False), ("It is late.", True)], "It is late."),
        ([("It ", False), ("It is late.", True)], "It is late."),
        ([("It is late.", True)], "It is late."),
        ([("One. ", False), ("One.", True), ("Two. ", False), ("Two.", True)], "One. Two."),
        ([("It is late.", False), ("", True)], "It is late."),
        ([("It his late", False), (" It is late.", True)], "It his late It is late."),
    ],
)
def test_what_was_said(told: list[tuple[str, bool]], said: str) -> None:
    words = Words()
    new = [words.add(Transcript("agent", text, final)) for text, final in told]
    assert words.of("agent") == said
    assert "".join(new).strip() == said
    assert words.of("user") == ""
