"""A cloud model without a network: it speaks a provider's messages over queues, in virtual time, and fails when told.

What it plays is a tone; what it says of it is a text. Only what the session runner depends on is imitated: the stand-in
servers (`edge_agent/link/cloud_sim/`) are the faithful ones.
"""

import asyncio
import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from edge_agent.link.choosing import Provider
from edge_agent.link.cloud.base import Said, SessionConfig
from edge_agent.link.cloud.gemini_live import GeminiLive
from edge_agent.link.cloud.wire import Address, Wire, WireClosed, WireRefused

Fault = Literal[
    "drop",
    "half_open",
    "close_1011",
    "go_away",
    "slow_pong",
    "empty_turn",
    "garbage",
    "wrong_order",
    "oversize",
    "tls",
    "dns",
    "clock_jump",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
AT_CONNECTING: tuple[Fault, ...] = ("go_away", "tls", "dns")
URL = "ws://127.0.0.1:1/BidiGenerateContent"
PIECE_MS = 40
PIECE = base64.b64encode(b"\x00\x10" * (24 * PIECE_MS)).decode()
OVERSIZE = "A" * 3_000_000
WORDS = "far "
PIECES_PER_WORDS = 7  # with so many letters, 14 of them a second
LATE_WORDS_S = (0.005, 0.2)


@dataclass
class Network:
    """What is wrong now, and what was done. `think_s`: until an answer begins; `pace`: of sound against real time."""

    rng: random.Random
    think_s: float = 0.4
    pace: float = 4.0
    num_pieces: int = 50
    late_share: float = 0.0
    fault: Fault | None = None
    fault_after_pieces: int = 0
    num_connections: int = 0
    num_open: int = 0
    most_open: int = 0
    num_met: int = 0  # faults that a connection really ran into
    wires: "set[_Wire]" = field(default_factory=set)
    turns: list[int] = field(default_factory=list)  # bytes of sound of each turn that was answered or begun
    words: tuple[str, ...] = (WORDS,)  # of an answer; the last ones again and again
    words_ahead_s: float = 0.0  # of their sound
    late_words_share: float = 0.0  # of words that come so much later

    def meet(self, *kinds: Fault) -> bool:
        """Whether one of these faults is on now; it happens once."""
        if self.fault not in kinds:
            return False
        self.fault = None
        self.num_met += 1
        return True

    def cut(self) -> None:
        """Every connection breaks, so that the next question needs a new one."""
        for cable in tuple(self.wires):
            cable.break_off()

    def provider(self, name: str = "memory") -> Provider:
        """For a `Runner`."""

        def make(handle: str | None, history: tuple[Said, ...]) -> GeminiLive:
            config = SessionConfig("memory", url=URL, resume_handle=handle, history=history, open_timeout_s=3.0)
            return GeminiLive(config, connect=self.connect)

        return Provider(name, "memory.example", make)

    async def connect(self, address: Address) -> Wire:
        """See `wire.connect`."""
        self.num_connections += 1
        await asyncio.sleep(0.05)
        if self.meet("tls"):
            raise WireRefused("tls", "certificate expired")
        if self.meet("dns"):
            raise WireRefused("unreachable", "no such host name")
        self.num_open += 1
        self.most_open = max(self.most_open, self.num_open)
        cable = _Wire(self)
        self.wires.add(cable)
        return cable


class _Wire:
    """One connection."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._to_client: asyncio.Queue[str | bytes | WireClosed] = asyncio.Queue()
        self._answering: asyncio.Task[None] | None = None
        self._saying: asyncio.Task[None] | None = None
        self._words_order = asyncio.Lock()
        self._is_dead = False
        self._is_closed = False
        self._is_counted = True
        self._num_bytes = 0

    async def send(self, message: str) -> None:
        if self._is_closed:
            raise WireClosed(1006, "closed")
        if self._is_dead:
            return
        fields = json.loads(message)
        if "setup" in fields:
            self._put({"setupComplete": {}})
            self._put({"sessionResumptionUpdate": {"newHandle": "h", "resumable": True}})
            if self._network.meet("go_away"):
                self._put({"goAway": {"timeLeft": "10s"}})
        for kind, value in fields.get("realtimeInput", {}).items():
            self._hear(kind, value)

    async def receive(self) -> bytes | str:
        item = await self._to_client.get()
        if isinstance(item, WireClosed):
            self._is_closed = True
            raise item
        return item

    async def close(self) -> None:
        if self._answering is not None:
            self._answering.cancel()
        self._network.wires.discard(self)
        if self._is_counted:
            self._network.num_open -= 1
        self._is_counted = False
        self._is_closed = True
        self._to_client.put_nowait(WireClosed(1000, ""))

    def break_off(self) -> None:
        """The connection ends without a word."""
        self._to_client.put_nowait(WireClosed(1006, "the connection was cut"))

    def _hear(self, kind: str, value: Any) -> None:
        if kind == "audio":
            self._num_bytes += len(base64.b64decode(value["data"]))
        elif kind == "activityStart":
            self._num_bytes = 0
            if self._answering is not None and not self._answering.done():
                self._answering.cancel()
                self._put({"serverContent": {"interrupted": True}})
                self._put({"serverContent": {"turnComplete": True}})
        elif kind == "activityEnd":
            self._network.turns.append(self._num_bytes)
            self._answering = asyncio.ensure_future(self._answer())

    async def _answer(self) -> None:
        network = self._network
        await asyncio.sleep(network.think_s)
        if network.meet("empty_turn"):
            self._put({"serverContent": {"turnComplete": True}})
            return
        if network.meet("wrong_order"):
            self._put({"serverContent": {"outputTranscription": {"text": "late", "finished": True}}})
            self._put({"toolCallCancellation": {"ids": ["never"]}})
            self._put({"setupComplete": {}})
        begun_s = asyncio.get_running_loop().time()
        for number in range(network.num_pieces):
            if number == network.fault_after_pieces and await self._fail():
                return
            if number % PIECES_PER_WORDS == 0:
                place = min(number // PIECES_PER_WORDS, len(network.words) - 1)
                self._saying = asyncio.ensure_future(self._say(network.words[place]))
            part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": PIECE}}
            message = {"serverContent": {"modelTurn": {"parts": [part]}}}
            asyncio.get_running_loop().call_later(network.words_ahead_s, self._put, message)
            due_s = begun_s + (number + 1) * PIECE_MS / 1000 / network.pace + self._lateness_s()
            await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
        await asyncio.sleep(network.words_ahead_s)
        self._put({"serverContent": {"generationComplete": True}})
        self._put({"serverContent": {"turnComplete": True}})

    async def _say(self, words: str) -> None:
        """Words of the answer, before the sound that is sent now, or a while after it; in their order."""
        async with self._words_order:
            if self._network.rng.random() < self._network.late_words_share:
                await asyncio.sleep(self._network.rng.uniform(*LATE_WORDS_S))
            self._put({"serverContent": {"outputTranscription": {"text": words}}})

    async def _fail(self) -> bool:
        """Meet the fault that is on; True when nothing more comes from this connection."""
        network = self._network
        if network.meet("drop"):
            self.break_off()
            return True
        if network.meet("close_1011"):
            self._to_client.put_nowait(WireClosed(1011, "internal error"))
            return True
        if network.meet("half_open"):
            self._is_dead = True
            return True
        if network.meet("slow_pong"):
            await asyncio.sleep(2.5)
        if network.meet("garbage"):
            self._to_client.put_nowait(b"\xff{not json")
            self._to_client.put_nowait('{"serverContent": {"modelTurn": [[[]]]}}')
        if network.meet("oversize"):
            part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": OVERSIZE}}
            self._put({"serverContent": {"modelTurn": {"parts": [part]}}})
        if network.meet("clock_jump"):
            loop = asyncio.get_running_loop()
            loop.jump(60.0)  # type: ignore[attr-defined]
        return False

    def _lateness_s(self) -> float:
        """Log-normal, 100 to 400 ms, for a share of the pieces; what follows waits behind it, as TCP makes it."""
        if self._network.rng.random() >= self._network.late_share:
            return 0.0
        return min(0.4, max(0.1, self._network.rng.lognormvariate(-1.6, 0.5)))

    def _put(self, message: dict[str, Any]) -> None:
        if not self._is_dead:
            self._to_client.put_nowait(json.dumps(message))
