"""Gemini Live: the turns are ours, marked by `activityStart` and `activityEnd`.

Two traps shape this file. Nothing tells the model to stop but the talker's next activity, so a cancelled answer is
dropped here until its turn ends. And what was sent of a turn cannot be taken back, so an abandoned activity is left
open and its words are explained away when the next turn goes on in it.
"""

import asyncio
import base64
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.link.cloud import wire
from edge_agent.link.cloud.base import (
    INPUT_RATE_HZ,
    AudioDelta,
    Capabilities,
    CloudEvent,
    GoingAway,
    ResumeHandle,
    Role,
    SessionConfig,
    TalkerHeard,
    ToolCallsCancelled,
    ToolResult,
    Transcript,
    TurnDone,
    TurnEnd,
    UsageSeen,
)
from edge_agent.link.cloud.fields import Fields
from edge_agent.link.cloud.gemini_setup import content, is_preview, runs_beside, seeds_history, setup
from edge_agent.link.cloud.pcm import GapFiller, encoded, silence
from edge_agent.link.cloud.session import SocketSession
from edge_agent.link.cloud.tools import answer, tool_error
from edge_agent.link.cloud.wire import Connect

OUTPUT_RATE_HZ = 24_000
MAX_SESSION_S = 600.0
_SERVICE = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
_STALE_S = 2.0  # after our next turn began, nothing of an answer before it can still be on its way
_TRAILING_SILENCE_MS = 1_000  # a detector of theirs ends a turn only when it hears silence
_MIME = f"audio/pcm;rate={INPUT_RATE_HZ}"
_ABANDONED = "(The words so far were for the device, which has acted on them. Answer only what follows.)"
_BLOCKED = ("SAFETY", "PROHIBITED", "BLOCKLIST", "REJECTED")
_KNOWN = frozenset(
    "setupComplete serverContent toolCall toolCallCancellation goAway sessionResumptionUpdate usageMetadata "
    "voiceActivity voiceActivityDetectionSignal".split()
)


@dataclass(slots=True)
class _Answer:
    answer_id: str
    has_sound: bool = False
    has_calls: bool = False


