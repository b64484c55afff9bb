"""Everything from nothing to a calibrated bundle, one stage after another; run again, it goes on where it stopped.

Each stage is a command that could be given by hand. The ones that take long (corpus, training) resume by themselves;
`stages.json` notes what each has taken, over all runs, and whether it ended, which is not run again then.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from edge_agent.whole_file import write_whole

LISTENER_MIN, TEACHER_MIN, STUDENT_MIN = 70, 50, 110
NUM_SHARDS = 96
STAGES_FILE = "stages.json"
NOTED_EVERY_S = 10.0
HUGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1"}  # for torch: a batch takes half the time with its memory in them


class RetrainError(EdgeAgentError):
    """A stage ended with an error."""


@dataclass(frozen=True)
class Spent:
    """What a stage has taken so far."""

    seconds: float = 0.0
    ended: bool = False


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
    packages, effects = str(work / "packages"), str(work / "effects")
    trained, taught = f"{listener}/checkpoint.pt", f"{teacher}/checkpoint.pt"
    train = (*torchrun, "train", "--corpus", corpus, "--noise", str(data / "noise"), "--effects", effects)

    def spoken(name: str, *more: str) -> Stage:
        return Stage(name, (*export, "spoken-set", "--data", str(data), "--out", str(work / name), *more))

    return [
        Stage("effects", (*export, "effects", "--packages", packages, "--out", effects)),
        Stage("corpus", (*export, "corpus", "--data", str(data), "--out", corpus, "--shards", str(NUM_SHARDS))),
        Stage("neural", (*export, "neural", "--data", str(data), "--packages", packages, "--out", corpus)),
        Stage("people", (*export, "people", "--data", str(data), "--out", corpus)),
        Stage("listener", (*train, "--out", listener, "--minutes", str(LISTENER_MIN))),
        # now there is a network that can tell which text is said
        Stage("acted", (*export, "acted", "--packages", packages, "--out", corpus, "--checkpoint", trained)),
        Stage("teacher", (*train, "--out", teacher, "--minutes", str(TEACHER_MIN), "--grow", trained,
                          "--peak-rate", "1.2e-3")),
        Stage("student", (*train, "--out", student, "--minutes", str(STUDENT_MIN), "--start", trained,
                          "--teacher", taught, "--peak-rate", "1e-3")),
        Stage("publish", (*export, "publish", "--checkpoint", f"{student}/checkpoint.pt", "--out", str(bundle))),
        spoken("spoken", "--orders", "220", "--others", "211"),
        spoken("spoken_long", "--commands", "export/data/long_orders.yaml", "--orders", "160", "--others", "0"),
        spoken("spoken_wake", "--commands", "export/data/wake_phrases.yaml", "--orders", "300", "--others", "0"),
        Stage("calibrate", (*export, "calibrate", "--bundle", str(bundle), "--effects", effects,
                            "--spoken", str(work / "spoken"), "--spoken-long", str(work / "spoken_long"),
                            "--spoken-wake", str(work / "spoken_wake"))),
    ]  # fmt: skip


def run(todo: list[Stage], work: Path, say: Callable[[str], None]) -> dict[str, float]:
    """Run what has not ended yet; seconds by stage, over all runs that worked at it. Raises RetrainError."""
    work.mkdir(parents=True, exist_ok=True)
    log = work / STAGES_FILE
    spent = {name: Spent(**each) for name, each in json.loads(log.read_text("utf-8")).items()} if log.exists() else {}
    for stage in todo:
        so_far = spent.setdefault(stage.name, Spent())
        if so_far.ended:
            say(f"{stage.name}: ended before, {so_far.seconds / 60:.1f} min")
            continue
        say(f"{stage.name}: {' '.join(stage.command[1:])}")
        for seconds, status in _running(stage.command):
            spent[stage.name] = Spent(round(so_far.seconds + seconds, 1), ended=status == 0)
            write_whole(log, json.dumps({name: asdict(each) for name, each in spent.items()}, indent=1))
            if status:
                raise RetrainError(f"stage {stage.name} ended with status {status}; mend that and run this again")
    seconds_of = {name: each.seconds for name, each in spent.items()}
    say(f"all stages: {sum(seconds_of.values()) / 3600:.2f} h")
    return seconds_of


def _running(command: tuple[str, ...]) -> Iterator[tuple[float, int | None]]:
    """Seconds since it began, now and then, and at last with its status: who is killed has them on file."""
    began = time.monotonic()
    with subprocess.Popen(command, env=os.environ | HUGE_PAGES) as stage:
        while stage.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                stage.wait(NOTED_EVERY_S)
            yield time.monotonic() - began, stage.returncode
