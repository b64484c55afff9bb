"""Pictures that the gate lets out: taken beside everything else, then sent with the turn they were asked for.

Thread: one asyncio loop; the camera blocks a thread of its own.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

from edge_agent.errors import CameraError
from edge_agent.link.cloud.tools import tool_error
from edge_agent.link.turns import Turns
from edge_agent.parcels import Look, Result

LOOK_WITHIN_S = 3.0
NO_PICTURE = "the camera gave no picture"
Camera = Callable[[], Awaitable[bytes]]  # a JPEG; raises CameraError


class Sight:
    """Call `look` with what the gate wrote."""

    def __init__(self, camera: Camera | None, turns: Turns, lock: asyncio.Lock) -> None:
        """camera: None where there is none; lock: who holds it may talk with a session."""
        self._camera = camera
        self._turns = turns
        self._lock = lock
        self._looking: set[asyncio.Task[None]] = set()

    def look(self, look: Look) -> None:
        """Take a picture and send it; returns at once. Not while another one is taken: a camera has one user."""
        if not self._looking:
            task = asyncio.ensure_future(self._see(look))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    def close(self) -> None:
        """What is under way is not sent."""
        for task in self._looking:
            task.cancel()

    async def _see(self, look: Look) -> None:
        jpeg, trouble = await self._take()
        async with self._lock:
            trouble = trouble or await self._turns.show(look.turn, jpeg)
            if look.call_id:
                sent = {"status": "ok", "result": "a picture was sent"}
                output = tool_error(trouble, retryable=False) if trouble else sent
                await self._turns.take(Result(look.turn, look.call_id, json.dumps(output), failed=bool(trouble)))

    async def _take(self) -> tuple[bytes, str]:
        """A picture, or why there is none."""
        if self._camera is None:
            return b"", NO_PICTURE
        try:
            return await asyncio.wait_for(self._camera(), LOOK_WITHIN_S), ""
        except (CameraError, asyncio.TimeoutError) as error:
            return b"", str(error) or NO_PICTURE
