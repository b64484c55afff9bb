"""The three services of a pipeline, each at its own address if wanted: ears, wits, tongue. OpenAI-compatible HTTP.

Each raises `PartFailed` with what happened; nothing here decides what to do about it.
"""

import io
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from edge_agent.link.cloud.base import INPUT_RATE_HZ, Counters, Failed
from edge_agent.link.cloud.failures import Failures
from edge_agent.link.cloud.fields import Fields, parse_json, read_message
from edge_agent.link.cloud.keys import find_key
from edge_agent.link.cloud.wire import WireRefused, kind_of_status, refusal

SPEECH_RATE_HZ = 24_000
MAX_LINE_CHARACTERS = 1 << 20
MAX_SPEECH_BYTES = 120 * SPEECH_RATE_HZ * 2
_MAX_ERROR_BYTES = 4_096
_STREAM_END = "[DONE]"


@dataclass(frozen=True, slots=True)
class Part:
    """One service: its base URL, up to and with "/v1", and its model."""

    url: str
    model: str
    key_file: str = ""


class PartFailed(Exception):
    """A service did not do its part."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Service:
    """Asks one part."""

    def __init__(self, name: str, part: Part, client: httpx.AsyncClient, counters: Counters) -> None:
        self._part = part
        self._client = client
        self._counters = counters
        self._key = find_key(part.url, part.key_file)
        self._failures = Failures(name, part.model, self._key)

    def check_key(self) -> None:
        """Raises PartFailed where a key is needed, or would travel unencrypted."""
        failure = self._failures.about_key(self._part.url)
        if failure is not None:
            raise PartFailed(failure)

    async def transcribe(self, pcm16: bytes, language: str) -> str:
        """The words of a turn."""
        data = {"model": self._part.model, "response_format": "json"}
        if language:
            data["language"] = language[:2]
        files = {"file": ("turn.wav", _as_wav(pcm16), "audio/wav")}
        async with self._posted("audio/transcriptions", data=data, files=files) as response:
            body = b"".join([chunk async for chunk in _limited(response.aiter_bytes(), MAX_LINE_CHARACTERS)])
        fields = read_message(body, self._counters)
        return fields.text("text").strip() if fields else ""

    async def chat(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[Fields]:
        """The pieces of an answer, as the `choices[0].delta` of a stream."""
        body: dict[str, Any] = {"model": self._part.model, "messages": list(messages), "stream": True}
        if tools:
            body["tools"] = list(tools)
        async with self._posted("chat/completions", json=body) as response:
            async for line in _lines(response, self._counters):
                if line == _STREAM_END:
                    return
                fields = read_message(line, self._counters)
                if fields is None:
                    continue
                if "error" in fields:
                    error = fields.fields("error")
                    raise PartFailed(self._failures.reported(error.text("code"), error.text("message")))
                yield fields

    async def speak(self, text: str, voice: str) -> AsyncIterator[bytes]:
        """The sound of a sentence: PCM16 mono at 24 kHz, in whole samples."""
        body = {"model": self._part.model, "input": text, "voice": voice or "alloy", "response_format": "pcm"}
        rest = b""
        async with self._posted("audio/speech", json=body) as response:
            async for chunk in _limited(response.aiter_bytes(4_800), MAX_SPEECH_BYTES):
                sound = rest + chunk
                rest = sound[len(sound) & ~1 :]
                yield sound[: len(sound) & ~1]

    def _posted(self, path: str, **what: Any) -> "_Posted":
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        request = self._client.build_request("POST", f"{self._part.url.rstrip('/')}/{path}", headers=headers, **what)
        self._counters.bytes_sent += int(request.headers.get("content-length", 0))
        return _Posted(self._client, request, self._failures)


class _Posted:
    """One request, as a context: its response, or PartFailed, also for what happens inside."""

    def __init__(self, client: httpx.AsyncClient, request: httpx.Request, failures: Failures) -> None:
        self._client = client
        self._request = request
        self._failures = failures
        self._response: httpx.Response | None = None

    async def __aenter__(self) -> httpx.Response:
        try:
            self._response = response = await self._client.send(self._request, stream=True)
            if response.status_code == 200:
                return response
            body = b"".join([chunk async for chunk in _limited(response.aiter_bytes(), _MAX_ERROR_BYTES)])
        except (httpx.HTTPError, OSError) as error:
            raise PartFailed(self._failures.refused(_refusal(error))) from None
        await response.aclose()
        raise PartFailed(self._failures.refused(_by_status(response, body)))

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._response is not None:
            await self._response.aclose()
        if isinstance(error, httpx.HTTPError):
            raise PartFailed(self._failures.refused(_refusal(error))) from None


def _by_status(response: httpx.Response, body: bytes) -> WireRefused:
    values = parse_json(body)
    fields = Fields(values if isinstance(values, dict) else {}, Counters()).fields("error")
    words = f"{fields.text('code')} {fields.text('message')}".strip() or f"HTTP {response.status_code}"
    after = response.headers.get("Retry-After", "")
    seconds = float(after) if after.isdecimal() and len(after) < 7 else None
    return WireRefused(kind_of_status(response.status_code), words, response.status_code, seconds)


def _refusal(error: Exception) -> WireRefused:
    if isinstance(error, httpx.TimeoutException):
        return WireRefused("timeout", error.__class__.__name__)
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        return WireRefused("dropped", error.__class__.__name__)
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    return refusal(cause) if isinstance(cause, OSError) else WireRefused("unreachable", error.__class__.__name__)


async def _limited(chunks: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """Not more than so many bytes, however many there are."""
    num_bytes = 0
    async for chunk in chunks:
        num_bytes += len(chunk)
        if num_bytes > max_bytes:
            return
        yield chunk


async def _lines(response: httpx.Response, counters: Counters) -> AsyncIterator[str]:
    """The `data:` lines of a stream of server-sent events; one that never ends is dropped and counted."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip().decode("utf-8", "replace")
        if len(rest) > MAX_LINE_CHARACTERS:
            counters.num_oversize += 1
            rest = b""


def _as_wav(pcm16: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(INPUT_RATE_HZ)
        wav.writeframes(pcm16)
    return file.getvalue()
