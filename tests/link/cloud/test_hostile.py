"""Whatever a server sends is counted and never fatal: every reader, fed with nonsense of the right shape."""

import asyncio
import base64
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.link.cloud.base import (
    AudioDelta,
    Counters,
    Failed,
    GoingAway,
    ToolCall,
    Transcript,
    TurnDone,
    UsageSeen,
)
from edge_agent.link.cloud.fields import (
    MAX_MESSAGE_BYTES,
    MAX_SOUND_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    Fields,
    is_shallow,
    read_message,
)
from edge_agent.link.cloud.parts import _lines
from edge_agent.link.cloud.pipeline import _Written
from edge_agent.link.cloud.sentences import MAX_CHARACTERS, Sentences
from edge_agent.link.cloud.tools import Calls
from tests.link.cloud.talks import LIGHTS, LIVE, of, play, sound_of

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = {
    "gemini_live": (
        "setupComplete serverContent modelTurn parts inlineData mimeType data turnComplete interrupted text thought "
        "generationComplete inputTranscription outputTranscription finished toolCall functionCalls id name args ids "
        "toolCallCancellation goAway timeLeft sessionResumptionUpdate newHandle resumable usageMetadata "
        "turnCompleteReason promptTokenCount voiceActivity voiceActivityType interactionStatus somethingNew "
        "audio/pcm;rate=24000 AAAA lights"
    ).split(),
    "openai_realtime": (
        "type delta response_id item_id response id status status_details reason error code message transcript item "
        "usage input_tokens arguments call_id name event_id function_call lights AAAA response.created response.done "
        "response.output_audio.delta response.output_audio_transcript.delta response.output_audio_transcript.done "
        "response.output_item.done error input_audio_buffer.speech_started "
        "conversation.item.input_audio_transcription.completed"
    ).split(),
    "gpt_live": (
        "type delta delegation target client responses event item function_call call_id name arguments usage seconds "
        "reason error code message session.output_audio.delta session.input_transcript.delta AAAA lights "
        "session.output_transcript.delta session.usage.updated session.delegation.created response.event session.closed"
    ).split(),
}
SHAPES: dict[str, list[Any]] = {
    "gemini_live": [
        {"serverContent": {"modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "AAAA"}}]}}},
        {"toolCall": {"functionCalls": [{"id": "1", "name": "lights", "args": {"on": True}}]}},
        {"toolCallCancellation": {"ids": ["1"]}},
        {"goAway": {"timeLeft": "10s"}},
        {"serverContent": {"interrupted": True}},
        {"serverContent": {"turnComplete": True, "turnCompleteReason": "X"}},
    ],
    "openai_realtime": [
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": "AAAA"},
        {
            "type": "response.output_item.done",
            "response_id": "r",
            "item": {"type": "function_call", "call_id": "1", "name": "lights", "arguments": '{"on":true}'},
        },
        {"type": "response.done", "response": {"id": "r", "status": "completed", "usage": {"input_tokens": 1}}},
        {"type": "error", "error": {"code": "x", "message": "y"}},
    ],
    "gpt_live": [
        {"type": "session.output_audio.delta", "delta": base64.b64encode(b"\x00\x40" * 800).decode()},
        {"type": "session.output_audio.delta", "delta": base64.b64encode(bytes(40_000)).decode()},
        {"type": "session.delegation.created", "delegation": {"id": "d", "target": "client"}},
        {"type": "session.usage.updated", "usage": {"seconds": 2}},
    ],
}


def nonsense(provider: str) -> st.SearchStrategy[Any]:
    """JSON out of a protocol's own words, in the wrong places."""
    words = st.sampled_from(WORDS[provider])
    leaves = st.one_of(
        words,
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=8),
        st.sampled_from([10**400, -1, 1e300, "1e9s", "-5s", "A" * 5, "é" * 3, "\ud800"]),
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4), max_leaves=12
    )


@cache
def messages(provider: str) -> st.SearchStrategy[list[Any]]:
    made = nonsense(provider)
    mutated = st.builds(mutate, st.sampled_from(SHAPES[provider]), st.integers(0, 50), made)
    raw = st.binary(max_size=40) | st.text(max_size=20)
    return st.lists(st.one_of(mutated, made, st.sampled_from(SHAPES[provider]), raw), max_size=12)


def mutate(message: Any, which: int, value: Any) -> Any:
    """A good message with one of its values replaced."""
    copy = json.loads(json.dumps(message))
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            walk(node[key])

    walk(copy)
    node, key = places[which % len(places)]
    node[key] = value
    return copy


@pytest.mark.parametrize("provider", LIVE)
@QUICK
@given(data=st.data())
def test_nothing_that_a_server_says_is_fatal(provider: str, data: st.DataObject) -> None:
    said = data.draw(messages(provider))

    async def then(session: Any, event: Any) -> None:
        if isinstance(event, AudioDelta):
            await session.cancel(5.0)

    events, session, wire = asyncio.run(
        play(provider, said, lambda s, e: then(s, e), tools=(LIGHTS,), tool_model="backend", turns="device")
    )
    assert isinstance(events[-1], Failed)
    assert len(of(Failed, events)) == 1
    assert session.counters.num_messages <= len(said) + 2
    for event in events:
        if isinstance(event, AudioDelta):
            assert len(event.pcm16) % 2 == 0
        if isinstance(event, Transcript):
            assert len(event.text) <= MAX_TEXT_CHARACTERS
            event.text.encode()
        if isinstance(event, ToolCall):
            assert event.arguments in ({"on": True}, {"on": False}) or set(event.arguments) <= {"on", "room"}
        if isinstance(event, GoingAway):
            assert event.left_ms >= 0
        if isinstance(event, UsageSeen):
            assert min(event.input_tokens, event.output_tokens, event.cached_tokens) >= 0
    json.dumps(wire.sent)