class GeminiLive(SocketSession):
    """One connection to a model of the Live API."""

    spoken_name = "Gemini"
    own_url = f"wss://generativelanguage.googleapis.com/ws/{_SERVICE}"
    capabilities = Capabilities(
        provider="gemini_live",
        output_rate_hz=OUTPUT_RATE_HZ,
        can_resume=True,
        vision=True,
        max_session_s=MAX_SESSION_S,
    )

    def __init__(
        self, config: SessionConfig, connect: Connect = wire.connect, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(config, connect, tls)
        self._owns_turns = config.turns == "device"
        self._gap = GapFiller()
        self._num_answers = 0
        self._answer: _Answer | None = None
        self._is_active = False  # between activityStart and activityEnd
        self._is_abandoned = False
        self._is_expecting = False  # an answer is owed to us
        self._is_interrupting = False  # we began a turn while one was
        self._is_dropping = False  # nobody wants the answer that is made or owed
        self._was_interrupted = False  # its turnComplete is still to come
        self._began_s = 0.0  # when the talker's last turn began, on the loop's clock

    def _headers(self) -> dict[str, str]:
        if self._key is None:
            return {}
        key = self._key.get_secret_value()
        return {"Authorization": f"Token {key}"} if key.startswith("auth_tokens/") else {"x-goog-api-key": key}

    async def _introduce(self) -> None:
        await self._send({"setup": setup(self._config)})
        while "setupComplete" not in await self._message():
            pass
        if seeds_history(self._config):
            turns = [content(said.role, said.text) for said in self._config.history]
            await self._send({"clientContent": {"turns": turns, "turnComplete": True}})

    async def begin_turn(self) -> None:
        """See CloudSession."""
        self._is_interrupting = self._is_expecting
        self._began_s = asyncio.get_running_loop().time()
        if self._owns_turns and not self._is_active:
            self._is_active = True
            await self._realtime("activityStart", {})
        elif self._is_abandoned:
            await self._realtime("text", _ABANDONED)
        self._is_abandoned = False

    async def send_audio(self, pcm16: bytes, at_sample: int) -> None:
        """See CloudSession."""
        if not self._owns_turns:
            pcm16 = self._gap.filled(pcm16, at_sample)
        await self._realtime("audio", {"data": encoded(pcm16), "mimeType": _MIME})

    async def end_turn(self) -> None:
        """See CloudSession."""
        self._is_expecting = True
        if self._owns_turns:
            self._is_active = False
            await self._realtime("activityEnd", {})
            return
        await self._realtime("audio", {"data": encoded(silence(_TRAILING_SILENCE_MS)), "mimeType": _MIME})
        await self._realtime("audioStreamEnd", True)
        self._gap.reset()

    async def abandon_turn(self) -> None:
        """See CloudSession."""
        self._is_abandoned = self._is_active

    async def send_text(self, text: str) -> None:
        """See CloudSession."""
        if is_preview(self._config):  # closes with 1007 when it is given history once it talks
            await self.begin_turn()
            await self._realtime("text", text)
            await self.end_turn()
            return
        self._is_expecting = True
        await self._send({"clientContent": {"turns": [content("user", text)], "turnComplete": True}})

    async def send_image(self, jpeg: bytes) -> None:
        """See CloudSession."""
        data = base64.b64encode(jpeg).decode("ascii")
        await self._realtime("video", {"data": data, "mimeType": "image/jpeg"})

    async def cancel(self, heard_ms: float) -> None:
        """See CloudSession. How much was heard cannot be told."""
        self._is_dropping = self._is_expecting or self._answer is not None

    async def _realtime(self, kind: str, value: Any) -> None:
        await self._send({"realtimeInput": {kind: value}})

    def _result_messages(self, result: ToolResult, call_ids: Iterable[str]) -> list[Mapping[str, Any]]:
        tool = self._calls.tool(result.name)
        kind = "output" if result.error is None else "error"
        response: dict[str, Any] = {"name": result.name, "response": {kind: answer(result)}}
        if tool is not None and runs_beside(tool) and not is_preview(self._config):
            response["scheduling"] = "WHEN_IDLE" if result.wants_answer else "SILENT"
        return [{"toolResponse": {"functionResponses": [{"id": call_id} | response for call_id in call_ids]}}]

    def _read(self, fields: Fields) -> Iterator[CloudEvent]:
        self.counters.num_unknown += not any(key in _KNOWN for key in fields)
        if "serverContent" in fields:
            yield from self._read_content(fields.fields("serverContent"))
        for call in fields.fields("toolCall").each("functionCalls"):
            yield from self._read_call(call)
        if gone := self._calls.cancel(fields.fields("toolCallCancellation").texts("ids")):
            yield ToolCallsCancelled(gone)
        if "goAway" in fields:
            yield GoingAway(1000 * max(0.0, fields.fields("goAway").seconds("timeLeft") or 0.0))
        if "sessionResumptionUpdate" in fields:
            update = fields.fields("sessionResumptionUpdate")
            yield ResumeHandle((update.text("newHandle") or None) if update.flag("resumable") else None)
        if "usageMetadata" in fields:
            yield _usage(fields.fields("usageMetadata"))
        activity = fields.fields("voiceActivity").text("voiceActivityType")
        if activity in ("ACTIVITY_START", "ACTIVITY_END"):
            yield TalkerHeard(activity == "ACTIVITY_START")

    def _read_content(self, fields: Fields) -> Iterator[CloudEvent]:
        yield from _transcript("user", fields.fields("inputTranscription"))
        if not self._is_dropping:
            yield from _transcript("agent", fields.fields("outputTranscription"))
        for part in fields.fields("modelTurn").each("parts"):
            yield from self._read_part(part)
        if fields.flag("interrupted"):
            yield from self._interrupted()
        if fields.flag("turnComplete") and fields.text("interactionStatus") != "IN_PROGRESS":
            yield from self._completed(fields.text("turnCompleteReason"))

    def _read_part(self, part: Fields) -> Iterator[CloudEvent]:
        if "inlineData" not in part or part.flag("thought"):
            return
        data = part.fields("inlineData")
        rate_hz, sound = _rate_of(data.text("mimeType")), data.sound("data")
        self._forget_stale_answer()
        if rate_hz is None:
            self.counters.num_malformed += 1
        elif self._is_dropping:
            self.counters.num_late += 1
        elif sound:
            making = self._begin_answer()
            making.has_sound = True
            yield AudioDelta(sound, rate_hz, making.answer_id)

    def _read_call(self, call: Fields) -> Iterator[CloudEvent]:
        call_id, name = call.text("id"), call.text("name")
        self._forget_stale_answer()
        if self._is_dropping:
            self.counters.num_late += 1
            error = tool_error("the talker cancelled this answer", retryable=False)
            self._replies += self._result_messages(ToolResult(call_id, name, error=error), [call_id])
            return
        self._begin_answer().has_calls = True
        yield from self._called(call_id, name, call.fields("args").values)

    def _forget_stale_answer(self) -> None:
        """An answer that was cancelled before it began may never be ended: it must not take the next one with it."""
        if self._is_interrupting and asyncio.get_running_loop().time() - self._began_s > _STALE_S:
            self._forget_answer()

    def _begin_answer(self) -> _Answer:
        if self._answer is None:
            self._num_answers += 1
            self._answer = _Answer(str(self._num_answers))
        return self._answer

    def _interrupted(self) -> Iterator[TurnDone]:
        """By our new turn; or by nobody: such phantoms occur, and then no answer comes at all."""
        made = self._answer
        is_phantom = self._owns_turns and not self._is_interrupting and made is None
        if self._is_dropping:
            yield self._over("cancelled")
        elif is_phantom:
            yield self._over("empty", "interrupted, but not by us")
        elif made is not None or not self._owns_turns:
            yield self._over("interrupted")
        self._forget_answer()
        self._was_interrupted = True

    def _completed(self, word: str) -> Iterator[TurnDone]:
        if self._was_interrupted:
            self._was_interrupted = False
            return
        made, is_blocked = self._answer, any(part in word for part in _BLOCKED)
        if self._is_dropping:
            yield self._over("cancelled")
        elif is_blocked:
            yield self._over("blocked", word)
        elif made is not None:
            yield self._over("complete" if made.has_sound else "calls", word)
        elif not self._is_interrupting:
            yield self._over("empty", word)
        self._forget_answer()

    def _over(self, reason: TurnEnd, word: str = "") -> TurnDone:
        return TurnDone(reason, self._answer.answer_id if self._answer else "", self._failures.clean(word))

    def _forget_answer(self) -> None:
        # a turn that we ended since is still owed its own answer
        self._is_expecting = self._is_interrupting and not self._is_active
        self._is_interrupting = self._is_dropping = False
        self._answer = None


def _transcript(role: Role, fields: Fields) -> Iterator[Transcript]:
    text, is_final = fields.text("text"), fields.flag("finished")
    if text or is_final:
        yield Transcript(role, text, is_final)


def _rate_of(mime: str) -> int | None:
    """Samples per second of a MIME type of PCM; None for any other sound."""
    kind, _, rate = mime.partition(";rate=")
    if kind != "audio/pcm":
        return None
    return int(rate) if rate in ("8000", "16000", "24000", "48000") else OUTPUT_RATE_HZ


def _usage(usage: Fields) -> UsageSeen:
    return UsageSeen(
        usage.count("promptTokenCount"), usage.count("responseTokenCount"), usage.count("cachedContentTokenCount")
    )
