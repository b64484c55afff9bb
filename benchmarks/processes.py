"""CPU and memory of a running process, as the kernel counts them (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """So far. `proportional_mb` counts a page that n processes share as 1/n of a page in each."""

    cpu_s: float
    resident_mb: float
    resident_peak_mb: float
    proportional_mb: float


def cost_of(pid: int | str = "self") -> Cost:
    """Raises OSError when the process is gone."""
    folder = Path("/proc") / str(pid)
    # the second field is the name, in brackets, and may hold spaces
    fields = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    user_ticks, system_ticks = int(fields[11]), int(fields[12])
    status, shares = folder / "status", folder / "smaps_rollup"
    return Cost(
        (user_ticks + system_ticks) / os.sysconf("SC_CLK_TCK"),
        _mb(status, "VmRSS"),
        _mb(status, "VmHWM"),
        _mb(shares, "Pss"),
    )


def descendants(pid: int) -> dict[int, str]:
    """All processes below one, with their command lines."""
    found: dict[int, str] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        line = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        found |= {int(child): line} | descendants(int(child))
    return found


def _mb(path: Path, entry: str) -> float:
    (line,) = (line for line in path.read_text(encoding="ascii").splitlines() if line.startswith(entry + ":"))
    return round(int(line.split()[1]) / 1024, 1)
