"""A loudspeaker whose clock is not the microphone's: what is left of the echo, and who is seen over it.

    python -m benchmarks.echo_drift ../shared/data/speech/many                           1.5 minutes of each drift
    python -m benchmarks.echo_drift ../shared/data/speech/many --minutes 60 --ppm 200    an hour of one

The agent talks on in a living room; in each 20 s a person talks over it for 5. Counted from the 30th second on, when
the drift has been found: echo removed while the agent is alone, the talker above all else, the share of hops in which
the canceller says that it knows the echo, those of the agent alone that it takes for a talker, and of the talker's
loud ones those that it sees.
"""

import argparse
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.echo_scenes import ECHO_DBFS, PLAYED_DBFS, ROOMS, VOICE
from benchmarks.results import append
from edge_agent.audio.decode import decode
from edge_agent.audio.room import RoomDuplex, level_dbfs
from edge_agent.audio.room_response import room_response
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain, ms_to_samples

DRIFTS_PPM = (0.0, 20.0, 200.0, -200.0)
MINUTES = 1.5
FOUND_MS, EVERY_MS, TALK_MS = 30_000, 20_000, 5_000
DELAY_MS = 30.0  # of the device, at its least
NEAR_DB = 10.0  # of `EchoCanceller.near_db`
LOUD_DB = -15.0  # a hop of the talker, against their level

Sound = NDArray[np.float32]


@dataclass
class Sums:
    """Energies and counts, hop by hop."""

    echo: float = 0.0
    left: float = 0.0
    said: float = 0.0
    heard: float = 0.0
    said_heard: float = 0.0
    num_hops: int = 0
    num_converged: int = 0
    num_alone: int = 0
    num_alone_near: int = 0
    num_loud: int = 0
    num_loud_near: int = 0

    def figures(self) -> dict[str, float]:
        """The rows of the table."""
        gain = self.said_heard / self.said
        rest = self.heard - 2.0 * gain * self.said_heard + gain**2 * self.said
        return {
            "removed_db": round(float(10.0 * np.log10(self.echo / self.left)), 2),
            "both_talker_db": round(float(10.0 * np.log10(gain**2 * self.said / rest)), 2),
            "echo_known_percent": round(100.0 * self.num_converged / self.num_hops, 2),
            "own_echo_hops_taken_for_a_talker_percent": round(100.0 * self.num_alone_near / self.num_alone, 3),
            "talker_hops_seen_over_echo_percent": round(100.0 * self.num_loud_near / self.num_loud, 1),
        }


def talker(speech: Path, num_samples: int) -> Sound:
    """At the microphone: silence, and 5 s of a person in each 20 s, as loud as the echo."""
    near = np.zeros(num_samples, np.float32)
    people = cycle(sorted(speech.glob("*.flac")))
    for begin in range(ms_to_samples(EVERY_MS - TALK_MS), num_samples, ms_to_samples(EVERY_MS)):
        length = min(ms_to_samples(TALK_MS), num_samples - begin)
        sound = np.resize(np.concatenate([decode(path).samples for path in islice(people, 2)]), length)
        near[begin : begin + length] = sound * db_to_gain(ECHO_DBFS - level_dbfs(sound))
    return near


def converse(near: Sound, said: Sound, drift_ppm: float) -> dict[str, float]:
    """What a canceller makes of a conversation."""
    length_s = len(near) / SAMPLE_RATE_HZ
    delay_ms = DELAY_MS + max(0.0, -drift_ppm) * 1e-3 * length_s
    response = room_response(ROOMS["living room, 0.35 s"])
    echo_db = ECHO_DBFS - PLAYED_DBFS
    duplex = RoomDuplex(near, response, echo_db=echo_db, delay_ms=delay_ms, drift_ppm=drift_ppm)
    canceller, sums = EchoCanceller(), Sums()
    mic, played, out = (np.zeros(HOP_SAMPLES, np.float32) for _ in range(3))
    for hop, talk in enumerate(near.reshape(-1, HOP_SAMPLES)):
        duplex.read_hop(mic, played)
        begin = hop * HOP_SAMPLES % len(said)
        duplex.write_hop(said[begin : begin + HOP_SAMPLES])
        canceller.step(mic, played, out)
        if hop * HOP_SAMPLES >= ms_to_samples(FOUND_MS):
            _count(sums, mic, talk, out, canceller)
    return {**sums.figures(), "drift_found_ppm": round(canceller.drift_ppm, 1)}


def _count(sums: Sums, mic: Sound, talk: Sound, out: Sound, canceller: EchoCanceller) -> None:
    is_near = canceller.is_converged and canceller.near_db > NEAR_DB
    power = float(talk @ talk)
    sums.num_hops += 1
    sums.num_converged += canceller.is_converged
    if power == 0.0:
        sums.echo += float(mic @ mic)
        sums.left += float(out @ out)
        sums.num_alone += 1
        sums.num_alone_near += is_near
        return
    sums.said += power
    sums.heard += float(out @ out)
    sums.said_heard += float(out @ talk)
    if power > HOP_SAMPLES * db_to_gain(ECHO_DBFS + LOUD_DB) ** 2:
        sums.num_loud += 1
        sums.num_loud_near += is_near


def measure(speech: Path, minutes: float, drifts_ppm: tuple[float, ...]) -> dict[str, dict[str, float]]:
    """Figures for each drift."""
    near = talker(speech, round(minutes * 60) * SAMPLE_RATE_HZ)
    voice = decode(VOICE).samples
    voice = voice[: len(voice) // HOP_SAMPLES * HOP_SAMPLES]
    said = (voice * db_to_gain(PLAYED_DBFS - level_dbfs(voice))).astype(np.float32)
    return {f"{drift_ppm:+g} ppm": converse(near, said, drift_ppm) for drift_ppm in drifts_ppm}


def show(figures: dict[str, dict[str, float]]) -> None:
    """One column for each drift."""
    table = Table("clocks that drift", *figures)
    for name in next(iter(figures.values())):
        table.add_row(name, *(str(of[name]) for of in figures.values()))
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", type=Path, help="folder of recordings of people")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--ppm", type=float, nargs="+", default=DRIFTS_PPM)
    options = parser.parse_args()
    figures = measure(options.speech, options.minutes, tuple(options.ppm))
    show(figures)
    append({"benchmark": "echo_drift", "minutes": options.minutes, **figures})


if __name__ == "__main__":
    main()
