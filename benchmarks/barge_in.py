"""People and noises interrupt an agent that talks on an open loudspeaker, through the agent itself, in virtual time.

    python -m benchmarks.barge_in ../shared/data           quick: about 12 minutes of talk
    python -m benchmarks.barge_in ../shared/data --full    an hour of talk

Rooms x loudspeakers x levels of the echo above the talker. In each the agent talks on; every few seconds a person
begins to speak, or coughs, laughs, sneezes, claps, says "mm-hm", or a door falls shut. What counts is when the agent
is silent, counted from the first sample of speech at the microphone (within 15 dB of the talker's level). Beside it the
rules of pipecat and livekit-agents over the same recordings (`barge_in_peers.py`).

With --keep FOLDER every conversation that has ended is kept there, and a run that was ended goes on from it.
"""

import argparse
import functools
import json
import math
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import barge_in_peers
from benchmarks.barge_in_talk import CONDITIONS, converse, scenes
from benchmarks.barge_in_tally import GOALS, Tally, tally_of
from benchmarks.results import append
from edge_agent.agent import Kit, load_kit
from edge_agent.events import BargeIn
from edge_agent.profile import Profile

QUICK_S, FULL_S = 27.0, 3600.0 / len(CONDITIONS)
AGENT = "edge-agent"
PEER_ROWS = ("p50_ms", "p99_ms", "missed_percent", "own_echo_stops", "recovered_percent")


@functools.cache
def kit() -> Kit:
    """One in each process."""
    return load_kit(Profile(name="barge-in"))


def talk(
    number: int, data: Path, length_s: float, drift_ppm: float, peer_python: Path | None, keep: Path | None
) -> dict[str, Tally]:
    """One conversation: the agent's tally, and those of other rules over it; kept ones are not had again."""
    kept = keep / f"{length_s:.0f}s-{drift_ppm:g}ppm-{number:02}.json" if keep else None
    if kept is not None and kept.is_file():
        return {name: Tally(**counts) for name, counts in json.loads(kept.read_text(encoding="utf-8")).items()}
    scene = scenes(data, length_s)[number]
    conversation, events = converse(kit(), scene, drift_ppm)
    stages = [event for event in events if isinstance(event, BargeIn)]
    tallies = {AGENT: tally_of(scene, conversation, stages)}
    tallies |= barge_in_peers.tallies_of(scene, conversation, peer_python)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({name: asdict(tally) for name, tally in tallies.items()}), encoding="utf-8")
    return tallies


def all_tallies(options: argparse.Namespace) -> Iterator[dict[str, Tally]]:
    """Of each conversation, as they end."""
    length_s = FULL_S if options.full else QUICK_S
    given = {"data": options.data, "length_s": length_s, "drift_ppm": options.drift_ppm, "keep": options.keep}
    given["peer_python"] = options.peer_python
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        yield from pool.imap_unordered(functools.partial(talk, **given), range(len(CONDITIONS)))


def show(tallies: dict[str, Tally]) -> None:
    """The agent's figures beside the goals, and a table of all rules."""
    console = Console(width=140)
    own = Table("figure", "measured", "goal")
    for name, value in tallies[AGENT].figures().items():
        own.add_row(name, f"{value:.1f}", f"{GOALS[name]:g}" if name in GOALS else "")
    console.print(own)
    rules = Table("rule, voice activity", *PEER_ROWS)
    for name, tally in tallies.items():
        figures = tally.figures()
        rules.add_row(name, *(f"{figures[row]:.1f}" for row in PEER_ROWS))
    console.print(rules)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with speech/, household/ and vocal/")
    parser.add_argument("--full", action="store_true", help="an hour of talk")
    parser.add_argument("--drift-ppm", type=float, default=0.0, help="of the loudspeaker's clock, at least 0")
    parser.add_argument("--jobs", type=int, default=1, help="conversations at a time")
    parser.add_argument("--keep", type=Path, help="folder of what has been counted; give another after every change")
    parser.add_argument("--peer-python", type=Path, help="a Python with silero-vad, onnxruntime and numpy")
    parser.add_argument(
        "--details", action="store_true", help="also who was heard late and what was not recovered from"
    )
    options = parser.parse_args()
    total: dict[str, Tally] = {}
    for tallies in track(all_tallies(options), total=len(CONDITIONS), description="talking"):
        for name, tally in tallies.items():
            total.setdefault(name, Tally()).add(tally)
    show(total)
    if options.details:
        print(*sorted(total[AGENT].worst), sep="\n")
    figures = {name: {key: _rounded(value) for key, value in of.figures().items()} for name, of in total.items()}
    peers = {name: {key: figures[name][key] for key in PEER_ROWS} for name in figures if name != AGENT}
    how = {"benchmark": "barge_in", "full": options.full, "drift_ppm": options.drift_ppm}
    append(how | figures[AGENT] | {"peers": peers})


def _rounded(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None  # of a rule that was never in time there is no median


if __name__ == "__main__":
    main()
