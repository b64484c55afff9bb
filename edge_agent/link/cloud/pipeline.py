"""A pipeline of parts that can be swapped and audited: transcription, chat, speech, each OpenAI-compatible HTTP.

The same interface as the live models: the turn is transcribed when it ends, the answer is spoken sentence by sentence
while it is still being written. The conversation is kept here, at a constant size.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Coroutine
from functools import cache
from typing import Any

import httpx

from edge_agent.link.cloud.base import (
    AudioDelta,
    Capabilities,
    CloudEvent,
    Counters,
    Failed,
    SessionConfig,
    SessionFailed,
    ToolCall,
    ToolResult,
    Transcript,
    TurnDone,
    TurnEnd,
)
from edge_agent.link.cloud.chat_log import ChatLog
from edge_agent.link.cloud.fields import Fields
from edge_agent.link.cloud.parts import SPEECH_RATE_HZ, Part, PartFailed, Service
from edge_agent.link.cloud.pcm import duration_ms
from edge_agent.link.cloud.realtime_setup import function
from edge_agent.link.cloud.sentences import Sentences
from edge_agent.link.cloud.tools import MAX_ARGUMENTS_CHARACTERS, MAX_OPEN_CALLS, Calls, answer

MAX_TURN_BYTES = 60 * 16_000 * 2
MAX_ANSWER_CHARACTERS = 8_000
MAX_ROUNDS = 4  # of calls that were all refused, before the turn is given up
READ_TIMEOUT_S = 10.0
_NAMES = ("the transcription service", "the language service", "the speech service")
_REASONS: dict[str, TurnEnd] = {"content_filter": "blocked", "length": "limit"}


@cache
def _authorities() -> ssl.SSLContext:
    """Whom to trust where nobody says. To read them takes 30 ms, in which no sound would move: not at each start."""
    return httpx.create_ssl_context(trust_env=False)


class Pipeline:
    """A `CloudSession` over three services. `config.url` and `config.model` are those of the chat."""

    capabilities = Capabilities(
        provider="pipeline", output_rate_hz=SPEECH_RATE_HZ, turn_owners=("device",), can_truncate=True, vision=True
    )

    def __init__(self, config: SessionConfig, ears: Part, tongue: Part, tls: ssl.SSLContext | None = None) -> None:
        """ears: transcription; tongue: speech. Raises CloudError for a tool that is none."""
        self.counters = Counters()
        self._config = config
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=config.open_timeout_s),
            follow_redirects=False,
            trust_env=False,
            verify=tls or _authorities(),
        )
        parts = (ears, Part(config.url, config.model, config.key_file), tongue)
        self._ears, self._wits, self._tongue = (
            Service(name, part, self._client, self.counters) for name, part in zip(_NAMES, parts, strict=True)
        )
        self._calls = Calls(config.tools, self.counters)
        self._tools = [_as_tool(function(tool)) for tool in config.tools]
        self._log = ChatLog(config.instructions, config.history)
        self._events: asyncio.Queue[CloudEvent | None] = asyncio.Queue()
        self._turn = bytearray()
        self._picture: bytes | None = None
        self._work: asyncio.Task[None] | None = None
        self._num_answers = 0

    async def open(self) -> None:
        """See CloudSession. Nothing is connected before the first turn."""
        try:
            for service in (self._ears, self._wits, self._tongue):
                service.check_key()
        except PartFailed as failed:
            await self.close()
            raise SessionFailed(failed.failure) from None

    async def events(self) -> AsyncIterator[CloudEvent]:
        """See CloudSession."""
        while (event := await self._events.get()) is not None:
            yield event
            if isinstance(event, Failed):
                return

    async def begin_turn(self) -> None:
        """See CloudSession."""
        self._turn.clear()

    async def send_audio(self, pcm16: bytes, at_sample: int) -> None:
        """See CloudSession."""
        if len(self._turn) < MAX_TURN_BYTES:
            self._turn += pcm16

    async def end_turn(self) -> None:
        """See CloudSession."""
        turn = bytes(self._turn)
        self._turn.clear()
        self._start(self._answer_sound(turn))

    async def abandon_turn(self) -> None:
        """See CloudSession."""
        self._turn.clear()

    async def send_text(self, text: str) -> None:
        """See CloudSession."""
        self._start(self._answer_text(text))

    async def send_image(self, jpeg: bytes) -> None:
        """See CloudSession."""
        self._picture = jpeg

    async def cancel(self, heard_ms: float) -> None:
        """See CloudSession."""
        was_making = self._stop()
        self._drop_sound()
        self._calls.cancel_all()
        self._log.cut_reply(heard_ms)
        if was_making:
            self._emit(TurnDone("cancelled", str(self._num_answers)))

    async def send_tool_result(self, result: ToolResult) -> None:
        """See CloudSession."""
        call_ids = self._calls.take(result.call_id)
        for call_id in call_ids:
            self._log.result(call_id, json.dumps(answer(result), default=str))
        is_making = self._work is not None and not self._work.done()
        if call_ids and not self._calls.any_open and not is_making and result.wants_answer:
            self._start(self._answer())

    async def close(self) -> None:
        """See CloudSession."""
        self._stop()
        if self._work is not None:
            await asyncio.gather(self._work, return_exceptions=True)
        self._emit(None)
        await self._client.aclose()

    def _emit(self, event: CloudEvent | None) -> None:
        self._events.put_nowait(event)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._stop()
        self._work = asyncio.ensure_future(self._guarded(work))

    def _stop(self) -> bool:
        """End what is being made; True when something was."""
        return self._work is not None and self._work.cancel()

    def _drop_sound(self) -> None:
        """Take back what nobody has fetched of a cancelled answer."""
        waiting = [self._events.get_nowait() for _ in range(self._events.qsize())]
        for event in waiting:
            if isinstance(event, AudioDelta):
                self.counters.num_late += 1
            else:
                self._emit(event)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PartFailed as failed:
            self._emit(failed.failure)

    async def _answer_sound(self, turn: bytes) -> None:
        words = await self._ears.transcribe(turn, self._config.language) if turn else ""
        if not words:
            self._emit(TurnDone("empty", detail="no words were heard"))
            return
        self._emit(Transcript("user", words, True))
        await self._answer_text(words)

    async def _answer_text(self, words: str) -> None:
        self._log.user(words, self._picture)
        self._picture = None
        await self._answer()

    async def _answer(self) -> None:
        for _ in range(MAX_ROUNDS):
            done = await self._round()
            if done is not None:
                self._emit(done)
                return
        self._emit(TurnDone("failed", str(self._num_answers), "only calls that cannot be carried out"))

    async def _round(self) -> TurnDone | None:
        """One completion, spoken; None when it consists of calls that were all refused."""
        self._num_answers += 1
        self._log.begin_reply()
        written = _Written()
        sentences: asyncio.Queue[str | None] = asyncio.Queue()
        speaking = asyncio.ensure_future(self._speak(sentences))
        try:
            await self._write(written, sentences)
            self._hand_out(written)
            has_sound = await speaking
        finally:
            speaking.cancel()
        if written.calls and not has_sound and not self._calls.any_open:
            return None
        reason = _REASONS.get(written.finish)
        if reason is None and not has_sound:
            reason = "calls" if written.calls else "empty"
        return TurnDone(reason or "complete", str(self._num_answers), written.finish)

    async def _write(self, written: "_Written", sentences: "asyncio.Queue[str | None]") -> None:
        cutter = Sentences()
        async for fields in self._wits.chat(self._log.messages(), self._tools):
            text = written.add(fields)
            if text:
                self._log.write(text)
                self._emit(Transcript("agent", text, False))
            for sentence in cutter.push(text):
                sentences.put_nowait(sentence)
            if written.num_characters > MAX_ANSWER_CHARACTERS:
                self.counters.num_oversize += 1
                written.finish = "length"
                break
        for sentence in cutter.flush():
            sentences.put_nowait(sentence)
        sentences.put_nowait(None)

    async def _speak(self, sentences: "asyncio.Queue[str | None]") -> bool:
        """True when there was anything to hear."""
        has_sound = False
        while (sentence := await sentences.get()) is not None:
            num_bytes = 0
            async for sound in self._tongue.speak(sentence, self._config.voice):
                num_bytes += len(sound)
                self._emit(AudioDelta(sound, SPEECH_RATE_HZ, str(self._num_answers)))
            self.counters.bytes_received += num_bytes
            self._log.spoke(sentence, duration_ms(num_bytes, SPEECH_RATE_HZ))
            has_sound |= num_bytes > 0
        return has_sound

    def _hand_out(self, written: "_Written") -> None:
        calls = [call for call in written.calls.values() if call[0]]
        if calls:
            self._log.call(calls)
        for call_id, name, arguments in calls:
            accepted = self._calls.accept(call_id, name, arguments)
            if isinstance(accepted, ToolCall):
                self._emit(accepted)
            elif accepted is not None:
                self._log.result(call_id, json.dumps(answer(accepted)))


class _Written:
    """What the stream of a completion has brought so far."""

    def __init__(self) -> None:
        self.num_characters = 0
        self.finish = ""
        self.calls: dict[int, tuple[str, str, str]] = {}

    def add(self, fields: Fields) -> str:
        """Take in one piece; its text."""
        text = ""
        for choice in fields.each("choices")[:1]:
            delta = choice.fields("delta")
            text = delta.text("content")
            self.finish = choice.text("finish_reason") or self.finish
            for call in delta.each("tool_calls"):
                self._add_call(call)
        self.num_characters += len(text)
        return text

    def _add_call(self, call: Fields) -> None:
        index, made = call.count("index"), call.fields("function")
        if index >= MAX_OPEN_CALLS:
            return
        call_id, name, arguments = self.calls.get(index, ("", "", ""))
        arguments = (arguments + made.text("arguments"))[: MAX_ARGUMENTS_CHARACTERS + 1]
        self.calls[index] = (call_id or call.text("id"), name or made.text("name"), arguments)


def _as_tool(made: dict[str, Any]) -> dict[str, Any]:
    return {"type": made.pop("type"), "function": made}
