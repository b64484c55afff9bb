"""A long reply is said in pieces, and the user may speak between them."""

import numpy as np
import pytest

from edge_agent.units import HOP_MS, HOP_SAMPLES
from edge_agent.voice.pieces import pieces
from tests.dialogue.fakes import Dialogue, Said

LONG = (
    "There are three timers. The pasta timer has ten minutes left. The tea timer has two minutes left. The egg is next."
)


def test_whole_sentences_of_a_length_that_one_can_listen_to() -> None:
    assert pieces(LONG) == [
        "There are three timers. The pasta timer has ten minutes left.",
        "The tea timer has two minutes left. The egg is next.",
    ]
    assert " ".join(pieces(LONG)) == LONG
    assert pieces("Yes.") == ["Yes."]
    assert pieces("") == []


def long_talk(script: list[Said]) -> Dialogue:
    dialogue = Dialogue(script)
    dialogue.agent.skills.home.lists["shopping"] = ["milk"]
    dialogue.run(0.5)
    dialogue.agent.talk.say(LONG)
    return dialogue


def stretches_s(dialogue: Dialogue) -> list[tuple[float, float]]:
    """When the agent sounded."""
    hops = np.abs(dialogue.agent_sound[: len(dialogue.agent_sound) // HOP_SAMPLES * HOP_SAMPLES])
    is_loud = hops.reshape(-1, HOP_SAMPLES).max(axis=1) > 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_loud, [False]]).astype(int)))
    return [(float(begin), float(end)) for begin, end in edges.reshape(-1, 2) * HOP_MS / 1000]


def test_the_agent_listens_between_its_pieces() -> None:
    dialogue = long_talk([]).run(9.0)
    first, second = stretches_s(dialogue)
    assert 0.3 <= second[0] - first[1] <= 0.4
    assert dialogue.agent.is_idle


def test_mm_hm_between_them_lets_it_go_on() -> None:
    dialogue = long_talk([Said(3.35, "okay", "Yes")]).run(12.0)
    first, second = stretches_s(dialogue)
    assert first[1] < 3.35
    assert second[0] > 3.65
    assert not dialogue.of("reply")


def test_a_command_between_them_takes_their_place() -> None:
    dialogue = long_talk([Said(3.35, "what time is it", "GetTime")]).run(12.0)
    _, second = stretches_s(dialogue)
    assert second[1] - second[0] == pytest.approx(0.75, abs=0.05)
    assert [event.text for event in dialogue.of("reply")] == ["It's twelve o'clock."]
