"""The stand-ins on real sockets: one WebSocket server for all live protocols, by path."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from edge_agent.link.cloud_sim.routes import refusal, serve
from edge_agent.link.cloud_sim.stage import PeerGone, Stage

_MAX_CLIENT_BYTES = 16 << 20  # of one message: what the real ones take
_LOGGER = logging.getLogger("edge_agent.link.cloud_sim")
_LOGGER.setLevel(logging.CRITICAL)  # the library would log each cut connection as an error


class WebSocketPeer:
    """See Peer."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        request = connection.request
        self.path = request.path if request else ""
        self.headers = {name.lower(): value for name, value in request.headers.raw_items()} if request else {}

    async def send(self, message: str | bytes) -> None:
        """See Peer."""
        try:
            await self._connection.send(message)
        except ConnectionClosed:
            raise PeerGone from None

    async def receive(self) -> str | bytes:
        """See Peer."""
        try:
            return await self._connection.recv()
        except ConnectionClosed:
            raise PeerGone from None

    async def close(self, code: int, reason: str) -> None:
        """See Peer."""
        await self._connection.close(code, reason[:120])

    def abort(self) -> None:
        """See Peer."""
        self._connection.transport.abort()

    def hold(self, seconds: float) -> None:
        """See Peer."""
        transport = self._connection.transport
        with contextlib.suppress(RuntimeError, AttributeError):
            transport.pause_reading()
            asyncio.get_running_loop().call_later(seconds, _resume, transport)


def _resume(transport: asyncio.Transport) -> None:
    with contextlib.suppress(RuntimeError):
        if not transport.is_closing():
            transport.resume_reading()


@contextlib.asynccontextmanager
async def serving(
    stage: Stage, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port. Raises OSError when it is taken."""

    async def talk(connection: ServerConnection) -> None:
        await serve(WebSocketPeer(connection), stage).run()

    async def let_in(connection: ServerConnection, request: Request) -> Response | None:
        if stage.faults.take("tls"):
            connection.transport.abort()
            return connection.respond(HTTPStatus.BAD_REQUEST, "")
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        refused = refusal(request.path, headers, stage.scene)
        return None if refused is None else connection.respond(HTTPStatus(refused[0]), refused[1])

    server: Server = await serve_websockets(
        talk,
        host,
        port,
        process_request=let_in,
        ssl=tls,
        compression=None,
        ping_interval=None,
        close_timeout=1.0,
        max_size=_MAX_CLIENT_BYTES,
        logger=_LOGGER,
    )
    try:
        yield int(next(iter(server.sockets)).getsockname()[1])
    finally:
        for connection in server.connections:
            connection.transport.abort()
        server.close()
        await server.wait_closed()
