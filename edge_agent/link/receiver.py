"""Drains the rings that the hop process writes: events to those who show and keep them, sound to who asks a cloud."""

import asyncio
import json
from collections.abc import Callable, Iterable

from edge_agent.channels import Channels
from edge_agent.event_json import from_json
from edge_agent.events import Event
from edge_agent.parcels import Parcel, unpack

Sink = Callable[[Event], None]


class Receiver:
    """Thread: the asyncio loop of the link process. Consumer of both rings."""

    def __init__(self, channels: Channels, sinks: Iterable[Sink], ask: Callable[[Parcel], None] | None = None) -> None:
        """ask: takes what the gate let out; None: there is nobody to ask, and it is forgotten."""
        self._events = channels.events
        self._offload = channels.offload
        self._sinks = list(sinks)
        self._ask = ask
        self._ready = channels.link_ready
        self.num_unknown = 0

    def drain(self) -> int:
        """Hand on everything that is waiting; how many events there were."""
        while (message := self._offload.receive()) is not None:
            parcel = unpack(message)
            if parcel is not None and self._ask is not None:
                self._ask(parcel)
        num_events = 0
        while (message := self._events.receive()) is not None:
            num_events += 1
            self._hand_on(message)
        return num_events

    async def run(self) -> None:
        """Until cancelled."""
        awake = asyncio.Event()
        loop = asyncio.get_running_loop()
        for ring in (self._events, self._offload):
            loop.add_reader(ring.fds[1], awake.set)
        awake.set()  # for what was written before
        self._ready.set(1)
        try:
            while True:
                await awake.wait()
                awake.clear()
                self._events.acknowledge()
                self._offload.acknowledge()
                self.drain()
        finally:
            for ring in (self._events, self._offload):
                loop.remove_reader(ring.fds[1])

    def _hand_on(self, message: bytes) -> None:
        try:
            event = from_json(json.loads(message))
        except (KeyError, TypeError, ValueError):
            self.num_unknown += 1  # a hop process of another version: better one event less than no link
            return
        for sink in tuple(self._sinks):
            try:
                sink(event)
            except OSError:
                self._sinks.remove(sink)  # its reader has gone or its disk is full; the others go on
