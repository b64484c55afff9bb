"""The agent of `paced.py`, in a process of its own: recordings of people in a loop, paced like a microphone.

Prints one JSON object with what this process cost, at its end. Everything that a live agent runs is on: features,
listener, decoder, wake phrase, reflexes, skills, voice, mixer; only the sound device is not there.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from benchmarks.answers import COMMAND, OPEN_QUESTION, median_ms, turns_of
from benchmarks.processes import cost_of
from benchmarks.room import COMMANDS, demo_clips, room
from edge_agent.agent import Agent, load_kit
from edge_agent.audio.base import NO_XRUNS, State, Xruns
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.profile_file import load_profile
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms

WAKE_PHRASE = "computer"
NUM_LONGEST = 200


class Loop:
    """A room's sound for ever; a Duplex that keeps time."""

    def __init__(self, sound: NDArray[np.float32]) -> None:
        self._sound = sound
        self._num_read = 0
        self._began_s = 0.0
        self.num_late_hops = 0

    state: State = "ok"

    def read_hop(self, mic: NDArray[np.float32], played: NDArray[np.float32]) -> bool:
        """Waits until a microphone would have heard it."""
        now_s = time.monotonic()
        if self._num_read == 0:
            self._began_s = now_s
        left_s = self._began_s + (self._num_read + 1) * HOP_MS / 1000 - now_s
        if left_s > 0:
            time.sleep(left_s)
        else:
            self.num_late_hops += 1
        place = self._num_read * HOP_SAMPLES % len(self._sound)
        np.copyto(mic, self._sound[place : place + HOP_SAMPLES])
        played.fill(0.0)
        self._num_read += 1
        return True

    def write_hop(self, out: NDArray[np.float32]) -> None:
        """Nobody hears it."""

    def take_xruns(self) -> Xruns:
        return NO_XRUNS

    def close(self) -> None:
        """Nothing to give back."""


def answers_ms(events: Sequence[Event], ends: Sequence[int]) -> dict[str, list[float]]:
    """From the last sample spoken to the hop in which the answer begins, by what the agent took it for."""
    turns = turns_of(events, [event.at_sample for event in events], ends)
    found: dict[str, list[float]] = {COMMAND: [], OPEN_QUESTION: []}
    for end, turn in zip(ends, turns, strict=True):
        if turn is not None:
            found[turn.taken_for].append(samples_to_ms(turn.answered_sample - end))
    return found


def run(minutes: float, profile_name: str) -> dict[str, object]:
    """Figures of so many minutes."""
    chosen = load_profile(profile_name).with_choices(wake_phrases=[WAKE_PHRASE])
    # awake for good, whether or not the phrase is heard, so that the decoder has as much to do as it can
    profile = chosen.model_copy(update={"wake": chosen.wake.model_copy(update={"awake_s": 600.0})})
    sound, ends = room((*demo_clips(WAKE_PHRASE), *COMMANDS))
    kit, loop, events = load_kit(profile), Loop(sound), list[Event]()
    agent = Agent(
        kit,
        loop,
        events.append,
        clock=FakeClock(datetime.now()),
        gate=Gate(profile.privacy.state),
        is_live=True,
        hears_over_itself=True,
    )
    agent.hop.parts.attention.stay_awake(0)
    gc.collect()
    gc.freeze()
    gc.disable()
    hops_cpu_ms = np.zeros(round(minutes * 60 * SAMPLE_RATE_HZ / HOP_SAMPLES))
    hops_end_s = np.zeros_like(hops_cpu_ms)
    began_s, began = time.monotonic(), cost_of()
    for hop in range(len(hops_cpu_ms)):
        began_ns = time.thread_time_ns()
        agent.hop.tick()
        hops_cpu_ms[hop] = (time.thread_time_ns() - began_ns) * 1e-6
        hops_end_s[hop] = time.monotonic()
    ended = cost_of()
    cpu_percent = 100 * (ended.cpu_s - began.cpu_s) / (time.monotonic() - began_s)
    agent.close()
    summary = agent.meters.summary(agent.hop.at_sample)
    num_loops = -(-agent.hop.at_sample // len(sound))
    all_ends = [number * len(sound) + end for number in range(num_loops) for end in ends]
    answers = answers_ms(events, all_ends)
    return {
        "minutes": minutes,
        "backend": kit.listener.backend,
        "cpu_percent_of_one_core": round(cpu_percent, 2),
        "resident_mb": ended.resident_mb,
        "resident_peak_mb": ended.resident_peak_mb,
        "hop_p50_ms": round(summary.hop_p50_ms, 3),
        "hop_p99_ms": round(summary.hop_p99_ms, 3),
        "hop_max_ms": round(summary.hop_max_ms, 3),
        # processor time of the hops alone: where the longest hop takes more than this, others took the processor away
        "hop_cpu_max_ms": round(float(hops_cpu_ms.max()), 3),
        # when they ended and what they took, as the kernel counts it
        "longest_hops": [
            (hops_end_s[hop], hops_cpu_ms[hop]) for hop in np.argsort(hops_cpu_ms)[: -NUM_LONGEST - 1 : -1]
        ],
        "num_late_hops": loop.num_late_hops,
        "num_wakes": sum(event.name == "wake" for event in events),
        "num_turns": summary.num_turns,
        "num_intents": summary.num_intents,
        "num_commands_spoken": num_loops * len(COMMANDS),
        "num_command_answers": len(answers[COMMAND]),
        "command_p50_ms": median_ms(answers[COMMAND]),
        "num_open_question_answers": len(answers[OPEN_QUESTION]),
        "open_question_p50_ms": median_ms(answers[OPEN_QUESTION]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--profile", required=True)
    options = parser.parse_args()
    json.dump(run(options.minutes, options.profile), sys.stdout)


if __name__ == "__main__":
    main()
