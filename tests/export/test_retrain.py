"""Retraining from nothing: stages in order, resumed after a failure."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from export import retrain
from export.retrain import STAGES_FILE, RetrainError, Stage, run, stages


def leaves(path: Path, status: int = 0) -> tuple[str, ...]:
    """A command that appends a line to a file and ends with this status."""
    return (sys.executable, "-c", f"open({str(path)!r}, 'a').write('x\\n'); raise SystemExit({status})")


def test_a_failed_stage_is_named_and_what_ended_is_not_run_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    work, said = tmp_path / "work", list[str]()
    with pytest.raises(RetrainError, match="stage second ended with status 3"):
        run([Stage("first", leaves(first)), Stage("second", leaves(second, 3))], work, said.append)
    run([Stage("first", leaves(first)), Stage("second", leaves(second))], work, said.append)
    assert first.read_text() == "x\n"
    assert second.read_text() == "x\nx\n"
    noted = json.loads((work / STAGES_FILE).read_text())
    assert {name: each["ended"] for name, each in noted.items()} == {"first": True, "second": True}


def test_what_a_killed_run_had_taken_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrain, "NOTED_EVERY_S", 0.05)
    work = tmp_path / "work"
    sleeps = "import time; time.sleep(0.3)"
    with pytest.raises(RetrainError):
        run([Stage("long", (sys.executable, "-c", f"{sleeps}; raise SystemExit(9)"))], work, lambda _line: None)
    assert json.loads((work / STAGES_FILE).read_text())["long"]["seconds"] >= 0.3
    assert run([Stage("long", (sys.executable, "-c", sleeps))], work, lambda _line: None)["long"] >= 0.6


def test_the_student_learns_from_the_teacher_that_grew_out_of_the_listener(tmp_path: Path) -> None:
    todo = {stage.name: stage.command for stage in stages(tmp_path, Path("w"), Path("bundle"), 2)}
    order = list(todo)
    assert (
        order.index("listener")
        < order.index("acted")
        < order.index("teacher")
        < order.index("student")
        < order.index("publish")
    )
    option = {name: dict(pairwise(command)) for name, command in todo.items()}
    assert option["acted"]["--checkpoint"] == "w/listener/checkpoint.pt"  # nothing that ships has a part in it
    assert option["teacher"]["--grow"] == option["student"]["--start"] == "w/listener/checkpoint.pt"
    assert option["student"]["--teacher"] == "w/teacher/checkpoint.pt"
    assert option["publish"]["--checkpoint"] == "w/student/checkpoint.pt"
    assert option["listener"]["--effects"] == option["calibrate"]["--effects"] == option["effects"]["--out"]
