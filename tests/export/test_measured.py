"""Figures go into the manifest of the bundle that they were measured on, and into no other."""

import json
import shutil
from pathlib import Path

import pytest

from edge_agent.errors import EvaluationError
from edge_agent.evaluation.evaluate import PARTS
from edge_agent.models.bundle import Bundle, find_bundle, sha256_of
from export.measured import note_measured

FIGURES = [{"name": "size of all shipped graphs", "value": "5.89 MB", "goal": "<= 8 MB", "is_met": True}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_bundle("default"), tmp_path / "bundle"))


def figures_of(folder: Path, **about: object) -> Path:
    graphs = {backend: sha256_of(path)[:16] for backend, path in Bundle.open(folder).files.items()}
    sections = {name: {"figures": FIGURES if name == "runtimes" else []} for name in PARTS}
    told = {"about": {"graphs": graphs, "limit": 0, "is_quick": False} | about, "sections": sections}
    path = folder.parent / "figures.json"
    path.write_text(json.dumps(told))
    return path


def test_the_bundle_tells_what_was_measured_and_nothing_else_changes(folder: Path) -> None:
    before = json.loads((folder / "manifest.json").read_text())
    note_measured(folder, figures_of(folder))
    assert dict(Bundle.open(folder).measured) == {"size of all shipped graphs": "5.89 MB"}
    after = json.loads((folder / "manifest.json").read_text())
    assert {**after, "measured": {}} == {**before, "measured": {}}


@pytest.mark.parametrize(
    ("about", "says"),
    [({"graphs": {"onnx": "0123"}}, "other graphs"), ({"limit": 60}, "--limit"), ({"is_quick": True}, "--limit")],
)
def test_figures_of_something_else_are_refused(folder: Path, about: dict[str, object], says: str) -> None:
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(EvaluationError, match=says):
        note_measured(folder, figures_of(folder, **about))
    assert (folder / "manifest.json").read_bytes() == before


def test_a_part_that_was_not_measured_is_missed(folder: Path) -> None:
    figures = figures_of(folder)
    told = json.loads(figures.read_text())
    del told["sections"]["wake"]
    figures.write_text(json.dumps(told))
    with pytest.raises(EvaluationError, match="has no wake; run edge-agent models eval without --only"):
        note_measured(folder, figures)


def test_no_figures_at_all(folder: Path) -> None:
    with pytest.raises(EvaluationError, match="run edge-agent models eval first"):
        note_measured(folder, folder / "nothing.json")
