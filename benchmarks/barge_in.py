"""People and noises interrupt an agent that talks on an open loudspeaker, through the agent itself, in virtual time.

    python -m benchmarks.barge_in ../shared/data           quick: about 12 minutes of talk
    python -m benchmarks.barge_in ../shared/data --full    an hour of talk

Rooms x loudspeakers x levels of the echo above the talker. In each the agent talks on; every few seconds a person
begins to speak, or coughs, laughs, sneezes, claps, says "mm-hm", or a door falls shut. What counts is when the agent
is silent, counted from the first sample of speech at the microphone (within 15 dB of the talker's level).
"""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.barge_in_sounds import TALK, Sound, no_talkers, talkers
from benchmarks.results import append
from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.room import RoomDuplex
from edge_agent.audio.room_response import Shoebox, room_response
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import BargeIn, Event
from edge_agent.profile import Profile
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms

ROOMS = {
    "small room": Shoebox((2.8, 2.4, 2.5), (1.2, 1.0, 0.8), (1.3, 1.0, 0.85), 0.2, 1),
    "living room": Shoebox((4.5, 3.8, 2.6), (1.5, 1.2, 0.8), (1.62, 1.2, 0.85), 0.35, 2),
    "kitchen": Shoebox((5.0, 3.0, 2.6), (0.6, 1.4, 1.0), (0.75, 1.45, 0.95), 0.5, 3),
}
NON_LINEARITIES = (0.0, 0.2, 0.5)
ECHO_OVER_TALKER_DB = (0.0, 5.0, 10.0)
TALKER_DBFS = -32.0
AGENT_DBFS = -24.0  # of the agent's speech as it is played, at the volume of the profile
FIRST_MS, EVERY_MS = 6_000, 6_500
MISSED_AFTER_MS = 1_000.0
ALONE_AFTER_MS = 3_000.0  # since the last sound: what the agent does then, it does because of its own echo
AGAIN_AFTER_MS = 500
GOALS = {"p50_ms": 60.0, "p99_ms": 120.0, "missed_percent": 3.0, "own_echo_stops": 0.0, "recovered_percent": 95.0}


@dataclass(frozen=True)
class Condition:
    """One way in which the echo comes back."""

    room: str
    non_linearity: float
    echo_over_talker_db: float


@dataclass
class Tally:
    """What happened, over all conditions."""

    latencies_ms: list[float] = field(default_factory=list)
    num_spoken: int = 0
    num_missed: int = 0
    num_given_back: int = 0  # the agent went on while the person still spoke
    recoveries_ms: dict[str, list[float]] = field(default_factory=dict)  # from the end of the sound, by kind
    num_kept_on: int = 0  # never stopped for a sound that was no speech
    alone_s: float = 0.0
    num_alone_ducks: int = 0
    num_alone_stops: int = 0
    missed: list[str] = field(default_factory=list)
    talk_s: float = 0.0


@dataclass(frozen=True)
class Placed:
    """A sound on the capture clock."""

    sound: Sound
    at_sample: int

    @property
    def onset_sample(self) -> int:
        return self.at_sample + self.sound.onset_sample

    @property
    def end_sample(self) -> int:
        return self.at_sample + self.sound.end_sample


def place(sounds: Iterator[Sound], length_s: float) -> tuple[list[Placed], NDArray[np.float32]]:
    """Sounds every few seconds, and what the microphone hears of them."""
    near = np.zeros(round(length_s * SAMPLE_RATE_HZ), np.float32)
    placed = []
    for at_ms in np.arange(FIRST_MS, 1000 * length_s - EVERY_MS, EVERY_MS):
        sound = next(sounds)
        at = ms_to_samples(float(at_ms))
        near[at : at + len(sound.samples)] += sound.at_level(TALKER_DBFS)
        placed.append(Placed(sound, at))
    return placed, near


def converse(kit: Kit, condition: Condition, near: NDArray[np.float32], seed: int) -> tuple[RoomDuplex, list[Event]]:
    """The agent talks all the time; what it did."""
    echo_db = TALKER_DBFS + condition.echo_over_talker_db - AGENT_DBFS
    response = room_response(ROOMS[condition.room], 500.0)
    duplex = RoomDuplex(near, response, echo_db=echo_db, non_linearity=condition.non_linearity, seed=seed)
    events: list[Event] = []
    clock, gate = FakeClock(datetime(2026, 3, 14, 12, 0)), Gate("local_only")
    agent = Agent(kit, duplex, events.append, clock=clock, gate=gate, is_live=False, hears_over_itself=False)
    texts = itertools.cycle(TALK[seed % len(TALK) :] + TALK[: seed % len(TALK)])
    idle_since = 0
    while agent.hop.tick():
        at = agent.hop.at_sample
        if not agent.is_idle:
            idle_since = at
        elif at - idle_since >= ms_to_samples(AGAIN_AFTER_MS):
            agent.talk.say(next(texts))
    agent.close()
    return duplex, events


