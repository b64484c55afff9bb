"""One connection to Home Assistant's WebSocket API: authentication, numbered commands, events.

    server auth_required -> client auth -> server auth_ok (or auth_invalid); then {id, type, ...} both ways

What cannot be read is counted and passed over. Thread: one asyncio loop; `run` reads, the others send.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from edge_agent.link.cloud.fields import parse_json
from edge_agent.link.cloud.keys import scrub
from edge_agent.link.cloud.wire import Wire

AUTH_WITHIN_S = 5.0
RESULT_WITHIN_S = 3.0
Message = Mapping[str, Any]


class Refused(Exception):
    """It did not do what was asked: its code and its words. code "timeout", "closed": it did not answer."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code


class Talk:
    """Numbered commands over one wire."""

    def __init__(self, wire: Wire, token: SecretStr, on_event: Callable[[Message], None]) -> None:
        """on_event: takes each event of a subscription."""
        self._wire = wire
        self._token = token
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._awaited: dict[int, asyncio.Future[Any]] = {}
        self.num_malformed = 0
        self.bytes_sent = 0

    async def authenticate(self) -> None:
        """Raises Refused for a token that is not accepted, or no answer; WireClosed."""
        try:
            await asyncio.wait_for(self._authenticate(), AUTH_WITHIN_S)
        except asyncio.TimeoutError:
            raise Refused("timeout", "no answer to the token") from None

    async def run(self) -> None:
        """Read until the connection ends. Raises WireClosed."""
        try:
            while True:
                self._take(await self._read())
        finally:
            for waiting in self._awaited.values():
                if not waiting.done():
                    waiting.set_exception(Refused("closed", "the connection ended"))

    async def ask(self, kind: str, **fields: Any) -> Any:
        """One command; what came of it. Raises Refused and WireClosed."""
        number = next(self._numbers)
        waiting = self._awaited[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"id": number, "type": kind, **fields})
            return await asyncio.wait_for(waiting, RESULT_WITHIN_S)
        except asyncio.TimeoutError:
            raise Refused("timeout", "no answer") from None
        finally:
            self._awaited.pop(number, None)

    async def _authenticate(self) -> None:
        while (message := await self._read()).get("type") != "auth_ok":
            if message.get("type") == "auth_required":
                await self._send({"type": "auth", "access_token": self._token.get_secret_value()})
            elif message.get("type") == "auth_invalid":
                raise Refused("auth_invalid", scrub(str(message.get("message", "")), self._token))

    async def _send(self, message: Message) -> None:
        text = json.dumps(message, separators=(",", ":"))
        await self._wire.send(text)
        self.bytes_sent += len(text)

    async def _read(self) -> Message:
        """The next message that is an object."""
        while True:
            message = parse_json(await self._wire.receive())
            if isinstance(message, dict):
                return message
            self.num_malformed += 1

    def _take(self, message: Message) -> None:
        kind, number = message.get("type"), message.get("id")
        if kind == "event" and isinstance(message.get("event"), dict):
            self._on_event(message["event"])
            return
        waiting = self._awaited.get(number) if isinstance(number, int) else None
        if kind != "result" or waiting is None or waiting.done():
            self.num_malformed += kind not in ("result", "pong")
            return
        if message.get("success") is True:
            waiting.set_result(message.get("result"))
            return
        error = message.get("error")
        error = error if isinstance(error, dict) else {}
        words = scrub(str(error.get("message", "")), self._token)
        waiting.set_exception(Refused(str(error.get("code", "unknown"))[:80], words))
