"""The parts of `benchmarks.offload` that run in real time, against the stand-in servers on real sockets."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.offload_rig import HOP_S, HopSide, Rig
from edge_agent.link.choosing import Provider
from edge_agent.link.cloud import wire
from edge_agent.link.cloud.base import CloudSession, Said, SessionConfig
from edge_agent.link.cloud.gemini_live import GeminiLive
from edge_agent.link.cloud.wire import Address, Wire
from edge_agent.link.cloud_sim.faults import AT_CONNECTING, FAULTS, Fault, FaultPlan, faulty
from edge_agent.link.cloud_sim.routes import GEMINI_PATH
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Scene, Stage
from edge_agent.link.safety import load_rules
from edge_agent.processes.linked import linked
from edge_agent.profile import CloudProfile, PrivacyProfile, Profile, ProviderProfile

SPEECH_S = 0.8
NEXT: dict[Fault, tuple[Fault, ...]] = {"drop": ("tls",), "close_1011": ("dns",)}
NUM_LANES = 4
LONGEST_SILENCE_S = 3.0
ANSWER = "This is a simulated answer, and it is not a very long one."


class _Watched:
    """A wire that notes when the first sound of each answer came."""

    def __init__(self, inner: Wire, came_s: list[float]) -> None:
        self._inner = inner
        self._came_s = came_s

    async def send(self, message: str) -> None:
        await self._inner.send(message)

    async def receive(self) -> bytes | str:
        message = await self._inner.receive()
        if b"inlineData" in (message if isinstance(message, bytes) else message.encode()):
            self._came_s.append(time.perf_counter())
        return message

    async def close(self) -> None:
        await self._inner.close()


@asynccontextmanager
async def _rig(stage: Stage, came_s: list[float]) -> AsyncIterator[Rig]:
    """A rig whose provider is the stand-in server, on a socket of this machine."""

    async def connect(address: Address) -> Wire:
        return _Watched(await wire.connect(address), came_s)

    async with serving(stage, host="127.0.0.1", port=0) as port:
        url = f"ws://127.0.0.1:{port}{GEMINI_PATH}"

        def make(handle: str | None, history: tuple[Said, ...]) -> CloudSession:
            config = SessionConfig("simulated", url=url, resume_handle=handle, history=history, open_timeout_s=3.0)
            return GeminiLive(config, connect=faulty(connect, stage.faults))

        rig = Rig([Provider("sockets", "127.0.0.1", make)], rules=load_rules("default"))
        try:
            yield rig
        finally:
            await rig.close()


async def measure_first_sound(num_questions: int) -> dict[str, Any]:
    """What is added by us: transport of the first byte is over when its clock starts."""
    came_s: list[float] = []
    added_ms = []
    async with _rig(Stage(Scene(answer=ANSWER, think_s=0.2)), came_s) as rig:
        for _ in range(num_questions):
            await rig.speak(SPEECH_S)
            came_s.clear()
            rig.ask()
            while not rig.mixer.is_speaking:
                await rig.tick()
            # the hop that began to sound ended one sleep ago
            added_ms.append(1000 * (time.perf_counter() - HOP_S - came_s[0]))
            rig.talk.stop()
            await rig.hear_out()
    p50, p99 = np.percentile(added_ms, [50, 99])
    return {"added_p50_ms": round(float(p50), 1), "added_p99_ms": round(float(p99), 1), "num_questions": num_questions}


@dataclass
class _Lane:
    """One user with one server; several run beside each other."""

    num_faults: int = 0
    num_questions: int = 0
    num_answered: int = 0
    longest_silence_s: float = 0.0
    has_crashed: bool = False
    kinds: set[Fault] = field(default_factory=set)


async def measure_sockets(num_faults: int) -> dict[str, Any]:
    """Questions in real time, some users at once; a connection that breaks cannot be opened again at once, either."""
    lanes = await asyncio.gather(*(_lane(number, -(-num_faults // NUM_LANES)) for number in range(NUM_LANES)))
    return {
        "num_faults": sum(lane.num_faults for lane in lanes),
        "num_kinds": len(set().union(*(lane.kinds for lane in lanes))),
        "num_questions": sum(lane.num_questions for lane in lanes),
        "num_users_at_once": NUM_LANES,
        "longest_silence_s": round(max(lane.longest_silence_s for lane in lanes), 2),
        "num_hangs": sum(lane.longest_silence_s > LONGEST_SILENCE_S for lane in lanes),
        "num_crashes": sum(lane.has_crashed for lane in lanes),
        "answered": sum(lane.num_answered for lane in lanes),
    }


async def _lane(number: int, num_faults: int) -> _Lane:
    """Its own part of the kinds first, so that a short run meets all of them too."""
    lane, plan = _Lane(), FaultPlan()
    scripts = [(fault, *NEXT.get(fault, ())) for fault in FAULTS if fault not in AT_CONNECTING]
    async with _rig(Stage(Scene(answer=ANSWER), plan), []) as rig:
        while plan.num_done < num_faults and lane.num_questions <= 2 * num_faults:
            for fault in scripts[(number * len(scripts) // NUM_LANES + lane.num_questions) % len(scripts)]:
                plan.add(fault)
                lane.kinds.add(fault)
            await rig.speak(SPEECH_S)
            rig.ask()
            silent_s, _ = await rig.hear_out(now_s=time.perf_counter)
            lane.num_questions += 1
            lane.longest_silence_s = max(lane.longest_silence_s, silent_s)
            lane.num_answered += bool(rig.receipts) and rig.receipts[-1].outcome == "answered"
            rig.events.clear()
        lane.num_faults = plan.num_done
        lane.has_crashed = rig.running.done()
    return lane


def measure_link_cpu(duration_s: float) -> dict[str, Any]:
    """Questions without a pause to the real link process; the stand-in server is in this one."""
    return asyncio.run(_link_cpu(duration_s))


async def _link_cpu(duration_s: float) -> dict[str, Any]:
    async with serving(Stage(Scene(answer=ANSWER * 3)), host="127.0.0.1", port=0) as port:
        provider = ProviderProfile(kind="gemini_live", url=f"ws://127.0.0.1:{port}{GEMINI_PATH}")
        privacy = PrivacyProfile(state="on", receipts=str(Path(tempfile.mkdtemp()) / "receipts.jsonl"))
        profile = Profile(name="cpu", privacy=privacy, cloud=CloudProfile(providers=(provider,)))
        with linked(profile) as channels:
            await asyncio.sleep(3.0)
            pid = _child()
            side = HopSide("on", channels.offload, channels.answers)
            cpu_s, began_s, num_answers = _cpu_s(pid), time.perf_counter(), 0
            while time.perf_counter() - began_s < duration_s:
                num_answers += await _one_question(side)
            share = (_cpu_s(pid) - cpu_s) / (time.perf_counter() - began_s)
    return {"cpu_percent_of_a_core": round(100 * share, 2), "num_answers": num_answers, "measured_s": duration_s}


async def _one_question(side: HopSide) -> int:
    side.turn_hops = 0
    for _ in range(round(2.0 / HOP_S)):
        side.step(user_speaks=True)
        await asyncio.sleep(HOP_S)
    side.ask()
    while not side.is_idle:
        side.step()
        await asyncio.sleep(HOP_S)
    num_answers = sum(event.name == "cloud_answer" for event in side.events)
    side.events.clear()
    return num_answers


def _child() -> int:
    """The only child of this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return int(children[-1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
