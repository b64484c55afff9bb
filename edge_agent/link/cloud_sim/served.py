"""One client being served: messages are read while an answer is made, and either may end it all."""

import asyncio
import contextlib
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from edge_agent.link.cloud.fields import parse_json
from edge_agent.link.cloud_sim.mishaps import WITHIN_ANSWER, happen
from edge_agent.link.cloud_sim.stage import PART_MS, Peer, PeerGone, Refused, Stage

Message = dict[str, Any]


class Served(ABC):
    """Reads what the client sends, and does at most one other thing: making an answer."""

    def __init__(self, peer: Peer, stage: Stage) -> None:
        self._peer = peer
        self._stage = stage
        self._scene = stage.scene
        self._random = random.Random(stage.scene.seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._answering: asyncio.Task[None] | None = None
        self._end: asyncio.Future[Refused | PeerGone]

    async def run(self) -> None:
        """Until one side has enough."""
        self._end = asyncio.get_running_loop().create_future()
        self._begin(self._serve())
        try:
            ended = await self._end
            if isinstance(ended, Refused):
                await self._peer.close(ended.code, ended.reason)
        finally:
            for task in self._tasks:
                task.cancel()

    @abstractmethod
    async def _serve(self) -> None:
        """Greet, then read for ever. Raises Refused and PeerGone."""

    def _begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (Refused, PeerGone) as ended:
            self._ended(ended)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._ended(Refused(1007, "Request contains an invalid argument."))

    def _ended(self, ended: Refused | PeerGone) -> None:
        if not self._end.done():
            self._end.set_result(ended)

    def _begin_answer(self, work: Coroutine[Any, Any, None]) -> None:
        self._answering = self._begin(work)

    @property
    def _is_answering(self) -> bool:
        return self._answering is not None and not self._answering.done()

    async def _stop_answer(self) -> None:
        if self._answering is not None:
            self._answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._answering

    async def _receive(self) -> Message:
        """The next message. Raises Refused for one that is no JSON object."""
        message = parse_json(await self._peer.receive())
        if not isinstance(message, dict):
            raise Refused(1007, "Invalid JSON payload received.")
        return message

    async def _send(self, message: Message) -> None:
        await self._peer.send(json.dumps(message))

    async def _pace(self) -> None:
        """The time that one piece of sound takes to be sent."""
        await asyncio.sleep(PART_MS / 1000 / self._scene.pace)

    async def _mishap(self) -> None:
        """Within an answer: the fault whose turn it is, if any."""
        await happen(self._stage.faults.take(*WITHIN_ANSWER), self._peer, self._scene.slow_pong_s)
