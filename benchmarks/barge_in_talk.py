"""One conversation of `barge_in.py`: an agent that talks on in a room, and who interrupts it when."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.barge_in_sounds import TALK, Samples, Sound, no_talkers, talkers
from edge_agent.agent import Agent, Kit
from edge_agent.audio.room import RoomDuplex
from edge_agent.audio.room_response import Shoebox, room_response
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples

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
AGAIN_AFTER_MS = 500


@dataclass(frozen=True)
class Condition:
    """One way in which the echo comes back."""

    room: str
    non_linearity: float
    echo_over_talker_db: float


CONDITIONS = tuple(Condition(*values) for values in itertools.product(ROOMS, NON_LINEARITIES, ECHO_OVER_TALKER_DB))


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


@dataclass(frozen=True)
class Scene:
    """A condition, and who is heard in it when."""

    number: int
    condition: Condition
    length_s: float
    placed: Sequence[Placed]

    @property
    def near(self) -> Samples:
        """The talkers and sounds at the microphone, float32 [n]."""
        near = np.zeros(round(self.length_s * SAMPLE_RATE_HZ), np.float32)
        for one in self.placed:
            near[one.at_sample : one.at_sample + len(one.sound.samples)] += one.sound.at_level(TALKER_DBFS)
        return near


@functools.cache
def scenes(data: Path, length_s: float) -> tuple[Scene, ...]:
    """One for each condition; a talker and another sound in turn, all of them before any comes again."""
    people, others = list(talkers(data)), list(no_talkers(data))
    order = np.random.default_rng(4).permutation(len(people)), np.random.default_rng(5).permutation(len(others))
    spoken = itertools.cycle(people[index] for index in order[0])
    noises = itertools.cycle(others[index] for index in order[1])
    sounds = (next(noises) if turn % 2 else next(spoken) for turn in itertools.count())
    at_samples = [ms_to_samples(float(at_ms)) for at_ms in np.arange(FIRST_MS, 1000 * length_s - EVERY_MS, EVERY_MS)]
    return tuple(
        Scene(number, condition, length_s, [Placed(next(sounds), at) for at in at_samples])
        for number, condition in enumerate(CONDITIONS)
    )


def converse(kit: Kit, scene: Scene, drift_ppm: float = 0.0) -> tuple[NDArray[np.float32], list[Event]]:
    """The agent talks all the time: microphone and loudspeaker, float32 [n, 2], and what it did.

    drift_ppm: by how much the echo comes later and later, for the loudspeaker has a clock of its own.
    """
    condition, first = scene.condition, scene.number % len(TALK)
    duplex = RoomDuplex(
        scene.near,
        room_response(ROOMS[condition.room], 500.0),
        echo_db=TALKER_DBFS + condition.echo_over_talker_db - AGENT_DBFS,
        non_linearity=condition.non_linearity,
        drift_ppm=drift_ppm,
        seed=scene.number,
    )
    events: list[Event] = []
    clock, gate = FakeClock(datetime(2026, 3, 14, 12, 0)), Gate("local_only")
    agent = Agent(kit, duplex, events.append, clock=clock, gate=gate, is_live=False, hears_over_itself=False)
    texts = itertools.cycle(TALK[first:] + TALK[:first])
    idle_since = 0
    while agent.hop.tick():
        at = agent.hop.at_sample
        if not agent.is_idle:
            idle_since = at
        elif at - idle_since >= ms_to_samples(AGAIN_AFTER_MS):
            agent.talk.say(next(texts))
    agent.close()
    return duplex.conversation, events
