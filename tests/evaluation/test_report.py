"""What an evaluation leaves behind, and what it refuses."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge_agent.cli.main import cli
from edge_agent.errors import EvaluationError
from edge_agent.evaluation.evaluate import PARTS
from edge_agent.evaluation.report import draw, summary, write_page, write_results
from edge_agent.evaluation.section import Curve, Figure, Section, Table, Worst
from edge_agent.evaluation.wake import Scores
from edge_agent.models.bundle import DEFAULT_BUNDLE

ORDERS = Section(
    "orders",
    figures=[Figure("right, clean", "98.5 % (95.0-99.6)", ">= 98%", True), Figure("error", "0.02")],
    tables=[Table("200 orders", ("hearing", "right"), [("clean", "98.5 %"), ("6 dB|loud", "90 %")])],
    curves=[Curve("orders", "Orders", ("dB", "right"), {"orders": [(6.0, 0.9), (24.0, 0.98)]})],
    worst=[Worst("clean_one", "Order {}", "tea", np.zeros(1600, np.float32))],
    notes=["1 sound without a label: x.flac"],
)
PAGE = "# Models\n<!-- eval:summary -->\nold\n<!-- /eval -->\nbetween\n<!-- eval:orders -->\n<!-- /eval -->\nend\n"


def test_figures_and_the_sounds_to_listen_to_are_written(tmp_path: Path) -> None:
    write_results([ORDERS], {"bundle": "listener"}, tmp_path)
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["sections"]["orders"]["figures"][0]["is_met"] is True
    assert written["sections"]["orders"]["notes"] == ORDERS.notes
    assert "| worst/orders/00_clean_one.flac | Order {} | tea |" in (tmp_path / "worst.md").read_text()
    assert (tmp_path / "worst" / "orders" / "00_clean_one.flac").stat().st_size > 0


def test_tables_go_between_the_marks_of_the_page_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "models.md"
    page.write_text(PAGE)
    write_page([ORDERS], "Graphs x.", page)
    text = page.read_text()
    assert "old" not in text
    assert "Graphs x.\n\n| figure | goal | measured |  |" in text
    assert "| right, clean | >= 98% | 98.5 % (95.0-99.6) | met |" in text
    assert "| 6 dB\\|loud | 90 % |" in text
    assert text.startswith("# Models\n")
    assert "\nbetween\n" in text
    write_page([ORDERS], "Graphs x.", page)
    assert page.read_text() == text


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models.md").write_text("# Models\n")
    with pytest.raises(EvaluationError, match="eval:summary"):
        write_page([ORDERS], "", tmp_path / "models.md")


def test_pictures_are_drawn_or_the_library_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = draw(ORDERS.curves, tmp_path)
    assert path.name == "orders.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EvaluationError, match="pip install"):
        draw(ORDERS.curves, tmp_path)


def test_the_summary_says_what_is_met() -> None:
    assert [row[3] for row in summary([ORDERS]).rows] == ["met", ""]


def test_wake_scores_at_so_many_false_wakes() -> None:
    scores = Scores("jarvis", [0.2, 0.6, 0.9, 1.0], [1.0] * 4, [0.5, 0.7, 0.1], num_hours=10.0)
    allowed = scores.threshold(0.1)
    assert 0.5 < allowed < 0.51
    assert scores.false_wakes(allowed) == 1
    assert scores.misses(allowed).count == 1
    assert scores.misses(scores.threshold(0.0)).count == 2


def test_the_command_line_names_every_part() -> None:
    shown = CliRunner().invoke(cli, ["models", "eval", "--help"]).stdout
    assert all(part in shown for part in PARTS)
    assert CliRunner().invoke(cli, ["models"]).stdout.startswith("default: listener, complete and unaltered")


def test_a_bundle_of_another_token_set_is_refused(tmp_path: Path) -> None:
    manifest = json.loads((DEFAULT_BUNDLE / "manifest.json").read_text())
    manifest["tokens"] = manifest["tokens"][:-1]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    result = CliRunner().invoke(cli, ["models", "eval", "--bundle", str(tmp_path), "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "tokens" in result.stderr
    assert len(result.stderr.splitlines()) == 1
