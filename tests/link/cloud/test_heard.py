"""Barge-in: what is taken back of an answer, and the one clamp on which a session depends."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import virtual_time
from edge_agent.link.cloud.base import AudioDelta, TurnDone
from edge_agent.link.cloud.heard import Answer, Cut, cuts
from edge_agent.link.cloud_sim.stage import Stage
from tests.link.cloud.talks import FAST, ask, in_memory, of, play, until_done

MS = 48  # bytes of a millisecond at 24 kHz


def made(*lengths_ms: int, is_making: bool = False) -> Answer:
    answer = Answer("r", is_making=is_making)
    answer.bytes_of = {f"i{n}": ms * MS for n, ms in enumerate(lengths_ms)}
    return answer


@pytest.mark.parametrize(
    ("answer", "heard_ms", "expected"),
    [
        (made(1000), 400.0, [Cut("i0", 400)]),
        (made(1000), 0.0, [Cut("i0", 0)]),
        (made(1000), 1000.0, []),
        (made(1000), 5000.0, []),
        (made(1000, is_making=True), 5000.0, [Cut("i0", 1000)]),
        (made(1000, 500), 1200.0, [Cut("i1", 200)]),
        (made(1000, 500), 300.0, [Cut("i0", 300), Cut("i1", 0)]),
        (made(), 300.0, []),
    ],
)
def test_what_is_taken_back(answer: Answer, heard_ms: float, expected: list[Cut]) -> None:
    assert cuts(answer, heard_ms, 24_000) == expected


@given(st.lists(st.integers(0, 3_000), max_size=4), st.floats(-10, 1e5), st.booleans())
def test_never_more_is_kept_of_an_item_than_it_has(lengths: list[int], heard_ms: float, is_making: bool) -> None:
    answer = made(*lengths, is_making=is_making)
    for cut in cuts(answer, heard_ms, 24_000):
        assert 0 <= cut.keep_ms * MS <= answer.bytes_of[cut.item_id]


@pytest.mark.parametrize("heard_ms", [0.0, 15.0, 40.0, 100_000.0])
def test_the_server_agrees_with_every_truncation(heard_ms: float) -> None:
    async def talk() -> None:
        scene = replace(FAST, answer="A long answer that goes on for a good while.", pace=40.0)
        session = in_memory("openai_realtime", Stage(scene))
        await session.open()
        events = session.events()
        for _ in range(3):
            await ask(session)
            async for event in events:
                if isinstance(event, AudioDelta):
                    break
            await session.cancel(heard_ms)
            assert of(TurnDone, await until_done(events))[0].reason == "cancelled"
        await session.close()
        assert session.counters.num_errors == 0

    virtual_time.run(talk())


def test_an_answer_that_is_made_but_not_yet_heard_is_cut_too() -> None:
    """Sound comes faster than it is played: the response is long over when the talker breaks in."""
    sound = base64.b64encode(bytes(500 * MS)).decode()
    said = [
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": sound},
        {"type": "response.done", "response": {"id": "r", "status": "completed"}},
        {"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": sound},
    ]

    def then(session: Any, event: Any) -> Any:
        return session.cancel(120.0) if isinstance(event, TurnDone) else None

    events, session, wire = virtual_time.run(play("openai_realtime", said, then))
    sent = [message["type"] for message in wire.sent]
    assert "response.cancel" not in sent
    assert wire.sent[-1] == {
        "type": "conversation.item.truncate",
        "content_index": 0,
        "audio_end_ms": 120,
        "item_id": "i",
    }
    assert len(of(AudioDelta, events)) == 1
    assert session.counters.num_late == 1
