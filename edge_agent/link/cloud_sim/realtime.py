"""A stand-in for OpenAI Realtime (GA): one connection, from `session.created` to its end."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from edge_agent.link.cloud_sim.served import Message, Served
from edge_agent.link.cloud_sim.stage import Detector, Refused, parts, spoken

RATE_HZ = 24_000
MIN_COMMIT_BYTES = 2 * RATE_HZ // 10
END_OF_SPEECH_MS = 500  # silence after which its own detector ends a turn
NUM_LATE = 2  # pieces of sound that were on their way when the client cancelled
_SESSION = frozenset(
    "type model output_modalities instructions audio tools tool_choice parallel_tool_calls reasoning "
    "max_output_tokens truncation include tracing prompt".split()
)
_ITEMS = frozenset({"message", "function_call", "function_call_output"})


@dataclass(slots=True)
class _Response:
    response_id: str
    item_id: str
    output: list[Message]
    sent_bytes: int = 0


class _Wrong(Exception):
    """What the client asked for cannot be done; it is told, and the session goes on."""

    def __init__(self, code: str, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.code = code
        self.kind = kind


class RealtimeServer(Served):
    """Serves one client."""

    _num_ids = 0
    _response: _Response | None = None

    async def _serve(self) -> None:
        self._input = bytearray()
        self._detector = Detector(RATE_HZ, END_OF_SPEECH_MS)
        self._items: dict[str, int] = {}  # id -> bytes of sound
        self._called: set[str] = set()
        self._session: Message = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
        query = parse_qs(urlsplit(self._peer.path).query)
        model = query.get("model", [""])[0]
        await self._check(model)
        session = {"id": self._new_id("sess"), "object": "realtime.session", "model": model, "expires_at": 0}
        await self._event("session.created", session=self._session | session)
        if self._scene.is_strange:
            await self._event("response.tomorrow", of={"things": "to come"})
        self._begin(self._leave_in_time(self._scene.session_s))
        while True:
            await self._on(await self._receive())

    async def _check(self, model: str) -> None:
        if self._scene.models and model not in self._scene.models:
            words = f"The model `{model}` does not exist or you do not have access to it."
            await self._error(_Wrong("model_not_found", words))
            raise Refused(4000, "invalid_request_error.model_not_found")
        if self._scene.is_quota_used:
            await self._error(_Wrong("insufficient_quota", "You exceeded your current quota.", "insufficient_quota"))
            raise Refused(4000, "insufficient_quota")

    def _new_id(self, kind: str) -> str:
        self._num_ids += 1
        return f"{kind}_{self._num_ids:04d}"

    async def _event(self, kind: str, **fields: Any) -> None:
        await self._send({"type": kind, "event_id": self._new_id("event"), **fields})

    async def _error(self, wrong: _Wrong, event_id: Any = None) -> None:
        error = {"type": wrong.kind, "code": wrong.code, "message": str(wrong), "param": None, "event_id": event_id}
        await self._event("error", error=error)

    async def _on(self, message: Message) -> None:
        handlers = {
            "session.update": self._on_update,
            "input_audio_buffer.append": self._on_append,
            "input_audio_buffer.commit": self._on_commit,
            "input_audio_buffer.clear": self._on_clear,
            "conversation.item.create": self._on_create,
            "conversation.item.delete": self._on_delete,
            "conversation.item.truncate": self._on_truncate,
            "response.create": self._on_ask,
            "response.cancel": self._on_cancel,
        }
        kind = message.get("type")
        try:
            if kind not in handlers:
                raise _Wrong("invalid_value", f"Invalid value: '{kind}'.")
            await handlers[kind](message)
        except _Wrong as wrong:
            await self._error(wrong, message.get("event_id"))

    async def _on_update(self, message: Message) -> None:
        session = message["session"]
        if session.get("type") != "realtime":
            raise _Wrong("missing_required_parameter", "Missing required parameter: 'session.type'.")
        for key in sorted(set(session) - _SESSION):
            raise _Wrong("unknown_parameter", f"Unknown parameter: 'session.{key}'.")
        rate = session.get("audio", {}).get("input", {}).get("format", {}).get("rate", RATE_HZ)
        if rate != RATE_HZ:
            raise _Wrong("invalid_value", "Invalid value for 'session.audio.input.format.rate'.")
        self._session |= session
        await self._event("session.updated", session=self._session)

    @property
    def _detects(self) -> bool:
        return self._session.get("audio", {}).get("input", {}).get("turn_detection") is not None

    async def _on_append(self, message: Message) -> None:
        sound = base64.b64decode(message["audio"])
        self._stage.num_heard_bytes += len(sound)
        self._input += sound
        if not self._detects:
            return
        for is_speaking in self._detector.hear(sound):
            if is_speaking:
                await self._event("input_audio_buffer.speech_started", item_id=self._new_id("item"), audio_start_ms=0)
                await self._stop("turn_detected")
            else:
                await self._event("input_audio_buffer.speech_stopped", item_id=self._new_id("item"), audio_end_ms=0)
                await self._commit()
                await self._ask()

    async def _on_commit(self, message: Message) -> None:
        if len(self._input) < MIN_COMMIT_BYTES:
            has_ms = len(self._input) * 500 / RATE_HZ
            words = (
                f"Error committing input audio buffer: buffer too small. Expected at least 100ms, has {has_ms:.2f}ms."
            )
            raise _Wrong("input_audio_buffer_commit_empty", words)
        await self._commit()

    async def _commit(self) -> None:
        item_id = self._new_id("item")
        self._input.clear()
        self._items[item_id] = 0
        await self._event("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        item = {"id": item_id, "type": "message", "role": "user", "status": "completed"}
        item["content"] = [{"type": "input_audio", "transcript": None}]  # type: ignore[assignment]
        await self._event("conversation.item.added", item=item, previous_item_id=None)
        await self._event("conversation.item.done", item=item, previous_item_id=None)
        await self._event(
            "conversation.item.input_audio_transcription.completed",
            item_id=item_id,
            content_index=0,
            transcript=self._scene.question,
            usage={"type": "duration", "seconds": 1},
        )

    async def _on_clear(self, message: Message) -> None:
        self._input.clear()
        await self._event("input_audio_buffer.cleared")

    async def _on_create(self, message: Message) -> None:
        item = dict(message["item"])
        if item["type"] not in _ITEMS:
            raise _Wrong("invalid_value", f"Invalid value: '{item['type']}'.")
        if item["type"] == "function_call_output":
            if item["call_id"] not in self._called:
                raise _Wrong("invalid_tool_call_id", f"Tool call ID '{item['call_id']}' not found in conversation.")
            self._stage.tool_results.append(json.loads(item["output"]))
        for part in item.get("content", []):
            if part.get("type") == "input_image":
                self._stage.pictures.append(base64.b64decode(part["image_url"].partition("base64,")[2]))
        item.setdefault("id", self._new_id("item"))
        self._items[item["id"]] = 0
        await self._event("conversation.item.added", item=item, previous_item_id=None)
        await self._event("conversation.item.done", item=item, previous_item_id=None)

    async def _on_delete(self, message: Message) -> None:
        if self._items.pop(message["item_id"], None) is None:
            raise _Wrong("item_delete_invalid_item_id", f"Error deleting item: '{message['item_id']}' not found.")
        await self._event("conversation.item.deleted", item_id=message["item_id"])

    async def _on_truncate(self, message: Message) -> None:
        item_id, end_ms = message["item_id"], message["audio_end_ms"]
        if item_id not in self._items:
            raise _Wrong("invalid_value", f"Item '{item_id}' not found.")
        has_ms = self._items[item_id] * 500 // RATE_HZ
        if not 0 < end_ms <= has_ms:
            raise _Wrong("invalid_value", f"Audio content of {has_ms}ms is already shorter than {end_ms}ms")
        self._items[item_id] = 2 * RATE_HZ * end_ms // 1000
        await self._event("conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=end_ms)

    async def _on_ask(self, message: Message) -> None:
        if self._response is not None:
            raise _Wrong(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {self._response.response_id}.",
            )
        await self._ask()

    async def _on_cancel(self, message: Message) -> None:
        wanted = message.get("response_id")
        if self._response is None or wanted not in (None, self._response.response_id):
            raise _Wrong("response_cancel_not_active", "Cancellation failed: no active response found")
        await self._stop("client_cancelled")

    async def _ask(self) -> None:
        if self._response is None:
            self._response = _Response(self._new_id("resp"), self._new_id("item"), [])
            await self._event("response.created", response=_as_response(self._response, "in_progress"))
            self._begin_answer(self._make_answer(self._response))

    async def _stop(self, reason: str) -> None:
        made = self._response
        if made is None:
            return
        await self._stop_answer()
        for _ in range(NUM_LATE if made.sent_bytes else 0):
            await self._sound(made, bytes(960))
        await self._finish(made, "cancelled", {"type": "cancelled", "reason": reason})

    async def _make_answer(self, made: _Response) -> None:
        self._stage.num_turns += 1
        await asyncio.sleep(self._scene.think_s)
        fault = self._stage.faults.take("empty_turn", "wrong_order", "go_away")
        if fault == "go_away":
            self._begin(self._leave_in_time(1.0))
        if await self._call_tool(made):
            return
        if fault == "wrong_order":
            await self._event("response.output_audio.done", **_place(made), content_index=0)
            await self._event("response.content_part.done", **_place(made), content_index=0, part={})
        if fault != "empty_turn":
            await self._say(made)
        await self._finish(made, "completed", None)

    async def _call_tool(self, made: _Response) -> bool:
        """True when the answer is a call; it is followed by another answer once the client has sent the result."""
        call, offered = self._scene.call, [tool.get("name") for tool in self._session.get("tools", [])]
        if call is None or call[0] not in offered or self._stage.num_turns % 2 == 0:
            return False
        call_id, arguments = self._new_id("call"), json.dumps(dict(call[1]))
        self._called.add(call_id)
        item = {"id": made.item_id, "type": "function_call", "call_id": call_id, "name": call[0], "arguments": ""}
        await self._event("response.output_item.added", response_id=made.response_id, output_index=0, item=item)
        await self._event("response.function_call_arguments.delta", **_place(made), call_id=call_id, delta=arguments)
        await self._event(
            "response.function_call_arguments.done", **_place(made), call_id=call_id, name=call[0], arguments=arguments
        )
        item |= {"arguments": arguments, "status": "completed"}
        await self._event("response.output_item.done", response_id=made.response_id, output_index=0, item=item)
        made.output.append(item)
        await self._finish(made, "completed", None)
        return True

    async def _say(self, made: _Response) -> None:
        item: Message = {
            "id": made.item_id,
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        part = {"type": "audio", "transcript": ""}
        self._items[made.item_id] = 0
        await self._event("response.output_item.added", response_id=made.response_id, output_index=0, item=item)
        await self._event("conversation.item.added", item=item, previous_item_id=None)
        await self._event("response.content_part.added", **_place(made), content_index=0, part=part)
        async for index, num_parts, sound in self._paced():
            words = self._scene.answer.split()
            said = words[index * len(words) // num_parts : (index + 1) * len(words) // num_parts]
            if said:
                delta = " ".join(said) + " "
                await self._event(
                    "response.output_audio_transcript.delta", **_place(made), content_index=0, delta=delta
                )
            await self._sound(made, sound)
        await self._event("response.output_audio.done", **_place(made), content_index=0)
        await self._event(
            "response.output_audio_transcript.done", **_place(made), content_index=0, transcript=self._scene.answer
        )
        part["transcript"] = self._scene.answer
        await self._event("response.content_part.done", **_place(made), content_index=0, part=part)
        item |= {"status": "completed", "content": [{"type": "output_audio", "transcript": self._scene.answer}]}
        await self._event("response.output_item.done", response_id=made.response_id, output_index=0, item=item)
        await self._event("conversation.item.done", item=item, previous_item_id=None)
        made.output.append(item)

    async def _paced(self) -> AsyncIterator[tuple[int, int, bytes]]:
        sound = parts(spoken(self._scene.answer, RATE_HZ), RATE_HZ)
        for index, part in enumerate(sound):
            yield index, len(sound), part
            if index == len(sound) // 2:
                await self._mishap()
            await self._pace()

    async def _sound(self, made: _Response, sound: bytes) -> None:
        made.sent_bytes += len(sound)
        self._items[made.item_id] = self._items.get(made.item_id, 0) + len(sound)
        delta = base64.b64encode(sound).decode()
        await self._event("response.output_audio.delta", **_place(made), content_index=0, delta=delta)

    async def _finish(self, made: _Response, status: str, details: Message | None) -> None:
        self._response = None
        await self._event("response.done", response=_as_response(made, status, details))
        await self._event("rate_limits.updated", rate_limits=[])

    async def _leave_in_time(self, left_s: float) -> None:
        await asyncio.sleep(left_s)
        raise Refused(1001, "Your session hit the maximum duration of 60 minutes.")


def _place(made: _Response) -> dict[str, Any]:
    return {"response_id": made.response_id, "item_id": made.item_id, "output_index": 0}


def _as_response(made: _Response, status: str, details: Message | None = None) -> Message:
    usage = {
        "total_tokens": 200,
        "input_tokens": 120,
        "output_tokens": 80,
        "input_token_details": {"cached_tokens": 64},
    }
    return {
        "id": made.response_id,
        "object": "realtime.response",
        "status": status,
        "status_details": details,
        "output": made.output,
        "usage": usage if status != "in_progress" else None,
    }
