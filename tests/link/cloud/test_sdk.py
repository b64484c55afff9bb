"""The stand-ins are what they say: the vendors' own SDKs talk with them as with the real thing."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from edge_agent.link.cloud_sim.http import serving_http
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Scene, Stage, spoken
from tests.link.cloud.talks import FAST, VOICE

# an SDK reports what it deprecates, and leaves sockets to the collector: both are its own business
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
KNOWN = replace(FAST, key="sim-key", is_strange=False)  # google-genai raises TypeError on what it does not know
CALL = ("lights", {"on": True})
SCHEMA = {"type": "object", "properties": {"on": {"type": "boolean"}}}
RESAMPLED = VOICE + VOICE[: len(VOICE) // 2]  # as long as one second at 24 kHz


@contextlib.asynccontextmanager
async def gemini(scene: Scene, key: str = "sim-key") -> AsyncIterator[tuple[Any, Stage]]:
    """A client of google-genai, which speaks encrypted only, so with a test authority of its own."""
    genai = pytest.importorskip("google.genai")
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client_side)
    stage = Stage(scene)
    async with serving(stage, host="localhost", tls=server_side) as port:
        options = genai.types.HttpOptions(
            base_url=f"https://localhost:{port}", api_version="v1beta", async_client_args={"ssl": client_side}
        )
        yield genai.Client(api_key=key, http_options=options), stage


def by_hand(**more: Any) -> dict[str, Any]:
    detection = {"realtime_input_config": {"automatic_activity_detection": {"disabled": True}}}
    return {"response_modalities": ["AUDIO"], **detection, **more}


async def speak(session: Any) -> None:
    from google.genai import types

    await session.send_realtime_input(activity_start=types.ActivityStart())
    await session.send_realtime_input(audio=types.Blob(data=VOICE, mime_type="audio/pcm;rate=16000"))
    await session.send_realtime_input(activity_end=types.ActivityEnd())


async def turn_of(session: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [message async for message in session.receive()]

    return await asyncio.wait_for(collect(), 10)


def heard(messages: list[Any]) -> bytes:
    return b"".join(message.data or b"" for message in messages)


def test_google_genai_marks_turns_and_gets_answers() -> None:
    async def talk() -> None:
        config = by_hand(
            system_instruction="be brief",
            input_audio_transcription={},
            output_audio_transcription={},
            session_resumption={},
            context_window_compression={"trigger_tokens": 25_600, "sliding_window": {"target_tokens": 12_800}},
            speech_config={"voice_config": {"prebuilt_voice_config": {"voice_name": "Puck"}}},
        )
        async with (
            gemini(KNOWN) as (client, stage),
            client.aio.live.connect(model="gemini-3.8-live", config=config) as session,
        ):
            for number in (1, 2):
                await speak(session)
                messages = await turn_of(session)
                assert heard(messages) == spoken("Yes.", 24_000)
                contents = [message.server_content for message in messages if message.server_content]
                assert contents[-2].generation_complete
                assert contents[-1].turn_complete
                words = [c.output_transcription.text for c in contents if c.output_transcription]
                assert words == ["Yes."]
                assert stage.num_turns == number
                assert stage.num_heard_bytes == number * len(VOICE)

    asyncio.run(talk())


def test_google_genai_leaves_the_turns_to_the_server() -> None:
    async def talk() -> None:
        from google.genai import types

        async with gemini(KNOWN) as (client, _):
            config = {"response_modalities": ["AUDIO"]}
            async with client.aio.live.connect(model="gemini-3.8-live", config=config) as session:
                sound = VOICE + bytes(len(VOICE))
                await session.send_realtime_input(audio=types.Blob(data=sound, mime_type="audio/pcm;rate=16000"))
                assert heard(await turn_of(session)) == spoken("Yes.", 24_000)

    pytest.importorskip("google.genai")
    asyncio.run(talk())


def test_google_genai_calls_tools_and_interrupts() -> None:
    async def talk() -> None:
        from google.genai import types

        tool = {"function_declarations": [{"name": "lights", "description": "x", "parameters_json_schema": SCHEMA}]}
        async with (
            gemini(replace(KNOWN, call=CALL)) as (client, _),
            client.aio.live.connect(model="gemini-3.8-live", config=by_hand(tools=[tool])) as session,
        ):
            await speak(session)
            async for message in session.receive():
                if message.tool_call:
                    call = message.tool_call.function_calls[0]
                    assert (call.name, call.args) == ("lights", {"on": True})
                    result = types.FunctionResponse(id=call.id, name=call.name, response={"output": {"ok": True}})
                    await session.send_tool_response(function_responses=[result])
            await speak(session)
            await session.send_realtime_input(activity_start=types.ActivityStart())
            messages = await turn_of(session)
            assert any(m.server_content and m.server_content.interrupted for m in messages)

    pytest.importorskip("google.genai")
    asyncio.run(talk())


def test_google_genai_is_refused_as_by_the_real_service() -> None:
    async def converse(client: Any, stale: bool) -> None:
        from google.genai import types

        async with client.aio.live.connect(model="gemini-3.8-live", config=by_hand()) as session:
            if stale:
                result = types.FunctionResponse(id="long gone", name="lights", response={"output": {}})
                await session.send_tool_response(function_responses=[result])
            await turn_of(session)

    async def talk(key: str, scene: Scene, stale: bool = False) -> Any:
        from google.genai import errors

        async with gemini(scene, key) as (client, _):
            with pytest.raises(errors.APIError) as caught:
                await converse(client, stale)
            return caught.value

    pytest.importorskip("google.genai")
    assert "API key not valid" in str(asyncio.run(talk("wrong", KNOWN)))
    assert "not found" in str(asyncio.run(talk("sim-key", replace(KNOWN, models=("gemini-9",)))))
    stale = asyncio.run(talk("sim-key", KNOWN, stale=True))
    assert stale.code == 1008


def openai_client(port: int, key: str = "sim-key") -> Any:
    openai = pytest.importorskip("openai")
    return openai.AsyncOpenAI(api_key=key, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)


async def until(connection: Any, kind: str) -> list[Any]:
    async def collect() -> list[Any]:
        events = []
        async for event in connection:
            events.append(event)
            if event.type == kind:
                return events
        raise AssertionError(f"closed before {kind}")

    return await asyncio.wait_for(collect(), 10)


REALTIME = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24_000}, "turn_detection": None}},
}
ORDER = (
    "response.created response.output_item.added conversation.item.added response.content_part.added "
    "response.output_audio.done response.output_audio_transcript.done response.content_part.done "
    "response.output_item.done conversation.item.done response.done"
).split()


def test_openai_realtime_answers_in_the_documented_order() -> None:
    async def talk() -> None:
        async with (
            serving(Stage(KNOWN)) as port,
            openai_client(port) as client,
            client.realtime.connect(model="gpt-realtime-2.1") as connection,
        ):
            assert (await connection.recv()).type == "session.created"
            await connection.session.update(session=REALTIME)
            await connection.input_audio_buffer.append(audio=base64.b64encode(RESAMPLED).decode())
            await connection.input_audio_buffer.commit()
            await connection.response.create()
            events = await until(connection, "response.done")
        kinds = [event.type for event in events]
        assert [kind for kind in kinds if kind in ORDER][-len(ORDER) :] == ORDER
        deltas = [event for event in events if event.type == "response.output_audio.delta"]
        assert b"".join(base64.b64decode(event.delta) for event in deltas) == spoken("Yes.", 24_000)
        assert events[-1].response.status == "completed"

    asyncio.run(talk())


def test_openai_realtime_truncates_within_what_was_sent_only() -> None:
    async def talk() -> None:
        async with (
            serving(Stage(KNOWN)) as port,
            openai_client(port) as client,
            client.realtime.connect(model="gpt-realtime-2.1") as connection,
        ):
            await connection.session.update(session=REALTIME)
            await connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
            )
            await connection.response.create()
            done = await until(connection, "response.done")
            item_id = done[-1].response.output[0].id
            await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=99_999)
            error = (await until(connection, "error"))[-1].error
            assert "is already shorter than" in error.message
            await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=100)
            assert (await until(connection, "conversation.item.truncated"))[-1].audio_end_ms == 100
            await connection.response.cancel()
            assert (await until(connection, "error"))[-1].error.code == "response_cancel_not_active"
            await connection.input_audio_buffer.commit()
            assert (await until(connection, "error"))[-1].error.code == "input_audio_buffer_commit_empty"

    asyncio.run(talk())


def test_openai_realtime_calls_a_function_and_cancels() -> None:
    async def talk() -> None:
        tool = {"type": "function", "name": "lights", "description": "x", "parameters": SCHEMA}
        scene = replace(KNOWN, call=CALL, answer="A long answer that goes on for a good while.", pace=20.0)
        async with (
            serving(Stage(scene)) as port,
            openai_client(port) as client,
            client.realtime.connect(model="gpt-realtime-2.1") as connection,
        ):
            await connection.session.update(session={**REALTIME, "tools": [tool]})
            await connection.response.create()
            call = (await until(connection, "response.function_call_arguments.done"))[-1]
            assert (call.name, call.arguments) == ("lights", '{"on": true}')
            await until(connection, "response.done")
            await connection.conversation.item.create(
                item={"type": "function_call_output", "call_id": call.call_id, "output": "{}"}
            )
            await connection.response.create()
            await until(connection, "response.output_audio.delta")
            await connection.response.cancel()
            done = (await until(connection, "response.done"))[-1].response
            assert done.status == "cancelled"
            assert done.status_details.reason == "client_cancelled"

    asyncio.run(talk())


def test_openai_live_starts_listens_and_talks() -> None:
    async def talk() -> None:
        stage = Stage(replace(KNOWN, answer="Yes."))
        async with (
            serving(stage) as port,
            openai_client(port) as client,
            client.live.connect() as connection,
        ):
            audio = {"format": {"type": "audio/pcm", "rate": 16_000}}
            await connection.send({"type": "session.start", "session": {"model": "gpt-live-1", "audio": audio}})
            assert (await connection.recv()).type == "session.started"
            sound = VOICE + bytes(4 * len(VOICE))
            await connection.send({"type": "session.input_audio.append", "audio": base64.b64encode(sound).decode()})
            events = await until(connection, "session.output_transcript.delta")
            assert events[-1].delta == "Yes."
            await connection.send({"type": "session.commentary.append", "content": "x"})
            error = (await until(connection, "error"))[-1].error
            assert error.code == "missing_required_parameter"
            assert "delegation_id" in error.message
            await connection.send({"type": "session.close"})
            assert (await until(connection, "session.closed"))[-1].reason == "close_requested"

    asyncio.run(talk())


def test_openai_is_refused_with_a_wrong_key() -> None:
    async def talk() -> str:
        async with serving(Stage(KNOWN)) as port, openai_client(port, "wrong") as client:
            with pytest.raises(Exception, match="401"):
                async with client.realtime.connect(model="gpt-realtime-2.1"):
                    pass
        async with serving_http(Stage(KNOWN)) as port, openai_client(port, "wrong") as client:
            with pytest.raises(Exception, match="Incorrect API key") as caught:
                await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        return type(caught.value).__name__

    pytest.importorskip("openai")
    assert asyncio.run(talk()) == "AuthenticationError"


def test_openai_uses_the_parts_of_a_pipeline() -> None:
    async def talk() -> None:
        async with serving_http(Stage(KNOWN)) as port, openai_client(port) as client:
            words = await client.audio.transcriptions.create(model="ears", file=("turn.wav", b"RIFF", "audio/wav"))
            assert words.text == KNOWN.question
            stream = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hi"}], stream=True
            )
            pieces = [chunk.choices[0] async for chunk in stream]
            assert "".join(piece.delta.content or "" for piece in pieces) == "Yes. "
            assert pieces[-1].finish_reason == "stop"
            async with client.audio.speech.with_streaming_response.create(
                model="t", voice="alloy", input="Yes.", response_format="pcm"
            ) as response:
                sound = b"".join([chunk async for chunk in response.iter_bytes()])
            assert sound == spoken("Yes.", 24_000)

    asyncio.run(talk())
