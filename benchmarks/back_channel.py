"""Do "mm-hm"s fall where a person could have said them, and how many are there in a minute?

    python -m benchmarks.back_channel ../shared/data/speech [--intensity 0.5]

People read aloud to the agent, which takes none of it for a command and waits long before it answers. The places were
marked by hand beforehand (`back_channel_marks.yaml` says how), in two sets: the rule's numbers were found on the first,
nothing was on the second. Beside it, on the same sound and as seldom: a sound at every pause of 200 ms (as
pipecat-backchannel does), and sounds at random.
"""

import argparse
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.results import append
from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.decode import decode
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import BackChannel, Event
from edge_agent.models.decoder import Hypothesis
from edge_agent.profile import EndpointingProfile, Profile, Reflex, ReflexesProfile
from edge_agent.reflexes.back_channel import REFRACTORY_MS
from edge_agent.units import SAMPLE_RATE_HZ

MARKS = {
    "first": Path(__file__).with_name("back_channel_marks.yaml"),
    "second": Path(__file__).with_name("back_channel_marks_second.yaml"),
}
EARLY_S, LATE_S = 0.1, 0.2
PAUSE_MS = 200
WAIT_MS = 5_000
GOAL_PERCENT = 80.0

Places = list[list[float]]


class HearsNoCommand:
    """A decoder for which nothing is a command: what is said is a story."""

    def reset(self, at_frame: int) -> None:
        """It has no past."""

    def step(self, log_posteriors: NDArray[np.float32]) -> None:
        """It does not listen."""

    def hypothesis(self) -> Hypothesis:
        return Hypothesis()

    def final_hypothesis(self) -> Hypothesis:
        return Hypothesis()


@dataclass(frozen=True)
class Heard:
    """One recording: when the agent made a sound, and when a rule of pauses would have, in seconds."""

    sounds_s: list[float]
    pauses_s: list[float]
    lasts_s: float


def listen(kit: Kit, samples: NDArray[np.float32], refractory_s: float) -> Heard:
    """Play one recording to the agent."""
    events: list[Event] = []
    agent = Agent(
        kit,
        MemoryDuplex(samples, 1.0),
        events.append,
        clock=FakeClock(datetime.now()),
        gate=Gate("local_only"),
        is_live=False,
        hears_over_itself=True,
    )
    pauses_s: list[float] = []
    while agent.hop.tick():
        now_s = agent.hop.at_sample / SAMPLE_RATE_HZ
        is_pause = agent.turn.is_open and agent.turn.silence_ms >= PAUSE_MS
        if is_pause and (not pauses_s or now_s - pauses_s[-1] >= refractory_s):
            pauses_s.append(now_s)
    agent.close()
    sounds_s = [event.at_sample / SAMPLE_RATE_HZ for event in events if isinstance(event, BackChannel)]
    return Heard(sounds_s, pauses_s, len(samples) / SAMPLE_RATE_HZ)


def num_in_place(sounds_s: list[float], places: Places) -> int:
    """How many begin where a person could have."""
    return sum(any(begin - EARLY_S <= at_s <= end + LATE_S for begin, end in places) for at_s in sounds_s)


def random_times(num: int, lasts_s: float, rng: np.random.Generator) -> list[float]:
    """As many sounds, anywhere."""
    return [float(at_s) for at_s in rng.uniform(0.0, lasts_s, num)]


def figure(name: str, sounds_s: list[list[float]], places: list[Places], minutes: float) -> dict[str, Any]:
    """Share in place and rate of one system."""
    num = sum(map(len, sounds_s))
    right = sum(num_in_place(sounds, marked) for sounds, marked in zip(sounds_s, places, strict=True))
    share = round(100 * right / num, 1) if num else None
    return {"system": name, "in_place_percent": share, "per_minute": round(num / minutes, 1), "num": num}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--intensity", type=float, default=0.5)
    options = parser.parse_args()
    profile = Profile(
        name="story",
        endpointing=EndpointingProfile(no_intent_ms=WAIT_MS),
        reflexes=ReflexesProfile(back_channel=Reflex(intensity=options.intensity), filler=Reflex(enabled=False)),
    )
    kit = replace(load_kit(profile), decoder=HearsNoCommand())
    for which, path in MARKS.items():
        marks: dict[str, Places] = yaml.safe_load(path.read_text(encoding="utf-8"))
        minutes, figures = compare(kit, options.folder, marks, REFRACTORY_MS / 1000 / options.intensity)
        _print(f"{which} set, {minutes:.1f} minutes", figures)
        append({"benchmark": "back_channel", "set": which, "intensity": options.intensity, "figures": figures})


def compare(
    kit: Kit, folder: Path, marks: dict[str, Places], refractory_s: float
) -> tuple[float, list[dict[str, Any]]]:
    """Minutes of one set, and the figures of the agent and of both other rules."""
    heard = [listen(kit, decode(folder / path).samples, refractory_s) for path in marks]
    places, minutes = list(marks.values()), sum(one.lasts_s for one in heard) / 60
    rng = np.random.default_rng(1)
    at_random = [random_times(100, one.lasts_s, rng) for one in heard]
    return minutes, [
        figure("ours", [one.sounds_s for one in heard], places, minutes),
        figure("every pause of 200 ms", [one.pauses_s for one in heard], places, minutes),
        figure("at random (100 a recording)", at_random, places, minutes),
    ]


def _print(title: str, figures: list[dict[str, Any]]) -> None:
    table = Table(title=f"mm-hm: {title}; goal {GOAL_PERCENT:g} % in place, 4-10 a minute")
    for heading in ("", "in place, %", "a minute", "sounds"):
        table.add_column(heading, justify="right" if heading else "left")
    for one in figures:
        table.add_row(*(str(value) for value in one.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
