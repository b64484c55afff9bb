"""Whole commands right on people's recordings, through the agent itself (`replay`), with the peer that can be asked.

    python -m benchmarks.commands ../shared/data/commands [--snr 12] [--lead-ms 20] [--limit 50]

The folder holds labels.json, audio/ and one context file (*.yaml), which is imported as a user would import it. A
recording is right when the agent gave one intent, it is the labelled one, and every labelled slot has the labelled
value.
"""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.progress import track

from benchmarks.results import append
from edge_agent.evaluation.recordings import Labelled, held_out_noises, mix, read_mono
from edge_agent.evaluation.statistics import Share
from edge_agent.events import Event, Intent
from edge_agent.models.context_import import import_context
from edge_agent.profile import Profile
from edge_agent.profile_file import load_profile
from edge_agent.replay import replay_files
from edge_agent.units import SAMPLE_RATE_HZ

GOAL_PERCENT = 80.0


def in_noise(paths: list[Path], noise_folder: Path, snr_db: float, out: Path) -> list[Path]:
    """Copies of the recordings with held-out noise, in order."""
    noises = held_out_noises(noise_folder)
    mixed = []
    for index, path in enumerate(paths):
        mixed.append(out / f"{path.stem}.flac")
        soundfile.write(mixed[-1], mix(read_mono(path), noises[index % len(noises)], snr_db), SAMPLE_RATE_HZ)
    return mixed


def later(paths: list[Path], lead_ms: float, out: Path) -> list[Path]:
    """Copies of the recordings that begin with so much silence: a live agent's steps begin anywhere in them."""
    copies = []
    for path in paths:
        speech, rate_hz = soundfile.read(path)
        copies.append(out / f"{path.stem}.flac")
        soundfile.write(copies[-1], np.concatenate([np.zeros(round(lead_ms * rate_hz / 1000)), speech]), rate_hz)
    return copies


def heard(paths: list[Path], profile: Profile) -> dict[str, list[Intent]]:
    """Intents by file name (without suffix)."""
    intents: dict[str, list[Intent]] = {path.stem: [] for path in paths}

    def on_event(file: str, event: Event) -> None:
        if isinstance(event, Intent):
            intents[Path(file).stem].append(event)

    for first in track(range(0, len(paths), 10), description="replaying"):
        replay_files(paths[first : first + 10], profile=profile, on_event=on_event)
    return intents


def is_right(intents: list[Intent], label: dict[str, Any]) -> bool:
    """One intent, the right one, with every labelled slot."""
    wanted = Labelled(Path(), label["intent"], label["slots"])
    return len(intents) == 1 and wanted.matches(intents[0].intent, dict(intents[0].slots))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--snr", type=float, action="append", default=[], help="also in held-out noise at this ratio")
    parser.add_argument("--lead-ms", type=float, action="append", default=[], help="also after so much silence")
    parser.add_argument("--limit", type=int, default=None, help="only the first recordings")
    options = parser.parse_args()
    labels = json.loads((options.folder / "labels.json").read_text(encoding="utf-8"))
    paths = [options.folder / "audio" / name for name in sorted(labels)][: options.limit]
    with tempfile.TemporaryDirectory() as temporary:
        commands = Path(temporary) / "commands.yaml"
        commands.write_text(import_context(next(options.folder.glob("*.yaml"))), encoding="utf-8")
        profile = load_profile("generic_x86").with_choices(commands=str(commands))
        noises = options.folder.parent / "noise"
        hearings = {"clean": lambda: paths}
        hearings |= {f"{snr:g} dB": partial(in_noise, paths, noises, snr, Path(temporary)) for snr in options.snr}
        hearings |= {f"{lead:g} ms later": partial(later, paths, lead, Path(temporary)) for lead in options.lead_ms}
        for hearing, make in hearings.items():
            intents = heard(make(), profile)
            right = [path for path in paths if is_right(intents[path.stem], labels[path.name])]
            silent = sum(not found for found in intents.values())
            low, high = Share(len(right), len(paths)).interval
            share = 100.0 * len(right) / len(paths)
            print(f"{hearing}: {len(right)} of {len(paths)} = {share:.1f} % ({100 * low:.1f}-{100 * high:.1f}), "
                  f"no intent in {silent}; goal {GOAL_PERCENT:g} % clean")  # fmt: skip
            append({"benchmark": "commands", "hearing": hearing, "num": len(paths), "right_percent": round(share, 2)})


if __name__ == "__main__":
    main()
