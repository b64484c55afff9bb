"""Tools offered to a model: checked before anybody acts, answered once, never answered after they were cancelled."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from edge_agent.errors import CloudError
from edge_agent.link.cloud.base import (
    CloudEvent,
    Counters,
    Failed,
    Tool,
    ToolCall,
    ToolCallsCancelled,
    ToolResult,
    TurnDone,
)
from edge_agent.link.cloud.tools import MAX_OPEN_CALLS, MAX_RESULT_CHARACTERS, Calls, answer
from edge_agent.link.cloud_sim.stage import Stage, spoken
from tests.link.cloud.talks import FAST, LIGHTS, ask, call_of, in_memory, of, play, sound_of

OWN_TURNS = ("gemini_live", "openai_realtime")
ON = {"on": True}
LONG = replace(LIGHTS, name="research", is_long=True)
SILENT = replace(LIGHTS, name="volume", is_silent=True)


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_a_call_is_run_once_and_answered(provider: str) -> None:
    async def talk() -> None:
        session = in_memory(provider, Stage(replace(FAST, call=("lights", ON))), tools=(LIGHTS,))
        await session.open()
        events = session.events()
        await ask(session)
        heard: list[CloudEvent] = []
        while not sound_of(heard):
            heard += await until_call_or_done(events)
            if of(ToolCall, heard) and not sound_of(heard):
                call = call_of(heard)
                assert (call.name, call.arguments) == ("lights", ON)
                await session.send_tool_result(ToolResult(call.call_id, call.name, {"status": "ok"}))
                await session.send_tool_result(ToolResult(call.call_id, call.name, {"status": "again"}))
        assert len(of(ToolCall, heard)) == 1
        assert sound_of(heard) == spoken("Yes.", 24_000)
        assert session.counters.num_errors == 0
        await session.close()

    asyncio.run(talk())


async def until_call_or_done(events: Any) -> list[CloudEvent]:
    heard = []
    async for event in events:
        heard.append(event)
        if isinstance(event, ToolCall | TurnDone):
            return heard
    raise AssertionError("the session ended")


@pytest.mark.parametrize("provider", OWN_TURNS)
@pytest.mark.parametrize(
    ("name", "arguments", "words", "options"),
    [
        ("lights", {"on": "yes"}, "$.on: 'yes' is not of type 'boolean'", None),
        ("lights", {}, "'on' is a required property", None),
        ("lights", {"on": True, "room": "cellar"}, "$.room", ["kitchen", "hall"]),
        ("lights", {"on": True, "colour": "red"}, "colour", None),
        ("unlock", {"on": True}, "there is no tool 'unlock'", ["lights"]),
    ],
)
def test_bad_arguments_get_a_structured_error_and_nobody_acts(
    provider: str, name: str, arguments: Any, words: str, options: Any
) -> None:
    item = {"type": "function_call", "call_id": "c1", "name": name, "arguments": json.dumps(arguments)}
    said: dict[str, list[Any]] = {
        "gemini_live": [{"toolCall": {"functionCalls": [{"id": "c1", "name": name, "args": arguments}]}}],
        "openai_realtime": [
            {"type": "response.created", "response": {"id": "r"}},
            {"type": "response.output_item.done", "response_id": "r", "item": item},
            {"type": "response.done", "response": {"id": "r", "status": "completed"}},
        ],
    }
    events, session, wire = asyncio.run(play(provider, said[provider], tools=(LIGHTS,)))
    assert of(ToolCall, events) == []
    assert session.counters.num_bad_calls == 1
    error = error_in(provider, wire.sent)
    assert error["status"] == "error"
    assert words in error["reason"]
    assert error.get("valid_options") == options
    if provider == "openai_realtime":  # and the model is asked to go on
        assert wire.sent[-1]["type"] == "response.create"


def error_in(provider: str, sent: list[Any]) -> dict[str, Any]:
    if provider == "gemini_live":
        answered = next(message["toolResponse"] for message in sent if "toolResponse" in message)
        return dict(answered["functionResponses"][0]["response"]["error"])
    made = next(message["item"] for message in sent if message["type"] == "conversation.item.create")
    assert made["call_id"] == "c1"
    return dict(json.loads(made["output"]))


def test_a_repeated_call_is_run_once_and_every_caller_is_answered() -> None:
    call = {"name": "lights", "args": ON}
    said = [{"toolCall": {"functionCalls": [{"id": str(number), **call} for number in range(4)]}}, {}]

    def then(session: Any, event: CloudEvent) -> Any:
        is_end = isinstance(event, Failed)
        return session.send_tool_result(ToolResult("0", "lights", {"status": "ok"})) if is_end else None

    events, _, wire = asyncio.run(play("gemini_live", said, then, tools=(LIGHTS,)))
    assert of(ToolCall, events) == [ToolCall("0", "lights", ON)]
    answered = [message["toolResponse"]["functionResponses"] for message in wire.sent if "toolResponse" in message]
    assert [one["id"] for one in answered[0]] == ["0", "1", "2", "3"]
    assert len(answered) == 1


def test_a_call_is_known_by_its_id_and_by_what_it_asks() -> None:
    calls = Calls([LIGHTS], Counters())
    assert isinstance(calls.accept("a", "lights", ON), ToolCall)
    assert calls.accept("b", "lights", '{"on": true}') is None
    assert calls.accept("a", "lights", ON) is None
    assert calls.take("a") == ("a", "b")
    assert calls.take("a") == ()
    assert calls.accept("a", "lights", ON) is None  # a resumed session tells it again


def test_cancelled_calls_are_reported_and_never_answered() -> None:
    said = [
        {"toolCall": {"functionCalls": [{"id": "1", "name": "lights", "args": ON}]}},
        {"toolCallCancellation": {"ids": ["1", "unheard of"]}},
    ]

    def then(session: Any, event: Any) -> Any:
        if isinstance(event, ToolCallsCancelled):
            return session.send_tool_result(ToolResult("1", "lights", {"status": "late"}))
        return None

    events, _, wire = asyncio.run(play("gemini_live", said, then, tools=(LIGHTS,)))
    assert of(ToolCallsCancelled, events) == [ToolCallsCancelled(("1",))]
    assert not [message for message in wire.sent if "toolResponse" in message]


def test_a_cancelled_call_whose_twin_is_wanted_goes_on() -> None:
    calls = Calls([LIGHTS], Counters())
    calls.accept("a", "lights", ON)
    calls.accept("b", "lights", ON)
    assert calls.cancel(["a"]) == ()
    assert calls.take("a") == ("b",)


def test_a_model_cannot_flood_the_device() -> None:
    counters = Counters()
    calls = Calls([LONG], counters)
    schema_free = [calls.accept(str(n), "research", {"on": bool(n % 2), "room": "hall"}) for n in range(4)]
    assert [isinstance(one, ToolCall) for one in schema_free] == [True, True, False, False]
    many = Calls([Tool("x", "", {"type": "object"})], counters)
    accepted = [many.accept(str(n), "x", {"n": n}) for n in range(MAX_OPEN_CALLS + 3)]
    assert sum(isinstance(one, ToolCall) for one in accepted) == MAX_OPEN_CALLS
    assert accepted[-1].error["retryable"] is True  # type: ignore[union-attr, index]
    assert counters.num_bad_calls == 3


def test_a_long_result_is_cut_and_data_is_data() -> None:
    long = answer(ToolResult("1", "x", {"text": "w" * 100_000}))
    assert len(json.dumps(long)) < MAX_RESULT_CHARACTERS + 100
    assert long["status"] == "cut"
    assert answer(ToolResult("1", "x", error={"status": "error"})) == {"status": "error"}


def test_gemini_runs_long_and_silent_tools_beside_the_talk() -> None:
    call = {"functionCalls": [{"id": "1", "name": "volume", "args": ON}, {"id": "2", "name": "research", "args": ON}]}

    def then(session: Any, event: Any) -> Any:
        if isinstance(event, ToolCall):
            wants = event.name == "research"
            return session.send_tool_result(ToolResult(event.call_id, event.name, {"ok": 1}, wants_answer=wants))
        return None

    _, _, wire = asyncio.run(
        play("gemini_live", [{"toolCall": call}], then, tools=(LIGHTS, LONG, SILENT), model="gemini-3.8-live")
    )
    declared = wire.sent[0]["setup"]["tools"][0]["functionDeclarations"]
    assert [one["behavior"] for one in declared] == ["BLOCKING", "NON_BLOCKING", "NON_BLOCKING"]
    assert declared[0]["parametersJsonSchema"] == LIGHTS.parameters
    answered = [m["toolResponse"]["functionResponses"][0] for m in wire.sent if "toolResponse" in m]
    assert [one["scheduling"] for one in answered] == ["SILENT", "WHEN_IDLE"]


def test_the_preview_model_gets_neither_behaviour_nor_scheduling() -> None:
    _, _, wire = asyncio.run(play("gemini_live", [], tools=(LONG,), model="gemini-3.1-flash-live-preview"))
    assert "behavior" not in wire.sent[0]["setup"]["tools"][0]["functionDeclarations"][0]


def test_openai_is_not_asked_to_speak_of_a_silent_result() -> None:
    item = {"type": "function_call", "call_id": "c1", "name": "volume", "arguments": '{"on": true}'}
    said = [
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_item.done", "response_id": "r", "item": item},
        {"type": "response.done", "response": {"id": "r", "status": "completed"}},
    ]

    def then(session: Any, event: Any) -> Any:
        if isinstance(event, ToolCall):
            return session.send_tool_result(ToolResult(event.call_id, event.name, {}, wants_answer=False))
        return None

    events, _, wire = asyncio.run(play("openai_realtime", said, then, tools=(SILENT,)))
    assert [message["type"] for message in wire.sent].count("response.create") == 0
    assert of(TurnDone, events)[0].reason == "calls"


def realtime_call(call_id: str) -> list[Any]:
    item = {"type": "function_call", "call_id": call_id, "name": "lights", "arguments": '{"on": true}'}
    return [
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_item.done", "response_id": "r", "item": item},
        {"type": "response.done", "response": {"id": "r", "status": "completed"}},
    ]


@pytest.mark.parametrize(
    ("before", "asks"),
    [
        ([], 1),  # the model is asked to speak of the result
        (["begin_turn", "send_audio"], 0),  # not into the talker's turn
        (["begin_turn", "send_audio", "end_turn"], 1),  # whose answer knows of it
        (["begin_turn", "send_audio", "abandon_turn"], 1),
        (["cancel"], 0),  # not of an answer that was cut off
    ],
)
def test_openai_speaks_of_a_late_result_when_nobody_talks(before: list[str], asks: int) -> None:
    arguments: dict[str, tuple[Any, ...]] = {"send_audio": (bytes(6_400), 0), "cancel": (0.0,)}

    def then(session: Any, event: CloudEvent) -> Any:
        return late(session) if isinstance(event, TurnDone) else None

    async def late(session: Any) -> None:
        for name in before:
            await getattr(session, name)(*arguments.get(name, ()))
        await session.send_tool_result(ToolResult("c1", "lights", {"status": "ok"}))
        await session.send_tool_result(ToolResult("c1", "lights", {"status": "again"}))
        await session.send_tool_result(ToolResult("never called", "lights", {}))

    _, _, wire = asyncio.run(play("openai_realtime", realtime_call("c1"), then, tools=(LIGHTS,)))
    sent = [message["type"] for message in wire.sent]
    assert sent.count("conversation.item.create") == 1
    assert sent.count("response.create") == asks


def test_a_tool_without_a_schema_is_refused_when_it_is_offered() -> None:
    with pytest.raises(CloudError, match="tool 'x': its parameters are no JSON Schema"):
        Calls([Tool("x", "", {"type": "thing"})], Counters())
