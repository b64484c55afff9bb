"""Everything from nothing to a calibrated bundle, one stage after another; run again, it goes on where it stopped.

Each stage is a command that could be given by hand. The ones that take long (corpus, training) resume by themselves;
a stage that ended is noted in `stages.json` with its seconds and not run again.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import EdgeAgentError

LISTENER_MIN, TEACHER_MIN, STUDENT_MIN = 100, 80, 120
NUM_SHARDS = 192
STAGES_FILE = "stages.json"


class RetrainError(EdgeAgentError):
    """A stage ended with an error."""


@dataclass(frozen=True)
class Stage:
    """A name for the log, and the command."""

    name: str
    command: tuple[str, ...]


def stages(data: Path, work: Path, bundle: Path, num_processes: int) -> list[Stage]:
    """What has to be run, in order."""
    export = (sys.executable, "-m", "export")
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(num_processes), "-m", "export")
    corpus, listener, teacher, student = (str(work / name) for name in ("corpus", "listener", "teacher", "student"))
    packages = str(work / "packages")
    trained, taught = f"{listener}/checkpoint.pt", f"{teacher}/checkpoint.pt"
    train = (*torchrun, "train", "--corpus", corpus, "--noise", str(data / "noise"))

    def spoken(name: str, *more: str) -> Stage:
        return Stage(name, (*export, "spoken-set", "--data", str(data), "--out", str(work / name), *more))

    return [
        Stage("corpus", (*export, "corpus", "--data", str(data), "--out", corpus, "--shards", str(NUM_SHARDS))),
        Stage("neural", (*export, "neural", "--data", str(data), "--packages", packages, "--out", corpus)),
        Stage("people", (*export, "people", "--data", str(data), "--out", corpus)),
        Stage("acted", (*export, "acted", "--packages", packages, "--out", corpus)),
        Stage("listener", (*train, "--out", listener, "--minutes", str(LISTENER_MIN))),
        Stage("teacher", (*train, "--out", teacher, "--minutes", str(TEACHER_MIN), "--grow", trained,
                          "--peak-rate", "1.2e-3")),
        Stage("student", (*train, "--out", student, "--minutes", str(STUDENT_MIN), "--start", trained,
                          "--teacher", taught, "--peak-rate", "1e-3")),
        Stage("publish", (*export, "publish", "--checkpoint", f"{student}/checkpoint.pt", "--out", str(bundle))),
        spoken("spoken", "--orders", "220", "--others", "211"),
        spoken("spoken_long", "--commands", "export/data/long_orders.yaml", "--orders", "160", "--others", "0"),
        spoken("spoken_wake", "--commands", "export/data/wake_phrases.yaml", "--orders", "300", "--others", "0"),
        Stage("calibrate", (*export, "calibrate", "--bundle", str(bundle), "--spoken", str(work / "spoken"),
                            "--spoken-long", str(work / "spoken_long"), "--spoken-wake", str(work / "spoken_wake"))),
    ]  # fmt: skip


def run(todo: list[Stage], work: Path, say: Callable[[str], None]) -> dict[str, float]:
    """Run what has not ended yet; seconds by stage. Raises RetrainError."""
    work.mkdir(parents=True, exist_ok=True)
    log = work / STAGES_FILE
    seconds: dict[str, float] = json.loads(log.read_text("utf-8")) if log.exists() else {}
    for stage in todo:
        if stage.name in seconds:
            say(f"{stage.name}: ended before, {seconds[stage.name] / 60:.1f} min")
            continue
        say(f"{stage.name}: {' '.join(stage.command[1:])}")
        began = time.monotonic()
        status = subprocess.run(stage.command, check=False).returncode
        if status:
            raise RetrainError(f"stage {stage.name} ended with status {status}; mend that and run this again")
        seconds[stage.name] = round(time.monotonic() - began, 1)
        log.write_text(json.dumps(seconds, indent=1), "utf-8")
    say(f"all stages: {sum(seconds.values()) / 3600:.2f} h")
    return seconds