@pytest.mark.parametrize("provider", LIVE)
@pytest.mark.parametrize(
    ("hostile", "counter"),
    [
        (b"\xff\xfe\x80", "num_malformed"),
        ("{", "num_malformed"),
        ("null", "num_malformed"),
        ("NaN", "num_malformed"),
        ("[" * 100_000, "num_malformed"),
        ('{"a":' * 100_000, "num_malformed"),
        ('{"type":' + "9" * 5_000 + "}", "num_malformed"),
        (" " * (MAX_MESSAGE_BYTES + 1), "num_oversize"),
        ('{"somethingNew": 1, "type": "new"}', "num_unknown"),
    ],
)
def test_each_kind_of_rubbish_is_counted_and_the_talk_goes_on(provider: str, hostile: Any, counter: str) -> None:
    last = {"gemini_live": {"goAway": {"timeLeft": "7s"}}, "gpt_live": {"type": "session.usage.updated"}}
    good = last.get(provider, {"type": "input_audio_buffer.speech_started"})
    events, session, _ = asyncio.run(play(provider, [hostile, good]))
    assert getattr(session.counters, counter) == 1
    assert len(events) == 2  # what the good message means, and the end


def test_huge_sound_is_dropped_and_small_sound_is_not() -> None:
    def piece(data: str) -> Any:
        part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": data}}
        return {"serverContent": {"modelTurn": {"parts": [part]}}}

    said = [piece("A" * (MAX_SOUND_CHARACTERS + 4)), piece("AAAA"), piece("AA!A"), piece("AAAAAA==")]
    events, session, _ = asyncio.run(play("gemini_live", said))
    assert sound_of(events) == bytes(2 + 4)  # 3 bytes, of which one is half a sample; then 4
    assert session.counters.num_oversize == 1
    assert session.counters.num_malformed == 2


def test_an_end_before_its_sound_does_not_cancel_the_sound() -> None:
    sound = {"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": "AAAA"}
    done = {"type": "response.done", "response": {"id": "r", "status": "completed"}}
    events, _, _ = asyncio.run(
        play("openai_realtime", [{"type": "response.created", "response": {"id": "r"}}, done, sound])
    )
    assert [event.reason for event in of(TurnDone, events)] == ["empty"]
    assert sound_of(events) == bytes(2)


@QUICK
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_reading_any_message(raw: bytes | str) -> None:
    counters = Counters()
    fields = read_message(raw, counters)
    assert (fields is None) == (counters.num_malformed == 1)


@QUICK
@given(st.dictionaries(st.sampled_from("abc"), nonsense("gemini_live")), st.sampled_from("abcd"))
def test_every_field_has_its_type_whatever_is_there(values: dict[str, Any], key: str) -> None:
    fields = Fields(values, Counters())
    fields.text(key).encode()
    assert isinstance(fields.flag(key), bool)
    assert abs(fields.number(key)) <= 1e15
    assert fields.count(key) >= 0
    assert all(isinstance(item, Fields) for item in fields.each(key))
    assert all(isinstance(item, str) for item in fields.texts(key))
    assert len(fields.sound(key)) % 2 == 0
    assert fields.seconds(key) is None or isinstance(fields.seconds(key), float)
    assert list(fields.fields(key).values) is not None


@QUICK
@given(nonsense("gemini_live"), st.text(max_size=10))
def test_any_arguments_of_a_tool(arguments: Any, name: str) -> None:
    calls = Calls([LIGHTS], Counters())
    accepted = calls.accept("1", name, arguments)
    assert accepted is None or getattr(accepted, "error", None) is not None
    known = calls.accept("2", "lights", arguments)
    assert not isinstance(known, ToolCall) or isinstance(known.arguments["on"], bool)


def test_depth_without_recursion() -> None:
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    assert not is_shallow(deep)
    assert is_shallow({"a": [{"b": 1}]})
    while isinstance(deep, list) and deep:  # else its end recurses
        deep = deep.pop()


@QUICK
@given(st.lists(st.text(alphabet="ab .!?\n", max_size=30), max_size=20))
def test_sentences_lose_no_word_however_text_is_cut(pieces: list[str]) -> None:
    cutter = Sentences()
    found = [sentence for piece in pieces for sentence in cutter.push(piece)] + cutter.flush()
    assert "".join("".join(found).split()) == "".join("".join(pieces).split())
    assert all(0 < len(sentence) <= MAX_CHARACTERS for sentence in found)


@QUICK
@given(st.lists(nonsense("openai_realtime"), max_size=8))
def test_any_piece_of_a_completion(values: list[Any]) -> None:
    written = _Written()
    for value in values:
        choice = {"choices": [{"delta": {"content": value, "tool_calls": [value, {"index": value}]}}]}
        assert isinstance(written.add(Fields(choice, Counters())), str)


class _Chunks:
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    async def aiter_bytes(self) -> Any:
        for chunk in self._chunks:
            yield chunk


@QUICK
@given(st.lists(st.binary(max_size=30), max_size=10), st.integers(1, 9))
def test_a_stream_of_lines_is_the_same_however_it_is_cut(chunks: list[bytes], size: int) -> None:
    whole = b"".join(chunks) + b"\ndata: {}\n"

    async def lines(pieces: list[bytes]) -> list[str]:
        return [line async for line in _lines(_Chunks(pieces), Counters())]  # type: ignore[arg-type]

    cut = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert asyncio.run(lines(cut)) == asyncio.run(lines([whole]))
    assert asyncio.run(lines(cut))[-1] == "{}"
