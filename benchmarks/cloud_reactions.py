"""How soon the agent reacts to an open question while the cloud takes 2 s: `python -m benchmarks.cloud_reactions`.

Open questions of people, spoken by flite, in virtual time (as `benchmarks.reactions`, which says what that leaves out).
Each is asked twice: with a cloud whose answer begins 2 s after the question has left, and `local_only`, where the agent
says at once that it cannot. The reaction is the first sound or nod after the last voiced sample; `silent`: the longest
time without any sound of the agent until the answer of the cloud.
"""

import argparse
import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.marking import voiced_spans
from benchmarks.reactions import EARLY_MS, NOISE_DBFS, TAIL_S, play
from benchmarks.results import append
from benchmarks.routing import HOUSEHOLD, requests
from edge_agent.agent import load_kit
from edge_agent.egress import Gate
from edge_agent.events import Event, FirstAudio, Nod
from edge_agent.parcels import Ended, Over, Piece, pack, unpack
from edge_agent.profile_file import load_profile
from edge_agent.ring import MessageRing
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain, ms_to_samples, samples_to_ms
from edge_agent.voice.flite import Flite

CLOUD_TAKES_MS = 2_000
LEAD_MS = 410.0
ANSWER = np.full(ms_to_samples(500), 3_000, "<i2").tobytes()


class SlowCloud:
    """Both rings; answers so long after the end of a question."""

    def __init__(self) -> None:
        self.up, self.down = MessageRing.create(1 << 21), MessageRing.create(1 << 18)
        self.asked_sample = -1
        self._turn = 0
        self.answered_sample = -1

    def step(self, at_sample: int) -> None:
        """Once per hop."""
        while (message := self.up.receive()) is not None:
            parcel = unpack(message)
            if isinstance(parcel, Ended):
                self.asked_sample, self._turn = at_sample, parcel.turn
        is_due = at_sample - self.asked_sample >= ms_to_samples(CLOUD_TAKES_MS)
        if self.asked_sample >= 0 and self.answered_sample < 0 and is_due:
            self.answered_sample = at_sample
            self.down.send(pack(Piece(self._turn, 40.0, ANSWER)))
            self.down.send(pack(Over(self._turn, "an answer")))


def reaction_ms(events: list[Event], end_ms: float) -> float | None:
    """From the last voiced sample to the first sound or nod about it."""
    found = (samples_to_ms(event.at_sample) - end_ms for event in events if isinstance(event, Nod | FirstAudio))
    return next((latency for latency in found if latency >= EARLY_MS), None)


def silent_ms(is_heard: NDArray[np.bool_], end_ms: float, cloud: SlowCloud) -> float:
    """The longest silence of the agent between the end of the question and the cloud's answer."""
    begin, end = round(end_ms) // HOP_MS, cloud.answered_sample // HOP_SAMPLES + 1
    heard = [begin, *(begin + np.flatnonzero(is_heard[begin:end])), end]
    return float(HOP_MS * np.diff(heard).max())


def _in_room(spoken: NDArray[np.float32]) -> NDArray[np.float32]:
    """A synthesiser's voice in a quiet room. `reactions.in_room` would take its quietest words for the room's noise."""
    tail = np.zeros(round(TAIL_S * SAMPLE_RATE_HZ))
    sound = np.concatenate([np.zeros(ms_to_samples(LEAD_MS)), spoken, tail])
    noise = np.random.default_rng(7).standard_normal(len(sound)) * db_to_gain(NOISE_DBFS)
    return (sound + noise).astype(np.float32)


def measure(num_questions: int, rng: random.Random) -> dict[str, Any]:
    """Both conditions for each question that is taken for one."""
    kit = load_kit(load_profile())
    texts = [text for intent, text in requests(2 * num_questions, rng) if intent not in HOUSEHOLD]
    with_cloud, without, silences = [], [], []
    num_asked = 0
    for text in texts:
        spoken = Flite().speak(text)
        if spoken is None:
            raise SystemExit("cloud_reactions: flite is not installed, and somebody has to speak")
        sound = _in_room(spoken)
        end_ms = LEAD_MS + samples_to_ms(voiced_spans(spoken)[-1].end_sample)
        cloud = SlowCloud()
        events, is_heard = play(kit, sound, Gate("on", cloud.up, "cloud.example"), cloud.down, cloud.step)
        if cloud.answered_sample < 0:
            continue  # taken for a command, or for noise: benchmarks.routing counts those
        num_asked += 1
        silences.append(silent_ms(is_heard, end_ms, cloud))
        with_cloud.append(reaction_ms(events, end_ms))
        without.append(reaction_ms(play(kit, sound)[0], end_ms))
    figures: dict[str, Any] = {"num_questions": len(texts), "num_asked": num_asked, "cloud_takes_ms": CLOUD_TAKES_MS}
    for name, latencies in (("reaction", with_cloud), ("reaction_local_only", without), ("silent", silences)):
        known = [latency for latency in latencies if latency is not None]
        figures[f"{name}_p50_ms"], figures[f"{name}_p99_ms"] = (
            round(float(np.quantile(known, p))) for p in (0.5, 0.99)
        )
    return figures | {"num_without_reaction": sum(latency is None for latency in with_cloud)}


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-append", action="store_true", help="Print only.")
    options = parser.parse_args()
    figures = measure(options.questions, random.Random(options.seed))
    print("  ".join(f"{key} {value}" for key, value in figures.items()))
    if not options.no_append:
        append({"benchmark": "cloud_reactions"} | figures)


if __name__ == "__main__":
    main()
