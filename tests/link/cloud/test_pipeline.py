"""A pipeline of parts: spoken while it is written, cut where it was heard, and every fault is one sentence."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from edge_agent.errors import CloudError
from edge_agent.link.cloud.base import (
    AudioDelta,
    CloudEvent,
    CloudSession,
    Failed,
    Said,
    SessionConfig,
    ToolCall,
    ToolResult,
    Transcript,
    TurnDone,
)
from edge_agent.link.cloud.chat_log import MAX_MESSAGES, ChatLog, heard_words
from edge_agent.link.cloud.parts import Part
from edge_agent.link.cloud.pcm import duration_ms
from edge_agent.link.cloud.pipeline import MAX_ANSWER_CHARACTERS, MAX_ROUNDS, Pipeline
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud_sim.faults import Fault, FaultPlan
from edge_agent.link.cloud_sim.http import serving_http
from edge_agent.link.cloud_sim.stage import Scene, Stage, spoken
from tests.link.cloud.talks import FAST, LIGHTS, VOICE, ask, of, sound_of, until_done

TWO = replace(FAST, answer="The first sentence is this one. And this is the second of them.")


@contextlib.asynccontextmanager
async def talking(stage: Stage, **changes: Any) -> AsyncIterator[CloudSession]:
    async with serving_http(stage) as port:
        url = f"http://127.0.0.1:{port}/v1"
        session = make_session(
            "pipeline",
            SessionConfig(model="m", url=url, **changes),
            parts=(Part(url, "ears"), Part(url, "tongue")),
        )
        await session.open()
        yield session
        await session.close()


def run(scene: Scene, *faults: Fault, **changes: Any) -> list[CloudEvent]:
    async def talk() -> list[CloudEvent]:
        async with talking(Stage(scene, FaultPlan(faults)), **changes) as session:
            await ask(session)
            return await until_done(session.events())

    return asyncio.run(talk())


def test_a_turn_is_transcribed_answered_and_spoken_sentence_by_sentence() -> None:
    events = run(TWO)
    assert sound_of(events) == spoken("The first sentence is this one.", 24_000) + spoken(
        "And this is the second of them.", 24_000
    )
    words = "".join(event.text for event in of(Transcript, events) if event.role == "agent")
    assert words.split() == TWO.answer.split()
    assert of(Transcript, events)[0] == Transcript("user", TWO.question, True)
    assert events[-1] == TurnDone("complete", "1", "stop")


def test_silence_is_not_sent_to_be_answered() -> None:
    async def talk() -> list[CloudEvent]:
        stage = Stage(FAST)
        async with talking(stage) as session:
            await session.begin_turn()
            await session.send_audio(VOICE, 0)
            await session.abandon_turn()
            await session.end_turn()
            events = await until_done(session.events())
            assert stage.num_heard_bytes == 0
            return events

    assert asyncio.run(talk()) == [TurnDone("empty", detail="no words were heard")]


def test_a_tool_is_called_and_its_result_spoken_of() -> None:
    async def talk() -> None:
        async with talking(Stage(replace(FAST, call=("lights", {"on": True}))), tools=(LIGHTS,)) as session:
            events = session.events()
            await ask(session)
            heard = await until_done(events)
            assert of(ToolCall, heard) == [ToolCall("call_1", "lights", {"on": True})]
            assert heard[-1].reason == "calls"  # type: ignore[union-attr]
            await session.send_tool_result(ToolResult("call_1", "lights", {"status": "ok"}))
            assert sound_of(await until_done(events)) == spoken("Yes.", 24_000)

    asyncio.run(talk())


def test_a_model_that_only_makes_bad_calls_is_given_up() -> None:
    requests: list[Any] = []

    def chat(body: dict[str, Any]) -> list[Any]:
        requests.append(body)
        made = {"name": "lights", "arguments": '{"on": 1}'}
        return [{"tool_calls": [{"index": 0, "id": f"c{len(requests)}", "function": made}]}]

    events = talk_with(chat, tools=(LIGHTS,))
    assert events[-1].reason == "failed"  # type: ignore[union-attr]
    assert len(requests) == MAX_ROUNDS
    told = json.loads(requests[1]["messages"][-1]["content"])
    assert told["reason"] == "$.on: 1 is not of type 'boolean'"
    assert requests[1]["messages"][-1]["tool_call_id"] == "c1"


def test_a_cut_answer_is_remembered_as_far_as_it_was_heard() -> None:
    async def talk() -> list[Any]:
        stage = Stage(replace(TWO, pace=30.0))
        async with talking(stage) as session:
            events = session.events()
            await ask(session)
            heard = await until_done(events)
            first = spoken("The first sentence is this one.", 24_000)
            await session.cancel(duration_ms(len(first), 24_000))
            assert len(sound_of(heard)) > len(first)
            assert isinstance(session, Pipeline)
            return session._log.messages()

    assert asyncio.run(talk())[-1] == {"role": "assistant", "content": "The first sentence is this one."}


def test_nothing_of_a_cancelled_answer_is_handed_out() -> None:
    async def talk() -> None:
        async with talking(Stage(replace(TWO, pace=30.0))) as session:
            events = session.events()
            await ask(session)
            async for event in events:
                if isinstance(event, AudioDelta):
                    break
            await session.cancel(10)
            rest = await until_done(events)
            assert sound_of(rest) == b""
            assert rest[-1].reason == "cancelled"  # type: ignore[union-attr]
            await ask(session)
            assert len(sound_of(await until_done(events))) > 0

    asyncio.run(talk())


@pytest.mark.parametrize(("fault", "kind"), [("drop", "dropped"), ("close_1011", "dropped"), ("tls", "dropped")])
def test_a_broken_part_is_one_sentence(fault: Fault, kind: str) -> None:
    failure = run(FAST, fault)[-1]
    assert isinstance(failure, Failed)
    assert failure.kind == kind
    assert failure.message.startswith("I lost the connection to the ")


def test_rubbish_in_a_stream_costs_nothing_and_an_empty_answer_is_told() -> None:
    assert sound_of(run(FAST, "garbage")) == spoken("Yes.", 24_000)
    assert run(FAST, "empty_turn")[-1].reason == "empty"  # type: ignore[union-attr]


def test_nobody_there() -> None:
    async def talk() -> list[CloudEvent]:
        url = "http://127.0.0.1:9/v1"
        session = make_session("pipeline", SessionConfig(model="m", url=url), parts=(Part(url, "e"), Part(url, "t")))
        await session.open()
        await ask(session)
        events = await until_done(session.events())
        await session.close()
        return events

    failure = asyncio.run(talk())[0]
    assert isinstance(failure, Failed)
    assert (failure.kind, failure.message) == ("unreachable", "I can't reach the transcription service.")


def test_a_pipeline_without_its_parts_is_refused() -> None:
    with pytest.raises(CloudError, match="needs the URLs"):
        make_session("pipeline", SessionConfig(model="m"))
    with pytest.raises(CloudError, match="no cloud provider 'siri': give one of: gemini_live"):
        make_session("siri", SessionConfig(model="m"))


def talk_with(chat: Any, **changes: Any) -> list[CloudEvent]:
    """A pipeline whose chat says what a function says, and whose other parts are simple."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("transcriptions"):
            return httpx.Response(200, json={"text": "hello"})
        if request.url.path.endswith("speech"):
            return httpx.Response(200, content=bytes(4_801))
        lines = [json.dumps({"choices": [{"delta": delta}]}) for delta in chat(json.loads(request.content))]
        return httpx.Response(200, content="".join(f"data: {line}\n\n" for line in lines))

    async def talk() -> list[CloudEvent]:
        url = "http://127.0.0.1/v1"
        session = Pipeline(SessionConfig(model="m", url=url, **changes), Part(url, "e"), Part(url, "t"))
        await session._client.aclose()
        session._client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        for service in (session._ears, session._wits, session._tongue):
            service._client = session._client
        await session.open()
        await ask(session)
        events = await until_done(session.events())
        await session.close()
        return events

    return asyncio.run(talk())


