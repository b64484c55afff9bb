"""The session that is there now, or none: what is told to a half-open one must not hold up the next word.

Thread: one asyncio loop.
"""

import asyncio
from collections.abc import Awaitable, Callable

from edge_agent.link.cloud.base import CloudSession

TELL_WITHIN_S = 1.0


class Line:
    """`session` and its `host`, for all who talk with it."""

    def __init__(self) -> None:
        self.session: CloudSession | None = None
        self.host = ""

    def meet(self, session: CloudSession, host: str) -> None:
        """A session is open."""
        self.session, self.host = session, host

    def part(self) -> None:
        """The session is no more."""
        self.session = None

    async def tell(self, what: Callable[[CloudSession], Awaitable[None]]) -> None:
        """Call one method of the session; nothing without one. A session that takes too long for it is closed."""
        if self.session is None:
            return
        try:
            await asyncio.wait_for(what(self.session), TELL_WITHIN_S)
        except asyncio.TimeoutError:
            if self.session is not None:
                await self.session.close()
