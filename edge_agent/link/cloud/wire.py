"""What lies under a session: something that carries messages both ways. Real (`connect`) or, in tests, in memory.

Settings that matter: no compression (base64 gains little, the link has 5 % of a core), no redirects and no proxy (the
egress gate approved one host, not where that host points to), no text decoding (bad UTF-8 is counted, not fatal), and
a logger that stays above DEBUG, where the library would print the key's header.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from edge_agent.link.cloud.base import FailureKind
from edge_agent.link.cloud.fields import MAX_MESSAGE_BYTES

SEND_TIMEOUT_S = 2.0
CLOSE_TIMEOUT_S = 0.5
_OUR_PING_TIMEOUT = 1011  # what the library says when pings stay unanswered
_LOGGER = logging.getLogger("edge_agent.link.cloud.wire")
_LOGGER.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. `headers` hold the key, so they are not shown."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = None
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 60.0


class WireClosed(Exception):
    """The other side, or the network, ended it: a WebSocket close code and what was said."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class WireRefused(Exception):
    """No connection came about. `status`: of HTTP, 0 when it did not get that far."""

    def __init__(self, kind: FailureKind, reason: str, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.status = status
        self.retry_after_s = retry_after_s


class Wire(Protocol):
    """Messages both ways, in order."""

    async def send(self, message: str) -> None:
        """Raises WireClosed, also when nothing can be sent for `SEND_TIMEOUT_S`."""

    async def receive(self) -> bytes | str:
        """The next message. Raises WireClosed."""

    async def close(self) -> None:
        """Never raises; within `CLOSE_TIMEOUT_S`, answered or not."""


Connect = Callable[[Address], Awaitable[Wire]]


class _NoRedirect(websocket):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class WebSocketWire:
    """A WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: str) -> None:
        """See Wire."""
        try:
            await asyncio.wait_for(self._connection.send(message), SEND_TIMEOUT_S)
        except ConnectionClosed as closed:
            raise _as_closed(closed) from None
        except asyncio.TimeoutError:
            self._connection.transport.abort()
            raise WireClosed(1006, "nothing could be sent") from None

    async def receive(self) -> bytes:
        """See Wire."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            raise _as_closed(closed) from None

    async def close(self) -> None:
        """See Wire."""
        try:
            await asyncio.wait_for(self._connection.close(), CLOSE_TIMEOUT_S)
        except asyncio.TimeoutError:
            self._connection.transport.abort()


async def connect(address: Address) -> Wire:
    """Open a WebSocket. Raises WireRefused; the caller limits the time."""
    try:
        connection = await _NoRedirect(
            address.url,
            additional_headers=dict(address.headers),
            ssl=(address.tls or True) if address.url.startswith("wss:") else None,
            compression=None,
            proxy=None,
            open_timeout=None,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=address.ping_interval_s,
            ping_timeout=address.ping_timeout_s,
            max_size=MAX_MESSAGE_BYTES,
            logger=_LOGGER,
            user_agent_header="edge-agent",
        )
    except InvalidStatus as refused:
        headers, body = refused.response.headers, refused.response.body or b""
        raise _by_status(
            refused.response.status_code, body.decode("utf-8", "replace"), headers.get("Retry-After", "")
        ) from None
    except (OSError, InvalidHandshake, EOFError) as error:  # before ValueError: a certificate's error is both
        raise refusal(error) from None
    except (InvalidURI, ValueError):
        raise WireRefused("refused", "the URL is no WebSocket's") from None
    return WebSocketWire(connection)


def refusal(error: Exception) -> WireRefused:
    """Why there is no connection, from what the system or the library raised."""
    if isinstance(error, ssl.SSLError):
        return WireRefused("tls", getattr(error, "verify_message", "") or error.reason or "no encrypted connection")
    if isinstance(error, socket.gaierror):
        return WireRefused("unreachable", "no such host name, or no name server")
    if isinstance(error, TimeoutError):
        return WireRefused("timeout", "the network does not answer")
    if isinstance(error, OSError):
        return WireRefused("unreachable", error.strerror or error.__class__.__name__)
    return WireRefused("server", f"not a WebSocket server ({error.__class__.__name__})")


def kind_of_status(status: int) -> FailureKind:
    """What an HTTP status other than success says about us and the server."""
    named: dict[int, FailureKind] = {401: "key", 402: "quota", 403: "key", 404: "model", 408: "timeout", 429: "quota"}
    return named.get(status, "server" if status >= 500 else "refused")


def _by_status(status: int, body: str, retry_after: str) -> WireRefused:
    seconds = float(retry_after) if retry_after.isdecimal() and len(retry_after) < 7 else None
    return WireRefused(kind_of_status(status), f"HTTP {status} {body}".strip(), status, seconds)


def _as_closed(closed: ConnectionClosed) -> WireClosed:
    theirs, ours = closed.rcvd, closed.sent
    if theirs is not None:
        return WireClosed(theirs.code, theirs.reason)
    if ours is None or ours.code == _OUR_PING_TIMEOUT:
        return WireClosed(1006, "the connection was cut, or nothing came any more")
    return WireClosed(ours.code, ours.reason)
