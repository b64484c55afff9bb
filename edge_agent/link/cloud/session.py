"""What the sessions over a WebSocket share: opening, reading, sending, and failing in one way."""

import asyncio
import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, ClassVar

from edge_agent.link.cloud import wire
from edge_agent.link.cloud.base import (
    Capabilities,
    CloudEvent,
    Counters,
    Failed,
    GoingAway,
    SessionConfig,
    SessionFailed,
    ToolCall,
    ToolResult,
)
from edge_agent.link.cloud.failures import Failures
from edge_agent.link.cloud.fields import Fields, read_message
from edge_agent.link.cloud.keys import find_key
from edge_agent.link.cloud.tools import Calls
from edge_agent.link.cloud.wire import Address, Connect, Wire, WireClosed, WireRefused


class SocketSession(ABC):
    """A `CloudSession` over messages; a provider says how to introduce itself and what a message means."""

    spoken_name: ClassVar[str]
    own_url: ClassVar[str]
    capabilities: Capabilities

    def __init__(
        self, config: SessionConfig, connect: Connect = wire.connect, tls: ssl.SSLContext | None = None
    ) -> None:
        """tls: whom to trust, when not the system's authorities. Raises CloudError for a tool that is none."""
        self.counters = Counters()
        self._config = config
        self._url = config.url or self.own_url
        self._connect = connect
        self._tls = tls
        self._key = find_key(self._url, config.key_file)
        self._failures = Failures(self.spoken_name, config.model, self._key)
        self._calls = Calls(config.tools, self.counters)
        self._replies: list[Mapping[str, Any]] = []  # what the messages that were just read make us say
        self._wire: Wire | None = None
        self._is_closed = False
        self._is_going_away = False

    async def open(self) -> None:
        """See CloudSession."""
        failure = self._failures.about_key(self._url)
        if failure is None:
            try:
                await asyncio.wait_for(self._open(), self._config.open_timeout_s)
                return
            except asyncio.TimeoutError:
                failure = self._failures.make("timeout", "no session within the time set")
            except WireRefused as refused:
                failure = self._failures.refused(refused)
            except WireClosed as closed:
                failure = self._failures.closed(closed)
            except BaseException:
                await self.close()
                raise
        await self.close()
        raise SessionFailed(failure)

    async def events(self) -> AsyncIterator[CloudEvent]:
        """See CloudSession."""
        while self._wire is not None and not self._is_closed:
            try:
                raw = await self._wire.receive()
            except WireClosed as closed:
                if not self._is_closed:
                    yield self._end(closed)
                return
            fields = read_message(raw, self.counters)
            for event in self._read(fields) if fields else ():
                self._is_going_away |= isinstance(event, GoingAway)
                yield event
                if isinstance(event, Failed):
                    await self.close()
            await self._send_replies()

    async def close(self) -> None:
        """See CloudSession."""
        self._is_closed = True
        if self._wire is not None:
            await self._wire.close()

    @abstractmethod
    def _headers(self) -> dict[str, str]:
        """What carries the key."""

    @abstractmethod
    async def _introduce(self) -> None:
        """Say who we are and wait until the model is ready. May raise WireClosed and SessionFailed."""

    @abstractmethod
    def _read(self, fields: Fields) -> Iterable[CloudEvent]:
        """What a message means."""

    @abstractmethod
    def _result_messages(self, result: ToolResult, call_ids: Iterable[str]) -> list[Mapping[str, Any]]:
        """What sends one result back for these calls."""

    async def send_tool_result(self, result: ToolResult) -> None:
        """See CloudSession."""
        await self._deliver(result)

    async def _deliver(self, result: ToolResult) -> bool:
        """Send a result to all who wait for it; False when nobody does."""
        call_ids = self._calls.take(result.call_id)
        for message in self._result_messages(result, call_ids) if call_ids else ():
            await self._send(message)
        return bool(call_ids)

    def _called(self, call_id: str, name: str, arguments: Any) -> Iterable[ToolCall]:
        """A call of the model: handed out, or answered at once when it is a bad one."""
        accepted = self._calls.accept(call_id, name, arguments)
        if isinstance(accepted, ToolCall):
            yield accepted
        elif accepted is not None:
            self._replies += self._result_messages(accepted, [call_id])

    async def _open(self) -> None:
        config = self._config
        address = Address(self._url, self._headers(), self._tls, config.ping_interval_s, config.ping_timeout_s)
        self._wire = await self._connect(address)
        await self._introduce()

    async def _message(self) -> Fields:
        """The next message that can be read, while opening."""
        while True:
            assert self._wire is not None
            fields = read_message(await self._wire.receive(), self.counters)
            if fields is not None:
                return fields

    async def _send(self, message: Mapping[str, Any]) -> None:
        if self._wire is None or self._is_closed:
            return
        text = json.dumps(message, separators=(",", ":"))
        try:
            await self._wire.send(text)
        except WireClosed:
            return  # `events` ends with the reason
        self.counters.bytes_sent += len(text)

    async def _send_replies(self) -> None:
        while self._replies:
            await self._send(self._replies.pop(0))

    def _end(self, closed: WireClosed) -> Failed:
        failure = self._failures.closed(closed)
        if self._is_going_away and failure.kind in ("dropped", "server", "refused"):
            return self._failures.make("expired", failure.detail)
        return failure
