"""One session after the other with whoever answers what the device cannot: opened, kept for a while, renewed, replaced.

Opened when speech begins to leave. When a session breaks, the old socket is closed, the next one is opened
(`choosing.py` says with whom), and what was not answered is said again (`turns.py`). When nobody is left, the hop is
told so.

Thread: one asyncio loop. `_lock` orders what the hop process says and what the model does.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence

from edge_agent.link.choosing import UNREACHABLE, Choice, Provider
from edge_agent.link.cloud.base import (
    CloudEvent,
    CloudSession,
    Failed,
    GoingAway,
    ResumeHandle,
    SessionFailed,
    TurnDone,
)
from edge_agent.link.desk import Desk
from edge_agent.link.outbox import Outbox
from edge_agent.link.receipts import Receipt
from edge_agent.link.sight import Camera, Sight
from edge_agent.link.turns import Policy, Turns
from edge_agent.parcels import Began, Look, Parcel

RENEW_AT = 0.9  # of the longest time that a provider keeps a session
TICK_S = 0.02
IDLE_TICK_S = 0.5
ASLEEP_TICK_S = 10.0  # no session, no turn: a session that opens sets `has_news`


class Runner:
    """Call `give` with what the gate wrote; `run` does the rest."""

    def __init__(
        self,
        providers: Sequence[Provider],
        put: Callable[[Parcel], bool],
        policy: Policy,
        keep: Callable[[Receipt], None],
        rng: random.Random | None = None,
        desk: Desk | None = None,
        camera: Camera | None = None,
    ) -> None:
        """put: writes a parcel for the hop process, False when there is no room. keep: writes a receipt.

        desk: has the house do what models call for; None: it does nothing for them. camera: None: there is none.
        """
        self._choice = Choice(providers, rng or random.Random())
        self._outbox = Outbox(put)
        self._keep_open_s = policy.keep_open_s
        self.turns = Turns(self._outbox, policy, keep, desk or Desk())
        self._inbox: asyncio.Queue[Parcel] = asyncio.Queue()
        self._lock = asyncio.Lock()
        self._sight = Sight(camera, self.turns, self._lock)
        self._is_asked = asyncio.Event()
        self._session: CloudSession | None = None  # that is open
        self._renew_s = float("inf")
        self._used_s = 0.0
        self._serving: asyncio.Task[None] | None = None

    def give(self, parcel: Parcel) -> None:
        """One parcel of the gate."""
        self._inbox.put_nowait(parcel)

    async def run(self) -> None:
        """Until cancelled; then every socket is closed."""
        watching = asyncio.ensure_future(self._watch())
        try:
            while True:
                parcel = await self._inbox.get()
                async with self._lock:
                    await self._take(parcel)
        finally:
            watching.cancel()
            self._sight.close()
            if self._serving is not None:
                self._serving.cancel()
            self._outbox.close()
            if self._session is not None:
                await self._session.close()

    async def _take(self, parcel: Parcel) -> None:
        self._used_s = self._now()
        if isinstance(parcel, Look):
            self._sight.look(parcel)
        await self.turns.take(parcel)
        if not isinstance(parcel, Began):
            return
        self._is_asked.set()
        if self._serving is None or self._serving.done():
            self._choice.begin()
            self._serving = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        while self._is_wanted():
            session = self._choice.make(self.turns.history)
            defeat = self._choice.ended(*await self._live(session))
            if defeat is not None:
                self.turns.lose(defeat.say)
                await self._rest(defeat.pause_s)

    async def _rest(self, pause_s: float) -> None:
        """Leave the network alone for a while, unless the user asks something."""
        self._is_asked.clear()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_asked.wait(), pause_s)

    def _is_wanted(self) -> bool:
        """Speech waits, or may come soon."""
        return self.turns.is_busy or self._now() - self._used_s < self._keep_open_s

    async def _live(self, session: CloudSession) -> tuple[bool, Failed | None]:
        """One session, open to end: whether a turn was answered in it, and why it ended, if by a fault."""
        worked, failure = False, None
        try:
            await session.open()
            async with self._lock:
                await self._welcome(session)
            async for event in session.events():
                async with self._lock:
                    worked |= isinstance(event, TurnDone) and event.reason == "complete"
                    await self._hear(event)
                failure = event if isinstance(event, Failed) else None
        except SessionFailed as failed:
            failure = failed.failure
        finally:
            await session.close()  # before the next one: some providers refuse a second session beside the first
            if self._session is session:
                self._session = None
                self.turns.part()
        if failure is None and self.turns.is_asked:
            failure = Failed("timeout", UNREACHABLE)
        return worked, failure

    async def _welcome(self, session: CloudSession) -> None:
        self._session = session
        longest_s = session.capabilities.max_session_s
        self._renew_s = self._now() + RENEW_AT * longest_s if longest_s else float("inf")
        await self.turns.meet(session, self._choice.provider.host)
        self.turns.has_news.set()

    async def _hear(self, event: CloudEvent) -> None:
        if isinstance(event, ResumeHandle):
            self._choice.remember(event.handle)
        elif isinstance(event, GoingAway):
            self._renew_s = min(self._renew_s, self._now())
        else:
            await self.turns.hear(event)

    async def _watch(self) -> None:
        """Deadlines, the age of the session, and sound that waits for its words."""
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.turns.has_news.wait(), self._tick_s)
            async with self._lock:
                await self._look()

    @property
    def _tick_s(self) -> float:
        """How long nothing can become due."""
        if self.turns.holds_sound:
            return TICK_S
        if self.turns.is_busy:
            return 10 * TICK_S
        return ASLEEP_TICK_S if self._session is None else IDLE_TICK_S

    async def _look(self) -> None:
        await self.turns.look()
        if self._session is None:
            return
        is_old = not self.turns.is_busy and (self._now() >= self._renew_s or not self._is_wanted())
        if self.turns.is_stuck or is_old:
            await self._session.close()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
