"""The drift of a device's clocks, kept from one start to the next: to find it takes ten seconds of the agent's speech.

A file of JSON, {device of the profile: ppm}. Thread: any; never from within a hop.
"""

import json
import math
from pathlib import Path

from edge_agent.whole_file import write_whole

FILE_NAME = "drift.json"
LEAST_PPM = 1.0  # below that there is nothing to know


def known_ppm(path: Path, device: str) -> float:
    """0 where nothing is known, or what stands there is no drift."""
    ppm = _read(path).get(device, 0.0)
    return ppm if math.isfinite(ppm) else 0.0


def remember(path: Path, device: str, ppm: float) -> None:
    """Whole or not at all. Raises OSError."""
    known = _read(path)
    now = known | {device: round(ppm, 1)}
    if abs(ppm) < LEAST_PPM:
        del now[device]
    if now != known:
        write_whole(path, json.dumps(now) + "\n")


def _read(path: Path) -> dict[str, float]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: float(ppm) for name, ppm in found.items() if type(ppm) in (int, float)}
