"""What this machine does to a program that only counts: the control of `paced_agent.py`, beside it on the other core.

Woken every 10 ms like a hop, it counts for about a millisecond and notes how long that took. A virtual machine whose
host gives its processor to others for 40 ms does so to this loop too, and the kernel inside may count that time as
used. So a hop longer than the longest of these may be the agent's fault; a shorter one is not known to be.
Prints one JSON object.
"""

import argparse
import json
import sys
import time

import numpy as np

from edge_agent.units import HOP_MS

WORK_MS = 1.0
PAUSE_MS = 5.0  # so long the work never takes by itself


def count(num_steps: int) -> None:
    """The work: nothing but the interpreter and its own two objects."""
    for _ in range(num_steps):
        pass


def steps_for(work_ms: float) -> int:
    """How far this machine counts in so many milliseconds, at its fastest of many tries."""
    num_steps, fastest_s = 10_000, 1.0
    for _ in range(50):
        began_s = time.perf_counter()
        count(num_steps)
        fastest_s = min(fastest_s, time.perf_counter() - began_s)
    return int(num_steps * work_ms / 1000 / fastest_s)


def run(minutes: float) -> dict[str, object]:
    """Milliseconds that the same work took, over so many minutes; `pauses`: where it took long, in seconds of the
    machine's monotonic clock, which all processes share."""
    num_steps = steps_for(WORK_MS)
    took_ms = np.zeros(round(minutes * 60_000 / HOP_MS))
    pauses: list[tuple[float, float]] = []
    began_s = time.monotonic()
    for hop in range(len(took_ms)):
        time.sleep(max(0.0, began_s + (hop + 1) * HOP_MS / 1000 - time.monotonic()))
        at_s = time.monotonic()
        count(num_steps)
        ended_s = time.monotonic()
        took_ms[hop] = (ended_s - at_s) * 1000
        if took_ms[hop] > PAUSE_MS:
            pauses.append((at_s, ended_s))
    return {
        "p50_ms": round(float(np.median(took_ms)), 3),
        "p99_ms": round(float(np.quantile(took_ms, 0.99)), 3),
        "max_ms": round(float(took_ms.max()), 3),
        "num_over_10_ms": int((took_ms > HOP_MS).sum()),
        "pauses": pauses,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    json.dump(run(parser.parse_args().minutes), sys.stdout)


if __name__ == "__main__":
    main()
