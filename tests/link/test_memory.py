"""A conversation's memory: its beginning and its end as they were, its middle short, its size constant."""

import asyncio
import gc
import sys

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import virtual_time
from benchmarks.offload_rig import Rig, memory_network
from edge_agent.link.cloud.base import Said
from edge_agent.link.memory import (
    FIRST_TURNS,
    MAX_LETTERS,
    MAX_TOPIC_LETTERS,
    RECENT_TURNS,
    TOPICS,
    Memory,
)
from edge_agent.parcels import Began, Ended, Sound

MOST_LETTERS = (FIRST_TURNS + RECENT_TURNS) * MAX_LETTERS + TOPICS * (MAX_TOPIC_LETTERS + 2) + 200


def filled(num_turns: int) -> Memory:
    memory = Memory()
    for number in range(num_turns):
        memory.add("user", f"question {number}")
        memory.add("agent", f"answer {number}")
    return memory


def test_a_short_conversation_is_kept_as_it_was() -> None:
    told = filled(8).told()
    assert told[:2] == (Said("user", "question 0"), Said("agent", "answer 0"))
    assert [said.text for said in told] == [f"{word} {n}" for n in range(8) for word in ("question", "answer")]


def test_a_long_one_keeps_its_beginning_and_its_end() -> None:
    told = [said.text for said in filled(100).told()]
    assert told[:FIRST_TURNS] == ["question 0", "answer 0", "question 1", "answer 1"]
    assert told[-RECENT_TURNS:][0] == "question 94"
    assert told[-1] == "answer 99"
    assert "184 utterances" in told[FIRST_TURNS]
    assert "question 93" in told[FIRST_TURNS]
    assert "question 83" not in told[FIRST_TURNS]
    assert filled(100).told() == filled(100).told()


@given(st.lists(st.tuples(st.sampled_from(["user", "agent"]), st.text(max_size=2_000)), max_size=120))
def test_its_size_is_bounded_whatever_is_said(turns: list[tuple[str, str]]) -> None:
    memory = Memory()
    for role, text in turns:
        memory.add(role, text)  # type: ignore[arg-type]
    told = memory.told()
    assert len(told) <= FIRST_TURNS + RECENT_TURNS + 1
    assert sum(len(said.text) for said in told) <= MOST_LETTERS
    assert all(said.text.strip() for said in told)


def test_five_hours_of_questions_leave_the_link_as_large_as_it_was() -> None:
    """A question every five minutes, in a session that begins with what was said before."""
    network = memory_network()
    network.num_pieces, network.pace = 4, 10.0
    told: list[int] = []
    num_blocks: list[int] = []

    async def scene() -> None:
        rig = Rig([network.provider()])
        for turn in range(1, 61):
            network.words = f"words of answer {turn} "
            rig.runner.give(Began(turn, 0, "open_question", "profile", 0.0))
            rig.runner.give(Sound(turn, 0, bytes(32_000)))
            rig.runner.give(Ended(turn, 16_000))
            await asyncio.sleep(300.0)
            while rig.down.receive() is not None:
                pass
            told.append(len(rig.runner.turns.history))
            if turn % 30 == 0:
                gc.collect()
                num_blocks.append(sys.getallocatedblocks())
        assert {receipt.outcome for receipt in rig.receipts} == {"answered"}
        await rig.close()

    virtual_time.run(scene())
    assert max(told) == FIRST_TURNS + RECENT_TURNS + 1
    assert network.num_connections == 60, "no session had to begin anew"
    assert num_blocks[1] - num_blocks[0] < 1_000
