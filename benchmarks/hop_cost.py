"""What each part costs of a paced hop, while the agent talks on an open loudspeaker and people talk over it.

    python -m benchmarks.hop_cost --minutes 2

A conversation is had in virtual time in a simulated room; what microphone and loudspeaker heard of it is then given to
an agent 10 ms after 10 ms. "beyond the models" is the hop without listener, wake phrase and decoder.
"""

import argparse
import gc
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.barge_in_sounds import Sound
from benchmarks.barge_in_talk import CONDITIONS, EVERY_MS, FIRST_MS, Placed, Scene, converse
from benchmarks.results import append
from benchmarks.room import COMMANDS
from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.base import NO_XRUNS, State, Xruns
from edge_agent.audio.decode import decode
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.hop import Parts
from edge_agent.profile_file import load_profile
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples

LENGTH_S = 60.0
MODELS, TURN_TAKING, BEYOND = "models", "turn-taking and echo", "beyond the models"
GOAL_P50_MS = 0.5
WARM_UP_HOPS = 200


class Stopwatch:
    """Time in each group of calls, hop by hop."""

    def __init__(self) -> None:
        self.hops: dict[str, list[float]] = {}
        self._spent_ns: dict[str, int] = {}

    def watch(self, group: str, part: Any, *methods: str) -> None:
        """From now on calls of these methods of `part` count for the group."""
        self._spent_ns[group] = 0
        self.hops[group] = []
        for method in methods:
            setattr(part, method, self._watched(group, getattr(part, method)))

    def _watched(self, group: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            began_ns = time.perf_counter_ns()
            try:
                return call(*arguments, **named)
            finally:
                self._spent_ns[group] += time.perf_counter_ns() - began_ns

        return watched

    def end_hop(self) -> None:
        """The hop is over."""
        for group, spent_ns in self._spent_ns.items():
            self.hops[group].append(spent_ns * 1e-6)
            self._spent_ns[group] = 0


class PacedHops:
    """A Duplex that gives a conversation out 10 ms after 10 ms, again and again, and times what is done in between."""

    state: State = "ok"

    def __init__(self, conversation: NDArray[np.float32], num_hops: int) -> None:
        self._hops = conversation[: len(conversation) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES, 2)
        self._left = num_hops
        self._due_s = time.monotonic()
        self._began_ns = 0
        self.hop_ms: list[float] = []

    def read_hop(self, mic: NDArray[np.float32], played: NDArray[np.float32]) -> bool:
        """Waits until the hop is due."""
        if self._left == 0:
            return False
        self._left -= 1
        self._due_s += HOP_MS / 1000
        time.sleep(max(0.0, self._due_s - time.monotonic()))
        hop = self._hops[len(self.hop_ms) % len(self._hops)]
        np.copyto(mic, hop[:, 0])
        np.copyto(played, hop[:, 1])
        self._began_ns = time.perf_counter_ns()
        return True

    def write_hop(self, out: NDArray[np.float32]) -> None:
        """The end of the hop, but for its meters."""
        self.hop_ms.append((time.perf_counter_ns() - self._began_ns) * 1e-6)

    def take_xruns(self) -> Xruns:
        return NO_XRUNS

    def close(self) -> None:
        """Nothing to give back."""


def watch_parts(stopwatch: Stopwatch, parts: Parts) -> None:
    """One group for each part that this benchmark tells apart."""
    stopwatch.watch("echo", parts.echo, "step")
    stopwatch.watch("near talk", parts.near, "step")
    stopwatch.watch("prosody", parts.prosody, "step")
    stopwatch.watch("reflexes", parts.reactions, "step")
    stopwatch.watch("barge-in", parts.yielding, "step", "hear_step")
    stopwatch.watch("end of turn", parts.turn, "hear", "listen", "read", "follow")
    stopwatch.watch(MODELS, parts.listener, "step")
    stopwatch.watch(MODELS, parts.attention, "step")
    stopwatch.watch(MODELS, parts.understanding, "begin", "step", "end")


def conversation_of(kit: Kit) -> NDArray[np.float32]:
    """People ask for something while the agent talks on, float32 [n, 2]."""
    sounds = [decode(path).samples for path in COMMANDS]
    at_samples = [ms_to_samples(float(at_ms)) for at_ms in np.arange(FIRST_MS, 1000 * LENGTH_S - EVERY_MS, EVERY_MS)]
    spoken = [sounds[index % len(sounds)] for index in range(len(at_samples))]
    placed = [
        Placed(Sound("speech", "", sound, 0, len(sound)), at) for sound, at in zip(spoken, at_samples, strict=True)
    ]
    number = len(CONDITIONS) // 2
    return converse(kit, Scene(number, CONDITIONS[number], LENGTH_S, placed))[0]


def measure(minutes: float, profile_name: str) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of each hop, by part."""
    profile = load_profile(profile_name)
    kit = load_kit(profile)
    duplex = PacedHops(conversation_of(kit), round(minutes * 60 * SAMPLE_RATE_HZ / HOP_SAMPLES))
    gate = Gate(profile.privacy.state)
    clock = FakeClock(datetime(2026, 3, 14, 12, 0))
    agent = Agent(kit, duplex, lambda event: None, clock=clock, gate=gate, is_live=True, hears_over_itself=False)
    stopwatch = Stopwatch()
    watch_parts(stopwatch, agent.hop.parts)
    gc.collect()
    gc.freeze()
    gc.disable()
    while agent.hop.tick():
        stopwatch.end_hop()
    agent.close()
    each = {name: np.array(hops) for name, hops in stopwatch.hops.items()} | {"hop": np.array(duplex.hop_ms)}
    each[TURN_TAKING] = np.sum([hops for name, hops in each.items() if name not in (MODELS, "hop")], axis=0)
    each[BEYOND] = each["hop"] - each[MODELS]
    return {name: hops[WARM_UP_HOPS:] for name, hops in each.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--profile", default="generic_x86")
    options = parser.parse_args()
    figures, table = {}, Table("part", "p50, ms", "p99, ms", "goal")
    for name, hops in measure(options.minutes, options.profile).items():
        p50_ms, p99_ms = (round(float(value), 3) for value in np.percentile(hops, (50, 99)))
        figures[name] = {"p50_ms": p50_ms, "p99_ms": p99_ms}
        table.add_row(name, f"{p50_ms:.3f}", f"{p99_ms:.3f}", f"p50 {GOAL_P50_MS:g}" if name == BEYOND else "")
    Console().print(table)
    append({"benchmark": "hop_cost", "profile": options.profile, "minutes": options.minutes} | figures)


if __name__ == "__main__":
    main()
