"""Noise that no training heard, alone, through the agent itself (`replay`): how often it acts though nobody spoke.

    python -m benchmarks.noises ../shared/data/noise [--profile generic_x86] [--limit 30]

Each recording (5 s of cries, barks, bells, engines) is played at the same peak, to an agent that listens without a wake
phrase, with the household commands or those of the profile.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.commands import heard
from benchmarks.results import append
from edge_agent.evaluation.recordings import held_out_noise_paths, read_mono
from edge_agent.evaluation.statistics import Share
from edge_agent.profile_file import load_profile
from edge_agent.units import SAMPLE_RATE_HZ

PEAK = 0.3
QUIETEST = 1e-3  # a recording of silence is not turned up


def at_same_peak(paths: list[Path], out: Path) -> list[Path]:
    """Copies of the recordings, named by their kind."""
    copies = []
    for path in paths:
        noise = read_mono(path)
        copies.append(out / f"{path.parent.name} {path.stem}.flac")
        soundfile.write(copies[-1], noise * (PEAK / max(float(np.abs(noise).max()), QUIETEST)), SAMPLE_RATE_HZ)
    return copies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", default="generic_x86")
    parser.add_argument("--limit", type=int, default=None, help="only the first recordings")
    options = parser.parse_args()
    paths = held_out_noise_paths(options.folder)[: options.limit]
    with tempfile.TemporaryDirectory() as temporary:
        intents = heard(at_same_peak(paths, Path(temporary)), load_profile(options.profile))
    acted = {name: found for name, found in intents.items() if found}
    share = Share(len(acted), len(paths))
    print(f"{options.profile}: {share.count} of {share.num} noises make the agent act, {share}")
    for kind, count in Counter(name.split()[0] for name in acted).most_common():
        print(f"  {kind}: {count}")
    append({"benchmark": "noises", "profile": options.profile, "num": share.num, "acted": share.count})


if __name__ == "__main__":
    main()
