"""The hop's side and the link's side of an offloaded question, joined by rings, in one virtual time."""

import asyncio
import random
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.cloud_in_memory import Network
from edge_agent.egress import Gate, State
from edge_agent.events import Event
from edge_agent.link.receipts import Receipt
from edge_agent.link.safety import Rules, WithoutWords
from edge_agent.link.session import Policy, Provider, Runner
from edge_agent.offloading import Offloading
from edge_agent.parcels import Parcel, pack, unpack
from edge_agent.profile import CloudProfile
from edge_agent.ring import MessageRing
from edge_agent.talk import Talk
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, STRIDE_HOPS
from edge_agent.voice.ahead import VoiceAhead
from edge_agent.voice.mixer import Mixer

HOP_S = HOP_MS / 1000
LOUD = 0.01


class ToneVoice:
    """Says everything as a tone of 0.2 s a word."""

    def say(self, text: str) -> NDArray[np.float32]:
        return np.full(round(0.2 * len(text.split()) * SAMPLE_RATE_HZ), 0.1, np.float32)

    def clip(self, kind: str) -> tuple[str, NDArray[np.float32]]:
        return kind, self.say("mm")


@dataclass
class Rig:
    """A hop's worth of both at a time. Used inside a running loop."""

    providers: list[Provider]
    state: State = "on"
    rules: Rules = field(default_factory=lambda: Rules(()))
    without_words: WithoutWords = "pass"
    cloud: CloudProfile = field(default_factory=CloudProfile)

    def __post_init__(self) -> None:
        self.events: list[Event] = []
        self.receipts: list[Receipt] = []
        self.up, self.down = MessageRing.create(1 << 21), MessageRing.create(1 << 20)
        voice, self.mixer = ToneVoice(), Mixer()
        self.talk = Talk(voice, self.mixer, VoiceAhead(voice, False), self.events.append)
        self.gate = Gate(self.state, self.up, "memory.example")
        self.hop = Offloading(self.cloud, self.gate, self.talk, self.events.append, self.down)
        self.at_sample = 0
        self.turn_hops = 0
        self._out = np.zeros(HOP_SAMPLES, np.float32)
        self._mic = np.full(HOP_SAMPLES, 0.05, np.float32)
        policy = Policy(self.rules, self.without_words)
        self.runner = Runner(self.providers, self._put, policy, self._keep, random.Random(1))
        self.running = asyncio.ensure_future(self.runner.run())

    def _put(self, parcel: Parcel) -> bool:
        return self.down.send(pack(parcel))

    def _keep(self, receipt: Receipt) -> None:
        if receipt.outcome != "leaving":
            self.receipts.append(receipt)
            del self.receipts[:-100]

    async def tick(self, *, user_speaks: bool = False) -> bool:
        """One hop of virtual time; whether the agent was heard in it."""
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
        while (message := self.up.receive()) is not None:
            parcel = unpack(message)
            assert parcel is not None
            self.runner.give(parcel)
        await asyncio.sleep(HOP_S)
        return bool(np.abs(self._out).max() > LOUD)

    async def speak(self, duration_s: float) -> None:
        """The user says something that is no command."""
        self.turn_hops = 0
        for _ in range(round(duration_s / HOP_S)):
            await self.tick(user_speaks=True)

    def ask(self) -> bool:
        """... and it was a question; whether it left."""
        return self.hop.ask(self.at_sample, self.turn_hops * HOP_MS).allowed

    async def hear_out(self, limit_s: float = 60.0) -> tuple[float, float]:
        """Tick until nothing is awaited or said: (longest silence, time it took), both in s."""
        silent_s = longest_s = 0.0
        for number in range(round(limit_s / HOP_S)):
            if self.hop.is_idle and self.talk.is_idle:
                return longest_s, number * HOP_S
            silent_s = 0.0 if await self.tick() else silent_s + HOP_S
            longest_s = max(longest_s, silent_s)
        raise AssertionError(f"something is still awaited after {limit_s} s: {self.events[-8:]}")

    def said(self) -> list[str]:
        """Texts of the agent's own replies."""
        return [event.text for event in self.events if event.name == "reply"]  # type: ignore[attr-defined]

    async def close(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


def memory_network(seed: int = 1) -> Network:
    """A good network with a quick model."""
    return Network(random.Random(seed))
