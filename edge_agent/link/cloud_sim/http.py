"""A stand-in for the parts of a pipeline: transcription, chat, speech, and moderation over plain HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import h11

from edge_agent.link.cloud.fields import parse_json
from edge_agent.link.cloud_sim.mishaps import GARBAGE
from edge_agent.link.cloud_sim.routes import key_refusal
from edge_agent.link.cloud_sim.stage import PART_MS, Scene, Stage, parts, spoken

RATE_HZ = 24_000
MAX_BODY_BYTES = 16 << 20
HALF_OPEN_S = 300.0
FLAGGED = "xyzzy"  # the word to which the stand-in for a moderation service objects


class _Cut(Exception):
    """The connection is to end now."""


class HttpPeer:
    """One connection, one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stage: Stage) -> None:
        self._reader = reader
        self._writer = writer
        self._stage = stage
        self._scene = stage.scene
        self._protocol = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        """Until the client leaves."""
        with contextlib.suppress(_Cut, h11.ProtocolError, OSError):
            while True:
                request, body = await self._request()
                await self._answer(request, body)
                self._protocol.start_next_cycle()
        self._writer.transport.abort()

    async def _event(self) -> Any:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(65_536))
        return event

    async def _request(self) -> tuple[h11.Request, bytes]:
        request, body = await self._event(), b""
        if not isinstance(request, h11.Request):
            raise _Cut
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > MAX_BODY_BYTES:
                raise _Cut
        return request, body

    async def _answer(self, request: h11.Request, body: bytes) -> None:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        refused = key_refusal(headers, self._scene) or _quota_refusal(self._scene)
        if refused is not None:
            await self._reply(refused[0], refused[1])
            return
        path = request.target.decode().partition("?")[0]
        if path == "/v1/audio/transcriptions":
            self._stage.num_heard_bytes += len(body)
            await self._reply(200, json.dumps({"text": self._scene.question}))
            return
        values = parse_json(body)
        if isinstance(values, dict) and path == "/v1/moderations":
            flagged = FLAGGED in str(values.get("input", "")).lower()
            verdict = {"flagged": flagged, "categories": {"violence": flagged}, "category_scores": {}}
            await self._reply(200, json.dumps({"id": "modr_1", "model": "simulated", "results": [verdict]}))
        elif not isinstance(values, dict) or path not in ("/v1/chat/completions", "/v1/audio/speech"):
            await self._reply(404, json.dumps({"error": {"code": "not_found", "message": f"no {path} here"}}))
        elif self._scene.models and values.get("model") not in self._scene.models:
            words = f"The model `{values.get('model')}` does not exist."
            await self._reply(404, json.dumps({"error": {"code": "model_not_found", "message": words}}))
        elif path == "/v1/audio/speech":
            await self._stream("audio/pcm", self._speech(str(values.get("input", ""))))
        else:
            await self._stream("text/event-stream", self._completion(values))

    async def _reply(self, status: int, text: str) -> None:
        await self._head(status, "application/json")
        await self._write(h11.Data(data=text.encode()))
        await self._write(h11.EndOfMessage())

    async def _stream(self, kind: str, chunks: AsyncIterator[bytes]) -> None:
        await self._head(200, kind)
        async for chunk in chunks:
            await self._write(h11.Data(data=chunk))
        await self._write(h11.EndOfMessage())

    async def _head(self, status: int, kind: str) -> None:
        headers = [("content-type", kind), ("transfer-encoding", "chunked")]
        await self._write(h11.Response(status_code=status, headers=headers))

    async def _write(self, event: Any) -> None:
        self._writer.write(self._protocol.send(event) or b"")
        await self._writer.drain()

    async def _speech(self, text: str) -> AsyncIterator[bytes]:
        sound = parts(spoken(text, RATE_HZ), RATE_HZ)
        for index, part in enumerate(sound):
            yield part
            if index == len(sound) // 2:
                await self._mishap()
            await asyncio.sleep(PART_MS / 1000 / self._scene.pace)

    async def _completion(self, values: dict[str, Any]) -> AsyncIterator[bytes]:
        self._stage.num_turns += 1
        await asyncio.sleep(self._scene.think_s)
        fault = self._stage.faults.take("empty_turn", "garbage", "wrong_order", "go_away")
        if fault == "garbage":
            for message in GARBAGE:
                yield b"data: " + (message if isinstance(message, bytes) else message.encode()) + b"\n\n"
        if fault != "empty_turn":
            for piece in self._pieces(values):
                yield _chunk(piece, None)
        yield _chunk({}, "stop")
        yield b"data: [DONE]\n\n"

    def _pieces(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        call = self._scene.call
        offered = [tool["function"]["name"] for tool in values.get("tools", [])]
        results = [message["content"] for message in values["messages"] if message["role"] == "tool"]
        self._stage.tool_results[:] = [json.loads(result) for result in results]
        if call is not None and call[0] in offered and values["messages"][-1]["role"] != "tool":
            made = {"name": call[0], "arguments": json.dumps(dict(call[1]))}
            call_id = f"call_{self._stage.num_turns}"
            return [{"tool_calls": [{"index": 0, "id": call_id, "type": "function", "function": made}]}]
        return [{"content": f"{word} "} for word in self._scene.answer.split()]

    async def _mishap(self) -> None:
        fault = self._stage.faults.take("drop", "half_open", "close_1011")
        if fault == "half_open":
            await asyncio.sleep(HALF_OPEN_S)
        if fault is not None:
            raise _Cut


def _chunk(delta: dict[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "chat_1", "object": "chat.completion.chunk", "created": 0, "model": "simulated", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _quota_refusal(scene: Scene) -> tuple[int, str] | None:
    if not scene.is_quota_used:
        return None
    error = {"type": "insufficient_quota", "code": "insufficient_quota", "message": "You exceeded your current quota."}
    return 429, json.dumps({"error": error})


@contextlib.asynccontextmanager
async def serving_http(stage: Stage, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port. Raises OSError when it is taken."""
    talks: set[asyncio.Task[Any]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            if stage.faults.take("tls") is None:
                await HttpPeer(reader, writer, stage).run()
        except asyncio.CancelledError:
            return  # this server ends; the stream's own callback would report it
        finally:
            writer.transport.abort()
            talks.discard(task)

    server = await asyncio.start_server(talk, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
