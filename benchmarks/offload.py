"""Figures of offloading: `python -m benchmarks.offload`, about ten minutes; `--only first_sound` measures one part.

first_sound   from a provider's first byte of sound on a real socket to the first sample handed to the mixer's output
late          5 % of pieces late by 100-400 ms (log-normal): glitch-free seconds and the delay that buys them
barge_in      hops from a stop to the last byte of the cancelled answer that was accepted, and samples of it played
faults        12 kinds of faults over hours of virtual time: longest silence, lost commands, growth of memory
sockets       the same faults on real sockets, in real time, from the stand-in server
link_cpu      the link process itself, while one question follows the other
safety        how much later an answer sounds with the gate than without, and what leaks of what is blocked
"""

import argparse
import asyncio
import random
from collections.abc import Callable
from typing import Any

from benchmarks import virtual_time
from benchmarks.offload_gate import measure_safety
from benchmarks.offload_parts import measure_barge_in, measure_faults, measure_late
from benchmarks.offload_sockets import measure_first_sound, measure_link_cpu, measure_sockets
from benchmarks.results import append

Part = Callable[[argparse.Namespace], dict[str, Any]]


def _faults(options: argparse.Namespace) -> dict[str, Any]:
    return virtual_time.run(measure_faults(options.faults, options.hours, random.Random(options.seed)))


PARTS: dict[str, Part] = {
    "first_sound": lambda options: asyncio.run(measure_first_sound(options.questions)),
    "late": lambda options: virtual_time.run(measure_late(options.answers, random.Random(options.seed))),
    "barge_in": lambda options: virtual_time.run(measure_barge_in(100)),
    "faults": _faults,
    "sockets": lambda options: asyncio.run(measure_sockets(options.socket_faults)),
    "link_cpu": lambda options: measure_link_cpu(options.cpu_s),
    "safety": lambda options: virtual_time.run(
        measure_safety(options.gate_answers, options.seed, options.gate_answer_s)
    ),
}


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--gate-answers", type=int, default=40)
    parser.add_argument("--gate-answer-s", type=float, default=2.0)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--socket-faults", type=int, default=100)
    parser.add_argument("--cpu-s", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-append", action="store_true", help="Print only.")
    options = parser.parse_args()
    for name in options.only or PARTS:
        figures = PARTS[name](options)
        print(f"{name:<12}", "  ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
        if not options.no_append:
            append({"benchmark": f"offload.{name}"} | figures)


if __name__ == "__main__":
    main()
