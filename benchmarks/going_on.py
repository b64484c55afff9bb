"""People who pause inside an order and go on: what becomes of the order, and how much of an early answer they hear.

    python -m benchmarks.going_on ../shared/data/commands [--limit 50]

Every silence of 100 ms and more inside an order (`marking.py`) is a hold. Each is played as it was recorded and drawn
out to several lengths, with noise as loud as the recording's own in its middle, to the agent as it is (it answers
before the turn has ended, and takes it back) and to one that answers only then. An order is right when it is carried
out once, with every slot that its label names. In virtual time.
"""

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.marking import NOISE_QUANTILE, levels_db, voiced_spans
from benchmarks.reactions import in_room, play
from benchmarks.results import append
from edge_agent.agent import Kit, load_kit
from edge_agent.evaluation.recordings import Labelled, read_labelled, read_mono
from edge_agent.events import GoesOn, Intent
from edge_agent.models.context_import import import_context
from edge_agent.profile import EndpointingProfile, Profile
from edge_agent.units import db_to_gain, ms_to_samples

Sound = NDArray[np.float32]

LENGTHS_MS = (0, 300, 400, 500, 600)  # 0: as recorded
LEAD_MS = 100.0


@dataclass(frozen=True)
class Hold:
    """A silence inside an order."""

    order: Labelled
    sound: Sound
    begin_sample: int
    end_sample: int

    def drawn_out(self, length_ms: float) -> Sound | None:
        """The order with this silence that long; None where it is longer already."""
        missing = ms_to_samples(length_ms) - (self.end_sample - self.begin_sample)
        if length_ms == 0.0:
            return self.sound
        if missing <= 0:
            return None
        level = db_to_gain(float(np.quantile(levels_db(self.sound), NOISE_QUANTILE)))
        noise = level * np.random.default_rng(5).standard_normal(missing)
        before, after = np.split(self.sound, [(self.begin_sample + self.end_sample) // 2])
        return np.concatenate([before, noise.astype(np.float32), after])


@dataclass
class Outcome:
    """Of all holds of one length."""

    num: int = 0
    num_right: int = 0
    num_wrong: int = 0  # something else was carried out, or more than the order
    num_heard: int = 0  # an answer had begun when the talker went on
    heard_ms: float = 0.0


def holds_of(orders: list[Labelled]) -> Iterator[Hold]:
    """All of them, but what sounds before the voice of a recording is none of it."""
    for order in orders:
        sound = read_mono(order.path)
        for one, two in itertools.pairwise(voiced_spans(sound)):
            yield Hold(order, sound, one.end_sample, two.begin_sample)


def tally(outcome: Outcome, kit: Kit, hold: Hold, length_ms: float) -> None:
    """Play one."""
    sound = hold.drawn_out(length_ms)
    if sound is None:
        return
    events, _ = play(kit, in_room(sound, LEAD_MS, 0.0))
    intents = [event for event in events if isinstance(event, Intent)]
    taken_back = [event for event in events if isinstance(event, GoesOn)]
    are_right = [hold.order.matches(event.intent, event.slots) for event in intents]
    outcome.num += 1
    outcome.num_right += are_right == [True]
    outcome.num_wrong += bool(intents) and are_right != [True]
    outcome.num_heard += bool(taken_back)
    outcome.heard_ms += sum(event.heard_ms for event in taken_back)


def figures(length_ms: int, answers: str, outcome: Outcome) -> dict[str, Any]:
    """One row."""
    return {
        "hold_ms": length_ms or "as recorded",
        "answers": answers,
        "num": outcome.num,
        "right_percent": round(100 * outcome.num_right / max(1, outcome.num), 1),
        "num_wrong": outcome.num_wrong,
        "num_heard": outcome.num_heard,
        "heard_ms_mean": round(outcome.heard_ms / max(1, outcome.num_heard)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="only the first orders")
    options = parser.parse_args()
    holds = list(holds_of(list(read_labelled(options.folder).recordings[: options.limit])))
    with tempfile.TemporaryDirectory() as folder:
        commands = Path(folder) / "commands.yaml"
        commands.write_text(import_context(next(options.folder.glob("*.yaml"))), encoding="utf-8")
        rows = [
            row
            for answers, is_early in (("early", True), ("at the end", False))
            for row in _measure(holds, str(commands), answers, is_early=is_early)
        ]
    _print(rows, f"{len(holds)} holds of people's orders")
    append({"benchmark": "going_on", "figures": rows})


def _measure(holds: list[Hold], commands: str, answers: str, *, is_early: bool) -> list[dict[str, Any]]:
    endpointing = EndpointingProfile(answers_early=is_early)
    kit = load_kit(Profile(name="going on", commands=commands, endpointing=endpointing))
    outcomes = {length_ms: Outcome() for length_ms in LENGTHS_MS}
    for hold in track(holds, description=answers):
        for length_ms, outcome in outcomes.items():
            tally(outcome, kit, hold, length_ms)
    return [figures(length_ms, answers, outcome) for length_ms, outcome in outcomes.items()]


def _print(rows: list[dict[str, Any]], title: str) -> None:
    table = Table(title=title)
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
