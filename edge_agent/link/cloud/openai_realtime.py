"""OpenAI Realtime (GA), and servers that speak it: the turns are ours, ended by a commit.

Barge-in cancels the response and takes back what was not heard. Sound that was on its way arrives after that, and
`error` messages are mostly about such crossings: both are counted and passed over.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from edge_agent.link.cloud import wire
from edge_agent.link.cloud.base import (
    AudioDelta,
    Capabilities,
    CloudEvent,
    Failed,
    SessionConfig,
    TalkerHeard,
    ToolResult,
    Transcript,
    TurnDone,
    TurnEnd,
    UsageSeen,
)
from edge_agent.link.cloud.failures import kind_of_words
from edge_agent.link.cloud.fields import Fields
from edge_agent.link.cloud.heard import Answer, cuts
from edge_agent.link.cloud.openai_session import OpenAISession
from edge_agent.link.cloud.pcm import GapFiller, Upsampler, duration_ms, encoded, silence
from edge_agent.link.cloud.realtime_setup import RATE_HZ, message, output, picture, session
from edge_agent.link.cloud.wire import Connect

MAX_SESSION_S = 3_600.0
MIN_TURN_MS = 120.0  # below 100 a commit is refused
_TRAILING_SILENCE_MS = 1_000
_UPDATE_S = 2.0
_ASK = "ask"  # the event id by which an error names our `response.create`
_ENDS: dict[str, TurnEnd] = {
    "turn_detected": "interrupted",
    "client_cancelled": "cancelled",
    "content_filter": "blocked",
    "max_output_tokens": "limit",
}


class OpenAIRealtime(OpenAISession):
    """One connection to a realtime model."""

    own_url = "wss://api.openai.com/v1/realtime"
    capabilities = Capabilities(
        provider="openai_realtime",
        output_rate_hz=RATE_HZ,
        can_truncate=True,
        vision=True,
        max_session_s=MAX_SESSION_S,
    )

    def __init__(
        self, config: SessionConfig, connect: Connect = wire.connect, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(config, connect, tls)
        if "model=" not in urlsplit(self._url).query:
            self._url += f"{'&' if '?' in self._url else '?'}model={quote(config.model)}"
        self._owns_turns = config.turns == "device"
        self._gap = GapFiller()
        self._upsampler = Upsampler(RATE_HZ)
        self._sent_bytes = 0  # of the turn in progress
        self._answer: Answer | None = None  # the last one, which is heard long after it was made
        self._num_awaited = 0  # responses asked for and not begun
        self._num_unwanted = 0  # the first so many of these
        self._wants_answer = False  # once all results are in, the response that asked is over, and nobody talks
        self._unwanted_calls: frozenset[str] = (
            frozenset()
        )  # of cancelled answers: their results are sent, not spoken of

    async def _introduce(self) -> None:
        await self._until("session.created")
        await self._send({"type": "session.update", "session": session(self._config)})
        with contextlib.suppress(asyncio.TimeoutError):  # not every server that speaks this says so
            await asyncio.wait_for(self._until("session.updated"), _UPDATE_S)
        for said in self._config.history:
            await self._item(message(said.role, said.text))

    async def begin_turn(self) -> None:
        """See CloudSession."""
        if self._owns_turns:
            await self._forget_input()

    async def send_audio(self, pcm16: bytes, at_sample: int) -> None:
        """See CloudSession."""
        if not self._owns_turns:
            pcm16 = self._gap.filled(pcm16, at_sample)
        await self._append(self._upsampler.step(pcm16))

    async def end_turn(self) -> None:
        """See CloudSession."""
        lacking_ms = MIN_TURN_MS - duration_ms(self._sent_bytes, RATE_HZ)
        trailing = silence(max(0.0, lacking_ms) if self._owns_turns else _TRAILING_SILENCE_MS)
        await self._append(self._upsampler.step(trailing, is_last=True))
        self._gap.reset()
        self._sent_bytes = 0
        if self._owns_turns:
            self._wants_answer = False  # the answer to this turn knows the results as well
            await self._send({"type": "input_audio_buffer.commit"})
            await self._ask()

    async def abandon_turn(self) -> None:
        """See CloudSession."""
        await self._forget_input()
        await self._answer_results()

    async def send_text(self, text: str) -> None:
        """See CloudSession."""
        await self._item(message("user", text))
        await self._ask()

    async def send_image(self, jpeg: bytes) -> None:
        """See CloudSession."""
        await self._item(picture(jpeg))

    async def cancel(self, heard_ms: float) -> None:
        """See CloudSession."""
        self._num_unwanted = self._num_awaited
        self._wants_answer = False
        self._unwanted_calls = self._calls.open_ids
        made, self._answer = self._answer, None
        if made is None:
            return
        if made.is_making:
            await self._send({"type": "response.cancel", "response_id": made.answer_id})
        for cut in cuts(made, heard_ms, RATE_HZ):
            if cut.keep_ms:
                what = {"type": "conversation.item.truncate", "content_index": 0, "audio_end_ms": cut.keep_ms}
            else:  # refused as a truncation
                what = {"type": "conversation.item.delete"}
            await self._send({**what, "item_id": cut.item_id})

    async def send_tool_result(self, result: ToolResult) -> None:
        """See CloudSession."""
        if await self._deliver(result):
            self._wants_answer |= result.wants_answer and result.call_id not in self._unwanted_calls
            await self._answer_results()

    async def _append(self, sound: bytes) -> None:
        if sound:
            self._sent_bytes += len(sound)
            await self._send({"type": "input_audio_buffer.append", "audio": encoded(sound)})

    async def _forget_input(self) -> None:
        if self._sent_bytes:
            await self._send({"type": "input_audio_buffer.clear"})
        self._sent_bytes = 0
        self._upsampler.reset()
        self._gap.reset()

    async def _item(self, item: Mapping[str, Any]) -> None:
        await self._send({"type": "conversation.item.create", "item": item})

    async def _ask(self) -> None:
        self._num_awaited += 1
        await self._send({"type": "response.create", "event_id": _ASK})

    async def _answer_results(self) -> None:
        """Ask for what follows from results; not while a response is made, which would be refused, nor into a turn."""
        is_making = self._num_awaited > 0 or (self._answer is not None and self._answer.is_making)
        is_busy = is_making or (self._owns_turns and self._sent_bytes > 0)
        if self._wants_answer and not is_busy and not self._calls.any_open:
            self._wants_answer = False
            await self._ask()

    async def _send_replies(self) -> None:
        await super()._send_replies()
        await self._answer_results()

    def _result_messages(self, result: ToolResult, call_ids: Iterable[str]) -> list[Mapping[str, Any]]:
        return [{"type": "conversation.item.create", "item": output(result, call_id)} for call_id in call_ids]

    def _read(self, fields: Fields) -> Iterator[CloudEvent]:
        kind = fields.text("type")
        reader = _READERS.get(kind)
        if reader is not None:
            yield from reader(self, fields)
        elif kind not in _PASSED_OVER:
            self.counters.num_unknown += 1

    def _created(self, fields: Fields) -> Iterator[CloudEvent]:
        answer_id = fields.fields("response").text("id")
        is_unwanted = self._num_unwanted > 0
        self._num_awaited = max(0, self._num_awaited - 1)
        self._num_unwanted = max(0, self._num_unwanted - 1)
        if is_unwanted:
            self._replies.append({"type": "response.cancel", "response_id": answer_id})
        else:
            self._answer = Answer(answer_id)
        yield from ()

    def _wanted(self, fields: Fields) -> Answer | None:
        """The answer that a message belongs to; None for one that was cancelled."""
        if self._answer is not None and fields.text("response_id") in ("", self._answer.answer_id):
            return self._answer
        self.counters.num_late += 1
        return None

    def _sound(self, fields: Fields) -> Iterator[CloudEvent]:
        made, sound, item_id = self._wanted(fields), fields.sound("delta"), fields.text("item_id")
        if made is not None and sound:
            made.bytes_of[item_id] = made.bytes_of.get(item_id, 0) + len(sound)
            yield AudioDelta(sound, RATE_HZ, made.answer_id)

    def _words(self, fields: Fields) -> Iterator[CloudEvent]:
        if self._wanted(fields) is not None:
            is_final = "transcript" in fields
            yield Transcript("agent", fields.text("transcript" if is_final else "delta"), is_final)

    def _item_done(self, fields: Fields) -> Iterator[CloudEvent]:
        item = fields.fields("item")
        if item.text("type") != "function_call":
            return
        made = self._wanted(fields)
        if made is not None:
            made.has_calls = True
            num_replies = len(self._replies)
            yield from self._called(item.text("call_id"), item.text("name"), item.text("arguments"))
            self._wants_answer |= len(self._replies) > num_replies

    def _done(self, fields: Fields) -> Iterator[CloudEvent]:
        response = fields.fields("response")
        made = self._answer
        if made is None or response.text("id") != made.answer_id:
            yield TurnDone("cancelled", response.text("id"))
        else:
            made.is_making = False
            yield self._ended(response, made)
        usage = response.fields("usage")
        cached = usage.fields("input_token_details").count("cached_tokens")
        yield UsageSeen(usage.count("input_tokens"), usage.count("output_tokens"), cached)

    def _ended(self, response: Fields, made: Answer) -> TurnDone | Failed:
        details = response.fields("status_details")
        error = details.fields("error")
        code, word = error.text("code"), details.text("reason") or error.text("message")
        reason = _ENDS.get(details.text("reason"))
        if kind_of_words(code) in ("key", "quota") and code != "rate_limit_exceeded":
            return self._failures.reported(code, error.text("message"))
        if reason is None and response.text("status") == "failed":
            reason = "failed"
        if reason is None and made.has_calls and not made.has_sound:
            reason = "calls"
        return TurnDone(
            reason or ("complete" if made.has_sound else "empty"), made.answer_id, self._failures.clean(word)
        )

    def _user_words(self, fields: Fields) -> Iterator[CloudEvent]:
        is_final = "transcript" in fields
        yield Transcript("user", fields.text("transcript" if is_final else "delta"), is_final)

    def _talker(self, fields: Fields) -> Iterator[CloudEvent]:
        yield TalkerHeard(fields.text("type").endswith("started"))

    def _error(self, fields: Fields) -> Iterator[CloudEvent]:
        error = fields.fields("error")
        code, words = error.text("code"), error.text("message")
        kind = kind_of_words(code)
        self.counters.num_errors += 1
        if kind in ("key", "model", "expired") or code == "insufficient_quota":
            yield self._failures.reported(code, words)
        elif error.text("event_id") == _ASK:
            self._num_awaited = max(0, self._num_awaited - 1)
            yield TurnDone("failed", detail=self._failures.clean(words))


_Reader = Callable[[OpenAIRealtime, Fields], Iterator[CloudEvent]]
_INPUT_WORDS = "conversation.item.input_audio_transcription"
_READERS: dict[str, _Reader] = {
    "response.created": OpenAIRealtime._created,
    "response.output_audio.delta": OpenAIRealtime._sound,
    "response.output_audio_transcript.delta": OpenAIRealtime._words,
    "response.output_audio_transcript.done": OpenAIRealtime._words,
    "response.output_item.done": OpenAIRealtime._item_done,
    "response.done": OpenAIRealtime._done,
    f"{_INPUT_WORDS}.delta": OpenAIRealtime._user_words,
    f"{_INPUT_WORDS}.completed": OpenAIRealtime._user_words,
    "input_audio_buffer.speech_started": OpenAIRealtime._talker,
    "input_audio_buffer.speech_stopped": OpenAIRealtime._talker,
    "error": OpenAIRealtime._error,
}
_PASSED_OVER = frozenset(
    "session.created session.updated conversation.created conversation.item.added conversation.item.done "
    "conversation.item.created conversation.item.deleted conversation.item.truncated input_audio_buffer.committed "
    "input_audio_buffer.cleared response.output_item.added response.content_part.added response.content_part.done "
    "response.output_audio.done response.output_text.delta response.output_text.done "
    "response.function_call_arguments.delta response.function_call_arguments.done rate_limits.updated "
    "speech_to_speech.input_audio_transcription.snapshot".split()
)
