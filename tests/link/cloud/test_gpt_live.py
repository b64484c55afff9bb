"""GPT-Live: time that passes only while sound is sent, and answers found between silences."""

import asyncio
import base64
from dataclasses import replace
from typing import Any

from benchmarks import virtual_time
from edge_agent.link.cloud.base import AudioDelta, CloudEvent, ToolCall, ToolResult, Transcript, TurnDone, UsageSeen
from edge_agent.link.cloud.gpt_live import MAX_LAG_MS
from edge_agent.link.cloud.pcm import duration_ms
from edge_agent.link.cloud_sim.stage import Stage
from tests.link.cloud.talks import FAST, LIGHTS, VOICE, in_memory, of, play, sound_of

LOUD = base64.b64encode(VOICE[:1_600]).decode()  # 50 ms
QUIET = base64.b64encode(bytes(1_600)).decode()


def frames(pattern: str) -> list[Any]:
    """ "x" is a loud frame of 50 ms, "." a quiet one."""
    return [{"type": "session.output_audio.delta", "delta": LOUD if c == "x" else QUIET} for c in pattern]


def test_silence_is_sent_when_the_microphone_gives_nothing() -> None:
    async def talk() -> float:
        stage = Stage(FAST)
        session = in_memory("gpt_live", stage)
        await session.open()
        await asyncio.sleep(0.5)
        await session.close()
        return duration_ms(stage.num_heard_bytes, 16_000)

    heard_ms = virtual_time.run(talk())
    assert 500 - MAX_LAG_MS - 120 <= heard_ms <= 520


def test_sound_of_the_microphone_is_not_doubled_by_silence() -> None:
    async def talk() -> float:
        stage = Stage(FAST)
        session = in_memory("gpt_live", stage)
        await session.open()
        await session.send_audio(VOICE, 0)  # a second at once: a pre-roll
        await asyncio.sleep(0.4)
        await session.close()
        return duration_ms(stage.num_heard_bytes, 16_000)

    assert virtual_time.run(talk()) == 1_000


def test_answers_lie_between_long_silences_and_silence_is_not_handed_out() -> None:
    events, _, _ = virtual_time.run(play("gpt_live", frames("." * 40 + "xx..xx" + "." * 40 + "x" + "." * 20)))
    assert [event.reason for event in of(TurnDone, events)] == ["complete", "complete"]
    by_answer = {
        answer_id: len(of(AudioDelta, [e for e in events if getattr(e, "answer_id", "") == answer_id]))
        for answer_id in ("1", "2")
    }
    assert by_answer == {"1": 6 + 16, "2": 1 + 16}  # the silence that ends an answer comes with it


def test_a_cancelled_answer_is_not_heard_and_the_next_one_is() -> None:
    def then(session: Any, event: CloudEvent) -> Any:
        is_first = isinstance(event, AudioDelta) and event.answer_id == "1"
        return session.cancel(50) if is_first else None

    events, session, _ = virtual_time.run(play("gpt_live", frames("xxxx" + "." * 16 + "xx" + "." * 16), then))
    assert [event.reason for event in of(TurnDone, events)] == ["cancelled", "complete"]
    assert [event.answer_id for event in of(AudioDelta, events)] == ["1", *["2"] * (2 + 16)]
    assert session.counters.num_late == 3 + 16


def test_words_are_gathered_into_turns() -> None:
    said = [
        {"type": "session.input_transcript.delta", "delta": "how "},
        {"type": "session.input_transcript.delta", "delta": "far"},
        {"type": "session.output_transcript.delta", "delta": "Not far."},
        *frames("x" + "." * 16),
        {"type": "session.usage.updated", "usage": {"seconds": 12.5}},
    ]
    events, _, _ = virtual_time.run(play("gpt_live", said))
    finals = [(event.role, event.text) for event in of(Transcript, events) if event.final]
    assert finals == [("user", "how far"), ("agent", "Not far.")]
    assert of(UsageSeen, events) == [UsageSeen(seconds=12.5)]


def test_delegated_work_is_answered_so_that_the_model_does_not_wait() -> None:
    said = [{"type": "session.delegation.created", "delegation": {"id": "d1", "target": "client"}}]
    _, _, wire = virtual_time.run(play("gpt_live", said))
    told = next(message for message in wire.sent if message["type"] == "session.thinking.append")
    assert told["delegation_id"] == "d1"


def test_tools_run_by_a_backend_model() -> None:
    item = {"type": "function_call", "call_id": "c1", "name": "lights", "arguments": '{"on": true}'}
    said = [{"type": "response.event", "event": {"type": "response.output_item.done", "item": item}}]

    def then(session: Any, event: CloudEvent) -> Any:
        if isinstance(event, ToolCall):
            return session.send_tool_result(ToolResult(event.call_id, event.name, {"status": "ok"}))
        return None

    events, session, wire = virtual_time.run(play("gpt_live", said, then, tools=(LIGHTS,), tool_model="backend"))
    assert of(ToolCall, events) == [ToolCall("c1", "lights", {"on": True})]
    delegation = wire.sent[0]["session"]["delegation"]
    assert delegation["responses"]["model"] == "backend"
    assert [message["type"] for message in wire.sent[1:3]] == ["response.item.create", "response.create"]
    assert session.capabilities.tools
    assert not in_memory("gpt_live", Stage(), tools=(LIGHTS,)).capabilities.tools


def test_the_cloud_owns_the_floor() -> None:
    async def talk() -> list[str]:
        stage = Stage(replace(FAST, think_s=0.0))
        session = in_memory("gpt_live", stage)
        await session.open()
        await session.begin_turn()
        await session.end_turn()
        await session.send_text("hello")
        await session.send_image(b"jpeg")
        await asyncio.sleep(0.1)
        assert stage.num_turns == 0
        await session.close()
        return list(session.capabilities.turn_owners)

    assert virtual_time.run(talk()) == ["provider"]


def test_sound_is_what_the_stand_in_says() -> None:
    async def talk() -> bytes:
        session = in_memory("gpt_live", Stage(replace(FAST, answer="Yes.")))
        await session.open()
        await session.send_audio(VOICE, 0)
        heard: list[CloudEvent] = []
        async for event in session.events():
            heard.append(event)
            if isinstance(event, TurnDone):
                break
        await session.close()
        return sound_of(heard)

    sound = virtual_time.run(talk())
    assert 300 <= duration_ms(len(sound.rstrip(b"\0")), 16_000) <= 1_500