def test_an_endless_answer_is_ended_and_half_a_sample_is_cut() -> None:
    events = talk_with(lambda body: [{"content": "word " * 400}] * 40)
    assert events[-1].reason == "limit"  # type: ignore[union-attr]
    words = "".join(event.text for event in of(Transcript, events) if event.role == "agent")
    assert len(words) <= MAX_ANSWER_CHARACTERS + 2_000
    assert all(len(event.pcm16) % 2 == 0 for event in of(AudioDelta, events))


def test_the_conversation_has_a_constant_size_and_no_result_without_its_call() -> None:
    log = ChatLog("be brief", [Said("user", "earlier"), Said("agent", "yes")])
    assert [message["role"] for message in log.messages()] == ["system", "user", "assistant"]
    log.user("turn it on", b"\xff\xd8")
    log.begin_reply()
    log.call([("c1", "lights", "{}")])
    log.result("c1", "{}")
    for number in range(MAX_MESSAGES - 1):
        log.user(f"turn {number}")
    messages = log.messages()
    assert len(messages) <= MAX_MESSAGES + 1
    assert messages[0] == {"role": "system", "content": "be brief"}
    assert "tool" not in [message["role"] for message in messages]


@pytest.mark.parametrize(
    ("heard_ms", "words"),
    [(-5.0, ""), (0.0, ""), (500.0, "a b"), (1000.0, "a b c d"), (1250.0, "a b c d e"), (9e9, "a b c d e f")],
)
def test_words_that_were_heard(heard_ms: float, words: str) -> None:
    assert heard_words([("a b c d", 1000.0), ("e f", 500.0)], heard_ms) == words


def test_what_is_sent_stays_a_prefix_of_what_is_sent_next_nearly_always() -> None:
    """Servers cache the prefix of a prompt: a log that drops one message each turn would never be cached."""
    log, before, num_kept, num_turns = ChatLog("be brief", []), [], 0, 200
    for number in range(num_turns):
        log.user(f"question {number}")
        messages = [str(message) for message in log.messages()]
        num_kept += messages[: len(before)] == before
        before = messages
        log.begin_reply()
        log.write(f"answer {number}")
    assert num_kept >= 0.85 * num_turns
