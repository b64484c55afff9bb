"""A stand-in for GPT-Live: it listens and talks at once, and its time passes only while sound comes in."""

import asyncio
import base64
import json
from typing import Any

from edge_agent.link.cloud_sim.served import Message, Served
from edge_agent.link.cloud_sim.stage import Detector, Refused, spoken

FRAME_MS = 50
END_OF_SPEECH_MS = 600
_SESSION = frozenset("model instructions audio delegation input store triggers safety_identifier client".split())
_APPENDS = frozenset({"session.instructions.append", "session.thinking.append", "session.commentary.append"})
_KEYS = {
    "session.update": {"session"},
    "session.input_audio.append": {"audio"},
    "session.input_audio.mute": set(),
    "session.input_audio.unmute": set(),
    "session.close": set(),
    "response.item.create": {"item"},
    "response.create": set(),
} | {kind: {"content", "delegation_id"} for kind in _APPENDS}


class LiveServer(Served):
    """Serves one client."""

    _num_ids = 0
    _num_played = 0

    async def _serve(self) -> None:
        message = await self._receive()
        if message.get("type") != "session.start":
            await self._error("invalid_request_error", "The first event must be session.start.", message)
            raise Refused(1008, "session.start expected")
        self._session = message["session"]
        await self._check(message)
        self._rate_hz = self._session.get("audio", {}).get("format", {}).get("rate", 24_000)
        self._frame_bytes = 2 * self._rate_hz * FRAME_MS // 1000
        self._detector = Detector(self._rate_hz, END_OF_SPEECH_MS)
        self._saying = b""
        self._in_bytes = 0
        session = self._session | {"id": "live_0001", "status": "active", "expires_at": 0}
        await self._event("session.started", session=session)
        if self._scene.is_strange:
            await self._event("session.tomorrow", of={"things": "to come"})
        self._begin(self._play())
        while True:
            await self._on(await self._receive())

    async def _check(self, message: Message) -> None:
        for key in sorted(set(self._session) - _SESSION):
            await self._error("unknown_parameter", f"Unknown parameter: 'session.{key}'.", message)
            raise Refused(1008, "unknown_parameter")
        model = self._session["model"]
        if self._scene.models and model not in self._scene.models:
            await self._error("model_not_found", f"The model `{model}` does not exist.", message)
            raise Refused(4000, "model_not_found")
        if self._scene.is_quota_used:
            await self._error("insufficient_quota", "You exceeded your current quota.", message)
            raise Refused(4000, "insufficient_quota")

    async def _event(self, kind: str, **fields: Any) -> None:
        self._num_ids += 1
        await self._send({"type": kind, "event_id": f"event_{self._num_ids:06d}", **fields})

    async def _error(self, code: str, words: str, message: Message) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": words, "param": None}
        await self._event("error", error=error | {"client_event_id": message.get("event_id")})

    async def _on(self, message: Message) -> None:
        kind = str(message.get("type"))
        allowed = _KEYS.get(kind)
        if allowed is None:
            await self._error("invalid_value", f"Invalid value: '{kind}'.", message)
        elif unknown := sorted(set(message) - allowed - {"type", "event_id"}):
            await self._error("unknown_parameter", f"Unknown parameter: '{unknown[0]}'.", message)
        elif missing := sorted(allowed - set(message)):
            await self._error("missing_required_parameter", f"Missing required parameter: '{missing[0]}'.", message)
        elif kind == "session.input_audio.append":
            await self._hear(base64.b64decode(message["audio"]))
        elif kind == "response.item.create":
            self._stage.tool_results.append(json.loads(message["item"]["output"]))
        elif kind == "session.close":
            await self._close("close_requested")
        elif kind in _APPENDS:
            await self._event(f"{kind}ed", start_ms=0, end_ms=0, client_event_id=message.get("event_id"))

    async def _hear(self, sound: bytes) -> None:
        self._stage.num_heard_bytes += len(sound)
        self._in_bytes += len(sound)
        for is_speaking in self._detector.hear(sound):
            if is_speaking:
                self._saying = b""  # it stops by itself when it is spoken to
            else:
                self._begin_answer(self._answer())

    async def _answer(self) -> None:
        self._stage.num_turns += 1
        at_ms = int(500 * self._in_bytes / self._rate_hz)
        place = {"start_ms": at_ms, "end_ms": at_ms}
        await self._event("session.input_transcript.delta", delta=self._scene.question, **place)
        await asyncio.sleep(self._scene.think_s)
        fault = self._stage.faults.take("empty_turn", "wrong_order", "go_away")
        if fault == "go_away":
            await self._close("expired")
        await self._call_tool()
        if fault != "empty_turn":
            await self._event("session.output_transcript.delta", delta=self._scene.answer, **place)
            self._saying = spoken(self._scene.answer, self._rate_hz)

    async def _call_tool(self) -> None:
        delegation = self._session.get("delegation") or {}
        target = {
            "id": f"del_{self._stage.num_turns}",
            "type": "delegation",
            "target": delegation.get("type", "client"),
        }
        call = self._scene.call
        if call is None:
            return
        await self._event("session.delegation.created", delegation=target, offset_ms=0)
        if target["target"] == "responses":
            item = {"type": "function_call", "call_id": target["id"], "name": call[0], "arguments": dict(call[1])}
            item["arguments"] = json.dumps(item["arguments"])
            event = {"type": "response.output_item.done", "item": item}
            await self._event("response.event", delegation_id=target["id"], event=event)

    async def _play(self) -> None:
        """An endless stream at the pace of playing; a frame goes out for each that came in."""
        seconds = 0.0
        while True:
            await asyncio.sleep(FRAME_MS / 1000)
            if self._num_played * self._frame_bytes + self._frame_bytes > self._in_bytes:
                continue
            self._num_played += 1
            frame, self._saying = self._saying[: self._frame_bytes], self._saying[self._frame_bytes :]
            delta = base64.b64encode(frame.ljust(self._frame_bytes, b"\0")).decode()
            await self._send({"type": "session.output_audio.delta", "delta": delta})
            if frame:
                await self._mishap()
            seconds = self._num_played * FRAME_MS / 1000
            if self._num_played % 200 == 0:
                await self._event("session.usage.updated", usage={"seconds": seconds})
            if seconds >= self._scene.session_s:
                await self._close("expired")

    async def _close(self, reason: str) -> None:
        seconds = self._num_played * FRAME_MS / 1000
        await self._event("session.closed", reason=reason, session=self._session, usage={"seconds": seconds})
        raise Refused(1000, reason)