def count(tally: Tally, placed: list[Placed], duplex: RoomDuplex, events: list[Event], condition: Condition) -> None:
    """Adds one conversation."""
    played = duplex.conversation[:, 1]
    stages = [event for event in events if isinstance(event, BargeIn)]
    is_sounding = np.abs(played[: len(played) // HOP_SAMPLES * HOP_SAMPLES]).reshape(-1, HOP_SAMPLES).max(axis=1) > 1e-4
    for one in placed:
        onset_hop = one.onset_sample // HOP_SAMPLES
        if not (is_sounding[onset_hop - 10 : onset_hop + 1].any() and is_sounding[onset_hop : onset_hop + 12].any()):
            continue  # the agent was silent: there was nothing to interrupt
        after = [event for event in stages if event.at_sample >= one.onset_sample]
        if one.sound.kind == "speech":
            _count_speech(tally, one, after, condition)
        else:
            _count_noise(tally, one, after)
    _count_alone(tally, placed, stages, is_sounding)
    tally.talk_s += len(played) / SAMPLE_RATE_HZ


def _count_speech(tally: Tally, one: Placed, after: list[BargeIn], condition: Condition) -> None:
    tally.num_spoken += 1
    stop = next((event for event in after if event.stage in ("stop", "drop")), None)
    latency_ms = samples_to_ms(stop.at_sample + HOP_SAMPLES - one.onset_sample) if stop else np.inf  # the fade is a hop
    if stop is None or latency_ms > MISSED_AFTER_MS:
        tally.num_missed += 1
        tally.missed.append(f"{one.sound.name} ({condition})")
        return
    tally.latencies_ms.append(latency_ms)
    last = next(
        (event for event in after if event.stage in ("resume", "drop") and event.at_sample > stop.at_sample), None
    )
    tally.num_given_back += last is not None and last.stage == "resume" and last.at_sample < one.end_sample


def _count_noise(tally: Tally, one: Placed, after: list[BargeIn]) -> None:
    stop = next((event for event in after if event.stage == "stop"), None)
    recoveries = tally.recoveries_ms.setdefault(one.sound.kind, [])
    if stop is None or stop.at_sample > one.end_sample + ms_to_samples(300):
        tally.num_kept_on += 1
        recoveries.append(0.0)
        return
    last = next(
        (event for event in after if event.stage in ("resume", "drop") and event.at_sample > stop.at_sample), None
    )
    is_back = last is not None and last.stage == "resume"
    recoveries.append(max(0.0, samples_to_ms(last.at_sample - one.end_sample)) if last and is_back else np.inf)


def _count_alone(tally: Tally, placed: list[Placed], stages: list[BargeIn], is_sounding: NDArray[np.bool_]) -> None:
    alone = np.ones(len(is_sounding), bool)
    for one in placed:
        last = one.end_sample + ms_to_samples(ALONE_AFTER_MS)
        alone[one.at_sample // HOP_SAMPLES : last // HOP_SAMPLES] = False
    tally.alone_s += float(np.sum(alone & is_sounding)) * HOP_SAMPLES / SAMPLE_RATE_HZ
    for event in stages:
        if event.at_sample // HOP_SAMPLES < len(alone) and alone[event.at_sample // HOP_SAMPLES]:
            tally.num_alone_ducks += event.stage == "duck"
            tally.num_alone_stops += event.stage == "stop"


def figures(tally: Tally) -> dict[str, float]:
    """The table, one number for each row."""
    recoveries = np.array([ms for kind in tally.recoveries_ms.values() for ms in kind])
    return {
        "p50_ms": float(np.percentile(tally.latencies_ms, 50)),
        "p99_ms": float(np.percentile(tally.latencies_ms, 99)),
        "missed_percent": 100.0 * tally.num_missed / max(1, tally.num_spoken),
        "own_echo_stops": float(tally.num_alone_stops),
        "recovered_percent": 100.0 * float(np.mean(recoveries <= 500.0)),
        "given_back_percent": 100.0 * tally.num_given_back / max(1, tally.num_spoken),
        "own_echo_ducks": float(tally.num_alone_ducks),
        "num_spoken": float(tally.num_spoken),
        "num_no_speech": float(len(recoveries)),
        "alone_min": tally.alone_s / 60.0,
        "talk_min": tally.talk_s / 60.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with speech/, household/ and vocal/")
    parser.add_argument("--full", action="store_true", help="an hour of talk")
    parser.add_argument("--details", action="store_true", help="also who was missed, and each kind of noise")
    options = parser.parse_args()
    kit = load_kit(Profile(name="barge-in"))
    people, others = list(talkers(options.data)), list(no_talkers(options.data))
    order = np.random.default_rng(4).permutation(len(people)), np.random.default_rng(5).permutation(len(others))
    spoken = itertools.cycle(people[index] for index in order[0])
    noises = itertools.cycle(others[index] for index in order[1])
    sounds = (next(noises) if turn % 2 else next(spoken) for turn in itertools.count())
    conditions = [Condition(*values) for values in itertools.product(ROOMS, NON_LINEARITIES, ECHO_OVER_TALKER_DB)]
    length_s = 3600.0 / len(conditions) if options.full else 27.0
    tally = Tally()
    for seed, condition in enumerate(track(conditions, description="talking")):
        placed, near = place(sounds, length_s)
        count(tally, placed, *converse(kit, condition, near, seed), condition)
    measured = figures(tally)
    for name, value in measured.items():
        goal = f"   goal {GOALS[name]:g}" if name in GOALS else ""
        print(f"{name:20} {value:8.1f}{goal}")
    if options.details:
        print(*(f"{kind}: {np.round(ms)}" for kind, ms in tally.recoveries_ms.items()), *tally.missed, sep="\n")
    append(
        {"benchmark": "barge_in", "full": options.full} | {name: round(value, 2) for name, value in measured.items()}
    )


if __name__ == "__main__":
    main()
