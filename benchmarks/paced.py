"""What a hop costs, paced: CPU and memory of the process, p50 / p99 / max of a hop, time to the first answer.

    python -m benchmarks.paced --minutes 10

The agent runs in a process of its own (`paced_agent.py`) on the demo's recordings; the first of them wakes it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.results import append

CLIPS = Path(__file__).resolve().parents[1] / "demo" / "clips"
COMMANDS = ("set_a_timer_for_five_minutes", "turn_on_standing_light", "what_time_is_it")
LIMITS = {
    "cpu_percent_of_one_core": 6.0,
    "resident_peak_mb": 110.0,
    "hop_p50_ms": 1.0,
    "hop_p99_ms": 4.0,
    "hop_max_ms": 10.0,
    "first_answer_p50_ms": 500.0,
}


def measure(minutes: float, profile: str) -> dict[str, Any]:
    """Run the agent and give its figures."""
    clips = [CLIPS / f"{name}.flac" for name in ("computer", *COMMANDS)]
    command = [sys.executable, "-m", "benchmarks.paced_agent", "--minutes", str(minutes), "--profile", profile]
    done = subprocess.run([*command, *map(str, clips)], stdout=subprocess.PIPE, check=True, cwd=CLIPS.parents[1])
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def report(figures: dict[str, Any]) -> str:
    """One line for each figure, beside what is asked of it."""
    lines = []
    for name, value in figures.items():
        limit = LIMITS.get(name)
        verdict = (
            "" if limit is None or value is None else f"  (at most {limit:g}: {'yes' if value <= limit else 'NO'})"
        )
        lines.append(f"{name:28s} {value}{verdict}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--profile", default="generic_x86")
    options = parser.parse_args()
    figures = measure(options.minutes, options.profile)
    print(report(figures))
    append({"benchmark": "paced", "profile": options.profile} | figures)


if __name__ == "__main__":
    main()
