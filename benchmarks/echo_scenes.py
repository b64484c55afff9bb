"""The rooms in which echo cancellers are compared: the agent talks, a person talks over it, then alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.decode import decode
from edge_agent.audio.room import RoomDuplex, level_dbfs, membrane
from edge_agent.audio.room_response import Shoebox, room_response
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain, gain_to_db

VOICE = Path(__file__).resolve().parents[1] / "edge_agent" / "voice" / "data" / "clips.ogg"
ROOMS = {
    "small room, 0.2 s": Shoebox((2.8, 2.4, 2.5), (1.2, 1.0, 0.8), (1.3, 1.0, 0.85), 0.2, 1),
    "living room, 0.35 s": Shoebox((4.5, 3.8, 2.6), (1.5, 1.2, 0.8), (1.62, 1.2, 0.85), 0.35, 2),
    "hall, 0.6 s": Shoebox((6.0, 5.0, 3.0), (1.5, 1.2, 0.8), (1.62, 1.2, 0.85), 0.6, 3),
}
NON_LINEARITIES = (0.0, 0.5)
ECHO_OVER_TALKER_DB = (0.0, 10.0)
PLAYED_DBFS, ECHO_DBFS = -18.0, -26.0
PHASES_S = {"learning": (0, 4), "echo": (4, 10), "both": (10, 16), "echo again": (16, 20), "talker": (20, 25)}
END_S = 25

Hops = NDArray[np.float32]  # [num_hops, HOP_SAMPLES]


@dataclass(frozen=True)
class Scene:
    """One conversation, and what of the microphone was the talker."""

    name: str
    mic: Hops
    played: Hops
    near: Hops
    distortion_db: float  # of the loudspeaker, against what it should play

    def part(self, phase: str) -> slice:
        """Hops of a phase."""
        begin_s, end_s = PHASES_S[phase]
        return slice(begin_s * 100, end_s * 100)


def scenes(speech: Path) -> Iterator[Scene]:
    """All rooms, loudspeakers and levels. speech: folder of recordings of people."""
    people = sorted(speech.glob("*.flac"))
    voice = decode(VOICE).samples
    number = 0
    for room, shoebox in ROOMS.items():
        response = room_response(shoebox)
        for non_linearity in NON_LINEARITIES:
            for over_db in ECHO_OVER_TALKER_DB:
                said = _at_level(voice[number * END_S * SAMPLE_RATE_HZ :][: END_S * SAMPLE_RATE_HZ], PLAYED_DBFS)
                talk = np.concatenate([decode(path).samples for path in people[4 * number : 4 * number + 4]])
                name = f"{room}, distortion {non_linearity:g}, echo {over_db:g} dB over the talker"
                yield _scene(name, said, _at_level(talk, ECHO_DBFS - over_db), response, non_linearity)
                number += 1


def _scene(
    name: str, said: NDArray[np.float32], talk: NDArray[np.float32], response: NDArray[np.float32], non_linearity: float
) -> Scene:
    near = np.zeros(END_S * SAMPLE_RATE_HZ, np.float32)
    for phase in ("both", "talker"):
        begin, end = (at_s * SAMPLE_RATE_HZ for at_s in PHASES_S[phase])
        near[begin:end] = np.resize(talk, end - begin)
    said = said.copy()
    said[PHASES_S["talker"][0] * SAMPLE_RATE_HZ :] = 0.0
    driven = membrane(said, non_linearity)
    echo_db = ECHO_DBFS - level_dbfs(np.convolve(driven, response.astype(np.float64))[: len(driven)])
    duplex = RoomDuplex(near, response, echo_db=echo_db, non_linearity=non_linearity)
    mic, played = np.zeros(HOP_SAMPLES, np.float32), np.zeros(HOP_SAMPLES, np.float32)
    for hop in said.reshape(-1, HOP_SAMPLES):
        duplex.read_hop(mic, played)
        duplex.write_hop(hop)
    sound = duplex.conversation.reshape(-1, HOP_SAMPLES, 2)
    wanted = said * (driven @ said) / (said @ said)
    distortion = float(np.sqrt(np.sum((driven - wanted) ** 2) / np.sum(wanted**2)))
    near_hops = near.reshape(-1, HOP_SAMPLES)
    return Scene(name, sound[..., 0].copy(), sound[..., 1].copy(), near_hops, gain_to_db(distortion))


def _at_level(sound: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    return (sound * db_to_gain(level - level_dbfs(sound))).astype(np.float32)
