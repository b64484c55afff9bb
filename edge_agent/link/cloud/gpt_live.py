"""GPT-Live: the cloud owns the floor. There is no end of a turn, no cancel and no truncate to send.

The model's time passes only while sound arrives, so silence is sent whenever the microphone gives none. Its own sound
is an endless stream at the pace of playing, mostly silence: an answer is what lies between two long silences.
"""

import asyncio
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edge_agent.link.cloud import wire
from edge_agent.link.cloud.base import (
    INPUT_RATE_HZ,
    AudioDelta,
    Capabilities,
    CloudEvent,
    FailureKind,
    Role,
    SessionConfig,
    ToolResult,
    Transcript,
    TurnDone,
    UsageSeen,
)
from edge_agent.link.cloud.failures import kind_of_words
from edge_agent.link.cloud.fields import MAX_TEXT_CHARACTERS, Fields
from edge_agent.link.cloud.openai_session import OpenAISession
from edge_agent.link.cloud.pcm import BYTES_PER_SAMPLE, duration_ms, encoded, silence
from edge_agent.link.cloud.realtime_setup import function, message, output
from edge_agent.link.cloud.wire import Connect
from edge_agent.units import db_to_gain, samples_to_ms

MAX_SESSION_S = 7_200.0
TURN_GAP_MS = 800.0  # silence that ends an answer
TICK_S = 0.05
MAX_LAG_MS = 120.0  # of the microphone, before silence is sent in its place
MAX_FILL_MS = 1_000.0  # after a longer sleep the model's time has stood still, and nobody minds
_LOUD = 32_768 * db_to_gain(-50.0)
_MAX_HISTORY = 128
_NOTHING_MORE = "Nothing more can be found out. Answer from what you know."
_CLOSED: dict[str, FailureKind] = {"expired": "expired", "content": "refused"}
_PASSED_OVER = frozenset(
    "session.started session.updated session.instructions.appended session.thinking.appended "
    "session.commentary.appended session.input_audio.muted session.input_audio.unmuted info".split()
)


