"""How soon the agent reacts: from the user's last voiced sample to the first sound or nod, and to the answer.

    python -m benchmarks.reactions [--clips ../shared/data/household] [--commands ../shared/data/commands --limit 40]

In virtual time, so that a busy machine changes nothing: what inference takes is not in it (`benchmarks.paced` has
that), the device's own latency neither. The last voiced sample is marked by energy (`marking.py`), not by what the
agent heard. Each recording is played at several levels and begins, between noise as loud as its own; the folder of
commands brings its own grammar, in which nearly every order could go on.

An answer may begin before the turn has ended, and is taken back if the talker goes on: what counts is the one that
stood. "Done" is when the command was carried out.

Heard erasure: of what the agent was heard to say, the share that did not hold: the user corrected it, or went on.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.marking import NOISE_QUANTILE, levels_db, voiced_spans
from benchmarks.results import append
from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.decode import decode
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Corrected, EndOfTurn, Event, FirstAudio, GoesOn, Intent, Nod
from edge_agent.models.context_import import import_context
from edge_agent.profile import Profile
from edge_agent.profile_file import load_profile
from edge_agent.ring import MessageRing
from edge_agent.units import HOP_MS, SAMPLE_RATE_HZ, db_to_gain, ms_to_samples, samples_to_ms

CLIPS = Path(__file__).resolve().parents[1] / "demo" / "clips"
NO_COMMANDS = ("weather", "computer")  # in a recording's name: there is no local answer
LEADS_MS = (100, 110, 120, 130, 410, 1230)
LEVELS_DB = (0.0, -8.0)
NOISE_DBFS = -60.0
TAIL_S = 4.0
EARLY_MS = -300.0  # an answer that comes sooner answers something else
GOALS = {"first sound or nod": (100.0, 200.0), "answer": (200.0, 450.0)}


@dataclass
class Latencies:
    """In ms, of all turns that were looked at."""

    reaction_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    done_ms: list[float] = field(default_factory=list)
    by_reason_ms: dict[str, list[float]] = field(default_factory=dict)
    num_recordings: int = 0
    num_unanswered: int = 0
    num_taken_back: int = 0
    heard_ms: float = 0.0  # of the agent
    erased_ms: float = 0.0


def play(
    kit: Kit,
    sound: NDArray[np.float32],
    gate: Gate | None = None,
    answers: MessageRing | None = None,
    each_hop: Callable[[int], None] = lambda at_sample: None,
) -> tuple[list[Event], NDArray[np.bool_]]:
    """One recording: what happened, and in which hops the agent was heard. gate: `local_only` unless given."""
    events: list[Event] = []
    duplex = MemoryDuplex(sound)
    agent = Agent(
        kit,
        duplex,
        events.append,
        clock=FakeClock(datetime(2026, 1, 1, 12)),
        gate=gate or Gate("local_only"),
        is_live=False,
        hears_over_itself=True,
        answers=answers,
    )
    while agent.hop.tick():
        each_hop(agent.hop.at_sample)
    agent.close()
    hops = duplex.conversation[:, 1].reshape(-1, ms_to_samples(HOP_MS))
    return events, np.asarray(hops.any(axis=1), np.bool_)


def in_room(sound: NDArray[np.float32], lead_ms: float, level_db: float) -> NDArray[np.float32]:
    """The recording later and quieter; before and after it the room is as loud as in its quietest tenth."""
    noise_dbfs = max(NOISE_DBFS, float(np.quantile(levels_db(sound), NOISE_QUANTILE))) + level_db
    noise = np.random.default_rng(7).standard_normal(ms_to_samples(lead_ms) + round(TAIL_S * SAMPLE_RATE_HZ))
    before, after = np.split(noise * db_to_gain(noise_dbfs), [ms_to_samples(lead_ms)])
    return np.concatenate([before, sound * db_to_gain(level_db), after]).astype(np.float32)


def measure(kit: Kit, sounds: list[NDArray[np.float32]], leads_ms: tuple[int, ...]) -> Latencies:
    """All recordings, at every lead and level."""
    found = Latencies()
    for sound in sounds:
        end_ms = samples_to_ms(voiced_spans(sound)[-1].end_sample)
        for lead_ms in leads_ms:
            for level_db in LEVELS_DB if len(leads_ms) > 1 else LEVELS_DB[:1]:
                events, is_heard = play(kit, in_room(sound, lead_ms, level_db))
                found.heard_ms += HOP_MS * int(is_heard.sum())
                _add(found, events, lead_ms + end_ms)
    return found


def _add(found: Latencies, events: list[Event], end_ms: float) -> None:
    found.num_recordings += 1
    taken_back = [event for event in events if isinstance(event, GoesOn)]
    found.num_taken_back += len(taken_back)
    found.erased_ms += sum(event.heard_ms for event in taken_back)
    found.erased_ms += sum(event.erased_ms for event in events if isinstance(event, Corrected))
    events = [event for event in events if not taken_back or event.at_sample >= taken_back[-1].at_sample]
    reactions = [event for event in events if isinstance(event, Nod | FirstAudio)]
    answers = [event for event in events if isinstance(event, FirstAudio) and event.kind == "reply"]
    reaction_ms, answer_ms = (_first_after(which, end_ms) for which in (reactions, answers))
    if reaction_ms is not None:
        found.reaction_ms.append(reaction_ms)
    ends = [event for event in events if isinstance(event, EndOfTurn)]
    is_answered = answer_ms is not None and any(isinstance(event, Intent) for event in events)
    if not is_answered or answer_ms is None:
        found.num_unanswered += 1
        return
    found.answer_ms.append(answer_ms)
    done_ms = _first_after([event for event in events if isinstance(event, Intent)], end_ms)
    if done_ms is not None:
        found.done_ms.append(done_ms)
    reason = next((end.reason for end in ends if samples_to_ms(end.at_sample) >= end_ms + EARLY_MS), "")
    found.by_reason_ms.setdefault(reason, []).append(answer_ms)


def _first_after(events: list[Any], end_ms: float) -> float | None:
    """Latency of the first of them that is about the end of the recording."""
    latencies_ms = [samples_to_ms(event.at_sample) - end_ms for event in events]
    return next((latency for latency in latencies_ms if latency >= EARLY_MS), None)


def figures(name: str, found: Latencies) -> dict[str, Any]:
    """p50 and p99 of all latencies."""
    made: dict[str, Any] = {"set": name, "num": found.num_recordings, "num_unanswered": found.num_unanswered}
    made["num_taken_back"] = found.num_taken_back
    for what, values in (("reaction", found.reaction_ms), ("answer", found.answer_ms), ("done", found.done_ms)):
        made[f"{what}_p50_ms"], made[f"{what}_p99_ms"] = (
            (round(float(np.quantile(values, p))) if values else None) for p in (0.5, 0.99)
        )
    made["heard_erasure_percent"] = round(100 * found.erased_ms / max(found.heard_ms, 1.0), 2)
    made["answer_p50_ms_by_reason"] = {
        reason: [round(float(np.median(values))), len(values)] for reason, values in sorted(found.by_reason_ms.items())
    }
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=CLIPS, help="recordings of household commands")
    parser.add_argument("--commands", type=Path, default=None, help="a folder of orders with its context file")
    parser.add_argument("--limit", type=int, default=40, help="only so many orders")
    options = parser.parse_args()
    clips = [path for path in sorted(options.clips.glob("*.flac")) if not any(no in path.name for no in NO_COMMANDS)]
    household = measure(load_kit(Profile(name="household")), [decode(path).samples for path in clips], LEADS_MS)
    made = [figures("household", household)]
    if options.commands is not None:
        made.append(figures("orders", _orders(options.commands, options.limit)))
    _print(made)
    append({"benchmark": "reactions", "figures": made})


def _orders(folder: Path, limit: int) -> Latencies:
    paths = sorted((folder / "audio").iterdir())[:limit]
    with tempfile.TemporaryDirectory() as temporary:
        commands = Path(temporary) / "commands.yaml"
        commands.write_text(import_context(next(folder.glob("*.yaml"))), encoding="utf-8")
        kit = load_kit(load_profile("generic_x86").with_choices(commands=str(commands)))
        return measure(kit, [decode(path).samples for path in paths], LEADS_MS[:1])


def _print(made: list[dict[str, Any]]) -> None:
    table = Table(
        title="ms after the last voiced sample, p50 / p99 (goals: reaction 100 / 200, local answer 200 / 450)"
    )
    counted, cost = ("", "recordings", "not answered"), ("taken back", "heard erasure", "answers by reason")
    for heading in (*counted, "sound or nod", "answer", "done", *cost):
        table.add_column(heading)
    for one in made:
        reasons = ", ".join(f"{why} {ms} ({num})" for why, (ms, num) in one["answer_p50_ms_by_reason"].items())
        latencies = [f"{one[f'{what}_p50_ms']} / {one[f'{what}_p99_ms']}" for what in ("reaction", "answer", "done")]
        counts = (str(one["num"]), str(one["num_unanswered"]))
        costs = (str(one["num_taken_back"]), f"{one['heard_erasure_percent']} %")
        table.add_row(one["set"], *counts, *latencies, *costs, reasons)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
