"""Ends of people's commands: how soon they are taken for ends, and how often a pause inside is.

    python -m benchmarks.end_of_turn ../shared/data/commands [--limit 50] [--peer-python PYTHON]

Each recording is cut by energy (`marking.py`) into voice, holds (silences of 100 ms and more inside the command) and
its end. A hold that is taken for an end is a false cut-off, and so is an end that is found in the middle of a stretch
of voice; the latency of an end counts from the last voiced sample. One factor on all waits is swept, so each system
shows at the same budget:

- false cut-offs where the mean latency is 300 ms,
- mean latency where 5 % of the holds are cut.

As shipped, an answer may begin before the end, and is taken back if the talker goes on within 650 ms: holds it begins
in, and holds that are cut for good, are told apart (`going_on.py` plays them).

Ours is the agent itself, with the folder's commands; the silence rule needs no model, and here knows the marks; Smart
Turn v3.2 runs in the Python that has pipecat (`--peer-python`), is told the marks too, is asked every 100 ms of every
silence, and its threshold is what is swept.
"""

import argparse
import itertools
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.marking import Span, voiced_spans
from benchmarks.results import append
from edge_agent.agent import Agent, Kit, load_kit
from edge_agent.audio.decode import decode
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.models.context_import import import_context
from edge_agent.profile_file import load_profile
from edge_agent.turn import ANSWERED_MS
from edge_agent.units import HOP_SAMPLES, ms_to_hops, samples_to_ms

TAIL_S = 3.0
LONGEST_MS = 1000 * TAIL_S  # an end that is not found by then counts as found then
BUDGET_MS = 300.0
BUDGET_SHARE = 0.05
ASKED_EVERY_MS = 100
ASKED_UNTIL_MS = 1_600
PEER = Path(__file__).with_name("end_of_turn_peer.py")
FACTORS = np.geomspace(0.05, 12.0, 120)
NEVER_MS = np.inf
EARLY_MS = 100

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Silence:
    """A hold of so many ms, or (`is_end`) the end of a command, after which nothing comes."""

    recording: int
    begin_sample: int
    lasts_ms: float
    is_end: bool


@dataclass(frozen=True)
class Score:
    """At one setting: share of holds cut, and latencies of the ends."""

    cut_share: float
    mean_ms: float
    median_ms: float


def silences_of(recording: int, spans: list[Span]) -> list[Silence]:
    """Holds and the end of one recording."""
    pairs = itertools.pairwise(spans)
    holds = [
        Silence(recording, one.end_sample, samples_to_ms(two.begin_sample - one.end_sample), False)
        for one, two in pairs
    ]
    return [*holds, Silence(recording, spans[-1].end_sample, LONGEST_MS, True)]


def score(silences: list[Silence], taken_ms: NDArray[np.float64], num_in_voice: int = 0) -> Score:
    """taken_ms: [num_silences], when each was taken for an end (NEVER_MS: not). num_in_voice: ends found in voice."""
    is_end = np.array([silence.is_end for silence in silences])
    lasts_ms = np.array([silence.lasts_ms for silence in silences])
    latencies_ms = np.minimum(taken_ms[is_end], LONGEST_MS)
    cut = (taken_ms < lasts_ms)[~is_end]
    return Score(
        float((cut.sum() + num_in_voice) / len(cut)), float(latencies_ms.mean()), float(np.median(latencies_ms))
    )


def trace(kit: Kit, sound: Sound) -> NDArray[np.float64]:
    """The agent's view of every hop, [num_hops, 3], in ms; nobody is cut off.

    Silence, the wait that would end it, and the one after which an answer may begin.
    """
    agent = Agent(
        kit,
        MemoryDuplex(sound, TAIL_S),
        lambda event: None,
        clock=FakeClock(datetime.now()),
        gate=Gate("local_only"),
        is_live=False,
        hears_over_itself=True,
    )
    agent.turn.patience = np.inf
    seen = []
    while agent.hop.tick():
        turn = agent.turn
        seen.append((turn.silence_ms, turn.wait_ms, turn.answer_ms) if turn.is_open else (0.0, np.inf, np.inf))
    agent.close()
    return np.array(seen)