class GPTLive(OpenAISession):
    """One connection to a model that listens and talks at once. `begin_turn` and `end_turn` change nothing."""

    own_url = "wss://api.openai.com/v1/live/sessions"
    capabilities = Capabilities(
        provider="gpt_live",
        output_rate_hz=INPUT_RATE_HZ,  # one format for both directions
        turn_owners=("provider",),
        can_cancel=False,
        accepts_text=False,
        is_paced=True,
        needs_every_moment=True,
        max_session_s=MAX_SESSION_S,
    )

    def __init__(
        self, config: SessionConfig, connect: Connect = wire.connect, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(config, connect, tls)
        self.capabilities = replace(self.capabilities, tools=bool(config.tools and config.tool_model))
        self._clock: asyncio.Task[None] | None = None
        self._sent_samples = 0
        self._num_answers = 0
        self._is_talking = False
        self._is_dropping = False
        self._quiet_ms = 0.0
        self._words: dict[Role, str] = {"user": "", "agent": ""}

    async def _introduce(self) -> None:
        await self._send({"type": "session.start", "session": self._session()})
        await self._until("session.started")
        self._clock = asyncio.ensure_future(self._keep_time())

    async def begin_turn(self) -> None:
        """See CloudSession."""
        self._is_dropping &= self._is_talking

    async def send_audio(self, pcm16: bytes, at_sample: int) -> None:
        """See CloudSession."""
        self._sent_samples += len(pcm16) // BYTES_PER_SAMPLE
        await self._send({"type": "session.input_audio.append", "audio": encoded(pcm16)})

    async def end_turn(self) -> None:
        """See CloudSession."""

    async def abandon_turn(self) -> None:
        """See CloudSession. The model may answer nevertheless, and is not heard then."""
        self._is_dropping = True

    async def send_text(self, text: str) -> None:
        """See CloudSession."""

    async def send_image(self, jpeg: bytes) -> None:
        """See CloudSession."""

    async def cancel(self, heard_ms: float) -> None:
        """See CloudSession. The model goes on by itself until it hears the talker; nobody hears it meanwhile."""
        self._is_dropping = self._is_talking

    async def send_tool_result(self, result: ToolResult) -> None:
        """See CloudSession."""
        if await self._deliver(result) and not self._calls.any_open:
            await self._send({"type": "response.create"})

    async def close(self) -> None:
        """See CloudSession."""
        if self._clock is not None:
            self._clock.cancel()
        await self._send({"type": "session.close"})
        await super().close()

    def _session(self) -> dict[str, Any]:
        config = self._config
        audio: dict[str, Any] = {"format": {"type": "audio/pcm", "rate": INPUT_RATE_HZ}}
        if config.voice:
            audio["output"] = {"voice": config.voice}
        session: dict[str, Any] = {"model": config.model, "audio": audio}
        if config.instructions:
            session["instructions"] = config.instructions
        if config.history:
            session["input"] = [message(said.role, said.text) for said in config.history[-_MAX_HISTORY:]]
        if self.capabilities.tools:
            tools = [function(tool) for tool in config.tools]
            session["delegation"] = {"type": "responses", "responses": {"model": config.tool_model, "tools": tools}}
        return session

    async def _keep_time(self) -> None:
        """Silence in place of sound that the microphone did not give."""
        loop = asyncio.get_running_loop()
        began_s, self._sent_samples = loop.time(), 0
        while not self._is_closed:
            await asyncio.sleep(TICK_S)
            lag_ms = 1000 * (loop.time() - began_s) - samples_to_ms(self._sent_samples)
            if lag_ms > MAX_FILL_MS:
                began_s += (lag_ms - MAX_FILL_MS) / 1000
            if lag_ms > MAX_LAG_MS:
                await self.send_audio(silence(min(lag_ms, MAX_FILL_MS)), 0)

    def _result_messages(self, result: ToolResult, call_ids: Iterable[str]) -> list[Mapping[str, Any]]:
        return [{"type": "response.item.create", "item": output(result, call_id)} for call_id in call_ids]

    async def _send_replies(self) -> None:
        had_replies = bool(self._replies)
        await super()._send_replies()
        if had_replies and self.capabilities.tools and not self._calls.any_open:
            await self._send({"type": "response.create"})

    def _read(self, fields: Fields) -> Iterator[CloudEvent]:
        kind = fields.text("type")
        if kind == "session.output_audio.delta":
            yield from self._sound(fields.sound("delta"))
        elif kind == "session.input_transcript.delta":
            yield self._heard("user", fields.text("delta"))
        elif kind == "session.output_transcript.delta":
            yield self._heard("agent", fields.text("delta"))
        elif kind == "session.usage.updated":
            yield UsageSeen(seconds=fields.fields("usage").number("seconds"))
        elif kind == "session.delegation.created":
            self._delegated(fields.fields("delegation"))
        elif kind == "response.event":
            yield from self._response(fields.fields("event"))
        elif kind == "session.closed":
            word = fields.text("reason")
            yield self._failures.make(_CLOSED.get(word, "dropped"), word)
        elif kind == "error":
            yield from self._error(fields.fields("error"))
        else:
            self.counters.num_unknown += kind not in _PASSED_OVER

    def _sound(self, sound: bytes) -> Iterator[CloudEvent]:
        """Between two long silences lies an answer; only its sound is handed out."""
        is_loud = _is_loud(sound)
        self._quiet_ms = 0.0 if is_loud else self._quiet_ms + duration_ms(len(sound), INPUT_RATE_HZ)
        if is_loud and not self._is_talking:
            self._is_talking = True
            self._num_answers += 1
            yield from self._final("user")
        if self._is_talking and self._is_dropping:
            self.counters.num_late += 1
        elif self._is_talking:
            yield AudioDelta(sound, INPUT_RATE_HZ, str(self._num_answers))
        if self._is_talking and self._quiet_ms >= TURN_GAP_MS:
            yield from self._final("agent")
            yield TurnDone("cancelled" if self._is_dropping else "complete", str(self._num_answers))
            self._is_talking = self._is_dropping = False

    def _heard(self, role: Role, words: str) -> Transcript:
        self._words[role] = (self._words[role] + words)[-MAX_TEXT_CHARACTERS:]
        return Transcript(role, words, False)

    def _final(self, role: Role) -> Iterator[Transcript]:
        words, self._words[role] = self._words[role], ""
        if words:
            yield Transcript(role, words.strip(), True)

    def _delegated(self, delegation: Fields) -> None:
        """What the model asks of its application, which has no more to give than the tools."""
        if delegation.text("target") == "client":
            content = {"content": _NOTHING_MORE, "delegation_id": delegation.text("id")}
            self._replies.append({"type": "session.thinking.append", **content})

    def _response(self, event: Fields) -> Iterator[CloudEvent]:
        item = event.fields("item")
        if event.text("type") == "response.output_item.done" and item.text("type") == "function_call":
            yield from self._called(item.text("call_id"), item.text("name"), item.text("arguments"))

    def _error(self, error: Fields) -> Iterator[CloudEvent]:
        self.counters.num_errors += 1
        if kind_of_words(error.text("code")) in ("key", "quota", "model", "expired"):
            yield self._failures.reported(error.text("code"), error.text("message"))


def _is_loud(sound: bytes) -> bool:
    samples = np.frombuffer(sound, dtype="<i2").astype(np.float32)
    return len(samples) > 0 and float(np.sqrt(np.mean(samples**2))) > _LOUD
