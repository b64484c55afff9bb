"""The same stand-ins without sockets: what a client sends arrives after a set delay of the loop's clock.

With a loop whose clock is virtual, hours pass in seconds.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from edge_agent.link.cloud.fields import MAX_MESSAGE_BYTES
from edge_agent.link.cloud.wire import Address, Connect, Wire, WireClosed, WireRefused, kind_of_status
from edge_agent.link.cloud_sim.routes import refusal, serve
from edge_agent.link.cloud_sim.stage import PeerGone, Stage

_Frame = str | bytes | WireClosed | None


class _Pipe:
    """One direction. A closed one gives its end for ever."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._queue: asyncio.Queue[tuple[float, _Frame]] = asyncio.Queue()
        self._ended: WireClosed | None = None

    def put(self, frame: _Frame) -> None:
        self._queue.put_nowait((asyncio.get_running_loop().time() + self._delay_s, frame))

    async def get(self) -> str | bytes:
        """Raises WireClosed."""
        if self._ended is not None:
            raise self._ended
        at_s, frame = await self._queue.get()
        wait_s = at_s - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if isinstance(frame, str | bytes):
            return frame
        self._ended = frame or WireClosed(1006, "the connection was cut")
        raise self._ended


class MemoryPeer:
    """A client, as the stand-in sees it."""

    def __init__(self, path: str, headers: Mapping[str, str], there: _Pipe, back: _Pipe) -> None:
        self.path = path
        self.headers = headers
        self._there = there
        self._back = back
        self._held_until_s = 0.0
        self.is_gone = False

    async def send(self, message: str | bytes) -> None:
        """See Peer."""
        if self.is_gone:
            raise PeerGone
        if len(message) > MAX_MESSAGE_BYTES:  # the client's library closes at that
            self._leave(WireClosed(1009, "message too big"))
        self._back.put(message)

    async def receive(self) -> str | bytes:
        """See Peer."""
        try:
            message = await self._there.get()
        except WireClosed:
            self.is_gone = True
            raise PeerGone from None
        await asyncio.sleep(max(0.0, self._held_until_s - asyncio.get_running_loop().time()))
        return message

    async def close(self, code: int, reason: str) -> None:
        """See Peer."""
        self._leave(WireClosed(code, reason))

    def abort(self) -> None:
        """See Peer."""
        self._leave(None)

    def hold(self, seconds: float) -> None:
        """See Peer."""
        self._held_until_s = asyncio.get_running_loop().time() + seconds

    def _leave(self, closed: WireClosed | None) -> None:
        self.is_gone = True
        self._back.put(closed)


class MemoryWire:
    """The client's end."""

    def __init__(self, there: _Pipe, back: _Pipe, serving: "asyncio.Task[None]") -> None:
        self._there = there
        self._back = back
        self._serving = serving
        self._is_closed = False

    async def send(self, message: str) -> None:
        """See Wire."""
        if self._is_closed:
            raise WireClosed(1000, "")
        self._there.put(message)

    async def receive(self) -> bytes | str:
        """See Wire."""
        return await self._back.get()

    async def close(self) -> None:
        """See Wire."""
        if not self._is_closed:
            self._is_closed = True
            self._there.put(None)
            self._back.put(WireClosed(1000, ""))
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving


def memory_connect(stage: Stage, delay_s: float = 0.02) -> Connect:
    """A connector to this stand-in; every connection is a new conversation."""

    async def connect(address: Address) -> Wire:
        parts = urlsplit(address.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {name.lower(): value for name, value in address.headers.items()}
        await asyncio.sleep(2 * delay_s)
        refused = refusal(path, headers, stage.scene)
        if refused is not None:
            raise WireRefused(kind_of_status(refused[0]), refused[1], refused[0])
        there, back = _Pipe(delay_s), _Pipe(delay_s)
        peer = MemoryPeer(path, headers, there, back)
        serving = asyncio.ensure_future(serve(peer, stage).run())
        return MemoryWire(there, back, serving)

    return connect
