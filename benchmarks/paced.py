"""What a hop costs, paced: CPU and memory, p50 / p99 / max of a hop, time to the first answer; beside peers.

    python -m benchmarks.paced --minutes 10 [--peer-python PATH]

Three parts, one after the other, on the same recordings of people:
- the agent without a device, everything on (`paced_agent.py`): what its hops cost; beside it on the other core a loop
  that only counts (`paced_machine.py`), for what the machine itself adds;
- the agent on the virtual sound card (`paced_live.py`): its processes, sound to sound; at most 2 minutes;
- each peer with its voice activity detection alone (`paced_peer.py`), also without a device; at most 2 minutes.
PATH is a Python with `pip install pipecat-ai==1.14.0 livekit-agents==1.8.9 livekit-plugins-silero==1.8.9`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console
from rich.table import Table

from benchmarks import paced_live
from benchmarks.paced_peer import PEERS
from benchmarks.results import append
from benchmarks.room import COMMANDS, room
from edge_agent.units import SAMPLE_RATE_HZ
from tests.device.virtual_card import missing_programs

REPOSITORY = Path(__file__).resolve().parents[1]
MAX_OTHER_MINUTES = 2.0
PARTS = "breakdown"
LIMITS = {
    "cpu_percent_of_one_core": 6.0,
    "resident_peak_mb": 110.0,
    "hop_p50_ms": 1.0,
    "hop_p99_ms": 4.0,
    "hop_max_ms": 10.0,
    "hop_max_ms_machine_awake": 10.0,
    "command_p50_ms": 500.0,
    "hop_and_device_cpu_percent": 6.0,
}


def measure_agent(minutes: float, profile: str) -> dict[str, Any]:
    """The agent without a device, in a process of its own, and beside it what the machine does to one that counts."""
    command = [sys.executable, "-m", "benchmarks.paced_agent", "--minutes", str(minutes), "--profile", profile]
    control = [sys.executable, "-m", "benchmarks.paced_machine", "--minutes", str(minutes)]
    with subprocess.Popen(control, stdout=subprocess.PIPE, cwd=REPOSITORY) as counting:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=REPOSITORY)
        machine: dict[str, Any] = json.loads(counting.communicate()[0])
    figures: dict[str, Any] = json.loads(done.stdout)
    longest, pauses = figures.pop("longest_hops"), machine.pop("pauses")
    figures["hop_max_ms_machine_awake"] = longest_awake(longest, pauses)
    return figures | {f"machine_{name}": value for name, value in machine.items()}


def longest_awake(longest: list[tuple[float, float]], pauses: list[tuple[float, float]]) -> float | None:
    """Milliseconds of the longest hop in which the machine did not stop the loop that counts, too.

    longest: when hops ended, in seconds, and their milliseconds; pauses: beginnings and ends, in seconds.
    """
    awake = [ms for end_s, ms in longest if not any(a < end_s and end_s - ms / 1000 < b for a, b in pauses)]
    return round(max(awake), 3) if awake else None


def measure_peers(python: Path, minutes: float) -> dict[str, Any]:
    """Each peer in a process of its own; a peer that cannot run is a line of why."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "room.wav"
        soundfile.write(sound, room(COMMANDS)[0], SAMPLE_RATE_HZ, subtype="PCM_16")
        for peer in PEERS:
            script = [
                str(REPOSITORY / "benchmarks" / "paced_peer.py"),
                peer,
                "--seconds",
                str(60 * minutes),
                str(sound),
            ]
            done = subprocess.run([str(python), *script], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                figures[peer] = json.loads(done.stdout.splitlines()[-1])
            else:
                print(f"{peer}: left out, {python} says: {(done.stderr.strip() or 'nothing').splitlines()[-1]}")
    return figures


def table_of(figures: dict[str, Any]) -> Table:
    """One line for each figure, beside what is asked of it."""
    table = Table("figure", "measured", "at most", "")
    for name, value in figures.items():
        limit = LIMITS.get(name)
        if limit is None or value is None:
            table.add_row(name, str(value))
        else:
            table.add_row(name, str(value), f"{limit:g}", "yes" if value <= limit else "[red]NO")
    return table


def table_of_peers(ours: dict[str, Any], peers: dict[str, Any]) -> Table:
    """Each peer's cost, and how many times ours that is."""
    table = Table("", "CPU, % of one core", "of ours", "resident, MB", "of ours")
    cpu, memory = ours["cpu_percent_of_one_core"], ours["resident_mb"]
    table.add_row("edge-agent, everything on", f"{cpu:.2f}", "1", f"{memory:.0f}", "1")
    for peer, cost in peers.items():
        percent, resident_mb = cost["cpu_percent_of_one_core"], cost["resident_mb"]
        table.add_row(
            f"{peer}, voice activity only",
            f"{percent:.2f}",
            f"{percent / cpu:.2f}",
            f"{resident_mb:.0f}",
            f"{resident_mb / memory:.2f}",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--profile", default="generic_x86")
    parser.add_argument("--peer-python", type=Path, help="a Python that has the peers; without it they are left out")
    options = parser.parse_args()
    other_minutes, console = min(options.minutes, MAX_OTHER_MINUTES), Console()
    figures = measure_agent(options.minutes, options.profile)
    console.print(table_of(figures))
    if missing := missing_programs():
        print(f"virtual sound card: left out, not installed: {', '.join(missing)}")
    else:
        figures["on_virtual_card"] = paced_live.measure(other_minutes, options.profile)
        console.print(table_of({name: value for name, value in figures["on_virtual_card"].items() if name != PARTS}))
        console.print(paced_live.table_of_parts(figures["on_virtual_card"]))
    if options.peer_python is None:
        print(
            "peers: left out; give --peer-python PATH, a Python with pipecat-ai, livekit-agents and its Silero plugin"
        )
    else:
        figures["peers"] = measure_peers(options.peer_python, other_minutes)
        console.print(table_of_peers(figures, figures["peers"]))
    append({"benchmark": "paced", "profile": options.profile} | figures)


if __name__ == "__main__":
    main()
