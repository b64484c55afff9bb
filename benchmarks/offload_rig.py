"""The hop's side and the link's side of an offloaded question, joined by rings, in one virtual time."""

import asyncio
import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.cloud_in_memory import Network
from edge_agent.egress import Gate, State
from edge_agent.events import Event, Reply
from edge_agent.link.choosing import Provider
from edge_agent.link.moderation import Flags
from edge_agent.link.receipts import Receipt
from edge_agent.link.safety import Rules, WithoutWords
from edge_agent.link.session import Runner
from edge_agent.link.turns import Policy
from edge_agent.offload.offloading import Offloading
from edge_agent.parcels import Parcel, pack, unpack
from edge_agent.profile import CloudProfile
from edge_agent.ring import MessageRing
from edge_agent.talking.talk import Talk
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, STRIDE_HOPS
from edge_agent.voice.ahead import VoiceAhead
from edge_agent.voice.mixer import Mixer

HOP_S = HOP_MS / 1000
LOUD = 0.01
HOST = "memory.example"


class ToneVoice:
    """Says everything as a tone of 0.2 s a word."""

    def say(self, text: str) -> NDArray[np.float32]:
        return np.full(round(0.2 * len(text.split()) * SAMPLE_RATE_HZ), 0.1, np.float32)

    def clip(self, kind: str) -> tuple[str, NDArray[np.float32]]:
        return kind, self.say("mm")


class HopSide:
    """The hop's part of an offloaded question, tick by tick, between two rings."""

    def __init__(self, state: State, up: MessageRing, down: MessageRing, cloud: CloudProfile | None = None) -> None:
        self.events: list[Event] = []
        self.mixer = Mixer()
        self.talk = Talk(ToneVoice(), self.mixer, VoiceAhead(ToneVoice(), False), self.events.append)
        self.gate = Gate(state, up, HOST)
        self.hop = Offloading(cloud or CloudProfile(), self.gate, self.talk, self.events.append, down)
        self.at_sample = 0
        self.turn_hops = 0
        self._out = np.zeros(HOP_SAMPLES, np.float32)
        self._mic = np.full(HOP_SAMPLES, 0.05, np.float32)

    def step(self, *, user_speaks: bool = False) -> bool:
        """One hop; whether the agent was heard in it."""
        self.at_sample += HOP_SAMPLES
        self.hop.hear(self._mic)
        if user_speaks:
            self.turn_hops += 1
            if self.turn_hops % STRIDE_HOPS == 0:
                onset = self.at_sample - self.turn_hops * HOP_SAMPLES
                self.hop.follow(self.at_sample, onset, float(self.turn_hops * HOP_MS), is_no_command=True)
        self.hop.step(self.at_sample)
        self.talk.step(self.at_sample)
        self.mixer.render(self._out)
        return bool(np.abs(self._out).max() > LOUD)

    def ask(self) -> bool:
        """What was said was a question; whether it left."""
        return self.hop.ask(self.at_sample, self.turn_hops * HOP_MS).allowed

    @property
    def is_idle(self) -> bool:
        """Nothing is awaited or said."""
        return self.hop.is_idle and self.talk.is_idle

    def said(self) -> list[str]:
        """Texts of the agent's own replies."""
        return [event.text for event in self.events if isinstance(event, Reply)]


class Rig(HopSide):
    """Both sides. Made, and used, inside a running loop."""

    def __init__(
        self,
        providers: list[Provider],
        state: State = "on",
        rules: Rules | None = None,
        without_words: WithoutWords = "pass",
        flags: Flags | None = None,
        flags_host: str = "",
        unseen_letters: int = 0,
    ) -> None:
        """flags: a moderation service, at flags_host; see `link.turns.Policy`."""
        self.receipts: list[Receipt] = []
        self.up, self.down = MessageRing.create(1 << 21), MessageRing.create(1 << 20)
        super().__init__(state, self.up, self.down)
        policy = Policy(
            rules or Rules(()),
            without_words,
            flags=flags,
            flags_host=flags_host,
            unseen_letters=unseen_letters,
        )
        self.runner = Runner(providers, self._put, policy, self._keep, random.Random(1))
        self.running = asyncio.ensure_future(self.runner.run())

    def _put(self, parcel: Parcel) -> bool:
        return self.down.send(pack(parcel))

    def _keep(self, receipt: Receipt) -> None:
        if receipt.outcome != "leaving":
            self.receipts.append(receipt)
            del self.receipts[:-100]

    async def tick(self, *, user_speaks: bool = False) -> bool:
        """One hop and the 10 ms until the next; whether the agent was heard in it."""
        is_heard = self.step(user_speaks=user_speaks)
        while (message := self.up.receive()) is not None:
            parcel = unpack(message)
            assert parcel is not None
            self.runner.give(parcel)
        await asyncio.sleep(HOP_S)
        return is_heard

    async def speak(self, duration_s: float) -> None:
        """The user says something that is no command."""
        self.turn_hops = 0
        for _ in range(round(duration_s / HOP_S)):
            await self.tick(user_speaks=True)

    async def hear_out(self, limit_s: float = 60.0, now_s: Callable[[], float] | None = None) -> tuple[float, float]:
        """Tick until nothing is awaited or said: (longest silence, time it took), both in s.

        now_s: the clock of who listens; None: hops of sound.
        """
        now_s = now_s or (lambda: self.at_sample / SAMPLE_RATE_HZ)
        begun_s = silent_since_s = now_s()
        longest_s = 0.0
        for _ in range(round(limit_s / HOP_S)):
            if self.is_idle:
                return longest_s, now_s() - begun_s
            is_heard = await self.tick()
            longest_s = max(longest_s, now_s() - silent_since_s)
            silent_since_s = now_s() if is_heard else silent_since_s
        raise AssertionError(f"something is still awaited after {limit_s} s: {self.events[-8:]}")

    async def close(self) -> None:
        """End the link's side."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


def memory_network(seed: int = 1) -> Network:
    """A good network with a quick model."""
    return Network(random.Random(seed))