def answering(traces: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """The same with the wait for the first sound of an answer in the place of the end's."""
    return [np.stack([seen[:, 0], np.minimum(seen[:, 1], seen[:, 2])], axis=1) for seen in traces]


def ending(traces: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """The same with the wait for an end that nothing can take back: an answered turn stays open for longer."""
    longer = [np.where(seen[:, 2] < seen[:, 1], np.maximum(seen[:, 1], ANSWERED_MS), seen[:, 1]) for seen in traces]
    return [np.stack([seen[:, 0], wait], axis=1) for seen, wait in zip(traces, longer, strict=True)]


def ours(traces: list[NDArray[np.float64]], silences: list[Silence], factor: float) -> NDArray[np.float64]:
    """When each silence is taken for an end, if all waits are multiplied by `factor`."""
    taken = np.full(len(silences), NEVER_MS)
    for place, silence in enumerate(silences):
        seen = traces[silence.recording]
        first = silence.begin_sample // HOP_SAMPLES
        last = first + ms_to_hops(silence.lasts_ms)
        # a wait that is over before the mark counts as over at the mark, unless the voice was heard again meanwhile
        hits = np.flatnonzero(seen[first:last, 0] >= factor * seen[first:last, 1])
        if len(hits):
            taken[place] = 10.0 * hits[0]
    return taken


def num_in_voice(traces: list[NDArray[np.float64]], spans: list[list[Span]], factor: float) -> int:
    """Stretches of voice in which an end is found, more than `EARLY_MS` before they are over."""
    found = 0
    for seen, stretches in zip(traces, spans, strict=True):
        is_end = seen[:, 0] >= factor * seen[:, 1]
        for span in stretches:
            # what the mark calls voice may be the last of a silence that the agent has waited for
            first = span.begin_sample // HOP_SAMPLES + ms_to_hops(EARLY_MS)
            found += bool(is_end[first : max(first, span.end_sample // HOP_SAMPLES - ms_to_hops(EARLY_MS))].any())
    return found


def silence_rule(silences: list[Silence], wait_ms: float) -> NDArray[np.float64]:
    """Every silence of that length is an end."""
    return np.full(len(silences), wait_ms)


def ask_peer(python: Path, sounds: list[Sound], silences: list[Silence]) -> NDArray[np.float64]:
    """Smart Turn's probabilities, [num_silences, num_questions]; nan after a hold is over."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npy"
        arrays = {f"sound_{index}": sound for index, sound in enumerate(sounds)}
        arrays["recording"] = np.array([silence.recording for silence in silences])
        arrays["begin"] = np.array([silence.begin_sample for silence in silences])
        arrays["until_ms"] = np.array([min(silence.lasts_ms, ASKED_UNTIL_MS) for silence in silences])
        np.savez(given, **arrays)
        subprocess.run([str(python), str(PEER), str(given), str(answer), str(ASKED_EVERY_MS)], check=True)
        return np.asarray(np.load(answer))


def peer(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """When each silence is taken for an end: the first question answered above the threshold."""
    is_hit = probabilities >= threshold
    first_ms = (1.0 + np.argmax(is_hit, axis=1)) * ASKED_EVERY_MS
    return np.where(is_hit.any(axis=1), first_ms, NEVER_MS)


def budgets(name: str, at: Callable[[float], Score], settings: NDArray[np.floating]) -> dict[str, Any]:
    """The two figures of one system, and the setting of each."""
    scores = [(float(setting), at(float(setting))) for setting in settings]
    quick = [one for one in scores if one[1].mean_ms <= BUDGET_MS]
    careful = [one for one in scores if one[1].cut_share <= BUDGET_SHARE]
    cut = min(quick, key=lambda one: one[1].cut_share, default=None)
    late = min(careful, key=lambda one: one[1].mean_ms, default=None)
    return {
        "system": name,
        "false_cut_offs_percent_at_300_ms": round(100 * cut[1].cut_share, 1) if cut else None,
        "mean_latency_ms_at_5_percent": round(late[1].mean_ms) if late else None,
        "median_latency_ms_at_5_percent": round(late[1].median_ms) if late else None,
        "settings": [round(one[0], 4) if one else None for one in (cut, late)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="only the first recordings")
    parser.add_argument("--peer-python", type=Path, default=None, help="a Python that has pipecat-ai and onnxruntime")
    options = parser.parse_args()
    paths = sorted((options.folder / "audio").iterdir())[: options.limit]
    sounds = [decode(path).samples for path in paths]
    spans = [voiced_spans(sound) for sound in sounds]
    silences = [one for index, marked in enumerate(spans) for one in silences_of(index, marked)]
    with tempfile.TemporaryDirectory() as folder:
        commands = Path(folder) / "commands.yaml"
        commands.write_text(import_context(next(options.folder.glob("*.yaml"))), encoding="utf-8")
        kit = load_kit(load_profile("generic_x86").with_choices(commands=str(commands)))
        traces = [trace(kit, sound) for sound in track(sounds, description="listening")]

    def scored(seen: list[NDArray[np.float64]], factor: float) -> Score:
        return score(silences, ours(seen, silences, factor), num_in_voice(seen, spans, factor))

    def at(factor: float) -> Score:
        return scored(traces, factor)

    waits_ms = np.arange(50.0, LONGEST_MS, 10.0)
    figures = [
        budgets("ours", at, FACTORS),
        budgets("silence rule", lambda wait_ms: score(silences, silence_rule(silences, wait_ms)), waits_ms),
    ]
    if options.peer_python:
        asked = ask_peer(options.peer_python, sounds, silences)
        thresholds = np.linspace(0.001, 0.999, 999)
        figures.append(budgets("Smart Turn v3.2", lambda least: score(silences, peer(asked, least)), thresholds))
    as_shipped = {
        "without early answers": at(1.0),
        "answers": scored(answering(traces), 1.0),
        "ends for good": scored(ending(traces), 1.0),
    }
    _print(figures, silences, as_shipped)
    shipped = {
        what: {"holds_percent": round(100 * one.cut_share, 1), "mean_latency_ms": round(one.mean_ms)}
        for what, one in as_shipped.items()
    }
    counts = {"recordings": len(sounds), "holds": sum(not silence.is_end for silence in silences)}
    append({"benchmark": "end_of_turn", **counts, "as_shipped": shipped, "figures": figures})


def _print(figures: list[dict[str, Any]], silences: list[Silence], as_shipped: dict[str, Score]) -> None:
    num_holds = sum(not silence.is_end for silence in silences)
    table = Table(title=f"{len(silences) - num_holds} ends and {num_holds} holds of people's commands")
    for heading in ("", "cut at 300 ms", "latency at 5 % cut, mean", "median"):
        table.add_column(heading, justify="right" if heading else "left")
    for figure in figures:
        table.add_row(*(str(value) for value in list(figure.values())[:4]))
    Console().print(table)
    for what, one in as_shipped.items():
        Console().print(
            f"as shipped, {what}: in {100 * one.cut_share:.1f} % of the holds, latency mean {one.mean_ms:.0f} ms, "
            f"median {one.median_ms:.0f} ms"
        )


if __name__ == "__main__":
    main()
