"""A dialogue and a stand-in house in one virtual time, for tests of Home Assistant."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import SecretStr

from benchmarks import virtual_time
from edge_agent.link.cloud.wire import Address
from edge_agent.link.home_assistant.names import Known
from edge_agent.link.home_assistant.provider import HomeAssistant, Place
from edge_agent.link.receipts import Receipt
from edge_agent.parcels import pack
from edge_agent.ring import MessageRing
from tests.dialogue.fakes import Dialogue
from tests.dialogue.fakes import Said as Spoken
from tests.link.home_stand_in import TOKEN, HomeStandIn, in_memory

KNOWN = Known(("kitchen", "living room", "office", "bathroom"), ("desk lamp", "floor lamp"), ("front door",))


class Rig:
    """A dialogue, Home Assistant beside it, and a stand-in house; all in the loop's time."""

    def __init__(
        self,
        script: list[Spoken],
        token: str = TOKEN,
        entities: Mapping[str, Any] | None = None,
        known: Known = KNOWN,
    ) -> None:
        self.house = HomeStandIn()
        ring = MessageRing.create(1 << 16)
        self.dialogue = Dialogue(script, calls=ring)
        self.receipts: list[Receipt] = []
        self.lines: list[str] = []
        place = Place(Address("ws://home.local"), "home.local", SecretStr(token), known, entities or {})
        self.home = HomeAssistant(
            place,
            in_memory(self.house),
            lambda parcel: ring.send(pack(parcel)),
            self.receipts.append,
            self.lines.append,
            random.Random(1),
        )
        self._num_heard = 0

    async def run(self, seconds: float) -> None:
        for _ in range(round(100 * seconds)):
            self.dialogue.run(0.01)
            for event in self.dialogue.events[self._num_heard :]:
                self.home.hear(event)
            self._num_heard = len(self.dialogue.events)
            await asyncio.sleep(0.01)

    def said(self) -> list[str]:
        return [event.text for event in self.dialogue.of("reply")]


def play(rig: Rig, act: Callable[[Rig], Awaitable[None]]) -> Rig:
    async def scene() -> Rig:
        running = asyncio.ensure_future(rig.home.run())
        await act(rig)
        assert not running.done(), "it died"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return rig

    return virtual_time.run(scene())


def for_seconds(seconds: float) -> Callable[[Rig], Awaitable[None]]:
    return lambda rig: rig.run(seconds)
