"""Appends figures to `results.jsonl`, with the commit and the machine that they were measured on."""

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().with_name("results.jsonl")


def append(figure: dict[str, Any], path: Path = RESULTS) -> dict[str, Any]:
    """Add one line; `figure` names at least its `benchmark`. Returns the whole line."""
    line = {"at": datetime.now(timezone.utc).isoformat(timespec="seconds"), "commit": commit(), "machine": machine()}
    line |= figure
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return line


def commit() -> str:
    """Short hash, with "+" when the checkout differs from it; "unknown" outside of one."""
    command = ["git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty=+", "--exclude=*"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else "unknown"


def machine() -> dict[str, Any]:
    """What figures depend on; the load tells whether the machine was quiet."""
    return {
        "processor": _processor(),
        "num_cores": len(os.sched_getaffinity(0)),
        "load_1min": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.machine()
