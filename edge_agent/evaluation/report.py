"""What an evaluation leaves behind: tables on the terminal, figures as JSON, sounds to listen to, a page, pictures."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import soundfile
from rich.console import Console
from rich.table import Table as RichTable

from edge_agent.errors import EvaluationError
from edge_agent.evaluation.section import Curve, Figure, Section, Table
from edge_agent.units import SAMPLE_RATE_HZ

HEADINGS = ("figure", "goal", "measured", "")


def summary(sections: Sequence[Section]) -> Table:
    """All figures with their goals."""
    figures = [figure for section in sections for figure in section.figures]
    return Table("figures", HEADINGS, [(one.name, one.goal, one.value, _verdict(one)) for one in figures])


def _verdict(figure: Figure) -> str:
    return {True: "met", False: "not met", None: ""}[figure.is_met]


def print_report(sections: Sequence[Section], console: Console) -> None:
    """Tables of each part, then the summary."""
    for section in sections:
        for table in section.tables:
            console.print(_rich(table))
        for note in section.notes:
            console.print(note, style="dim", highlight=False)
    console.print(_rich(summary(sections)))


def _rich(table: Table) -> RichTable:
    shown = RichTable(*table.headings, title=table.title)
    for row in table.rows:
        shown.add_row(*row)
    return shown


def as_markdown(table: Table) -> str:
    """A table of a page."""
    lines = [table.headings, tuple("---" for _ in table.headings), *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write_results(sections: Sequence[Section], about: dict[str, Any], out: Path) -> None:
    """`out/figures.json`, `out/worst.md` and the sounds that it names in `out/worst/`."""
    out.mkdir(parents=True, exist_ok=True)
    parts = {
        section.name: {
            "figures": [asdict(one) for one in section.figures],
            "tables": [asdict(one) for one in section.tables],
            "notes": section.notes,
        }
        for section in sections
    }
    (out / "figures.json").write_text(json.dumps({"about": about, "sections": parts}, indent=1), encoding="utf-8")
    lines = []
    for section in sections:
        for place, one in enumerate(section.worst):
            path = out / "worst" / section.name / f"{place:02d}_{one.name}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, one.sound, SAMPLE_RATE_HZ)
            lines.append((path.relative_to(out).as_posix(), one.said, one.heard))
    page = as_markdown(Table("", ("recording", "said", "heard"), lines))
    (out / "worst.md").write_text(f"# Worst recordings, to listen to\n\n{page}\n", encoding="utf-8")


def write_page(sections: Sequence[Section], about: str, page: Path) -> None:
    """Put tables between the page's marks `<!-- eval:NAME -->` and `<!-- /eval -->`. EvaluationError without marks."""
    text = page.read_text(encoding="utf-8")
    named = {"summary": f"{about}\n\n{as_markdown(summary(sections))}"}
    for section in sections:
        tables = [f"{table.title[:1].upper()}{table.title[1:]}:\n\n{as_markdown(table)}" for table in section.tables]
        named[section.name] = "\n\n".join([*tables, *section.notes])
    found = 0
    for name, content in named.items():
        pattern = re.compile(rf"(<!-- eval:{name} -->\n).*?(<!-- /eval -->)", re.DOTALL)
        text, count = pattern.subn(lambda match, content=content: f"{match[1]}{content}\n{match[2]}", text)  # type: ignore[misc]
        found += count
    if not found:
        raise EvaluationError(
            f"{page}: no place for tables; put <!-- eval:summary --> and <!-- /eval --> where they belong"
        )
    page.write_text(text, encoding="utf-8")


def draw(curves: Sequence[Curve], folder: Path) -> list[Path]:
    """One picture for each. Raises EvaluationError where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure as Picture
    except ImportError as error:
        raise EvaluationError(
            "pictures need matplotlib: pip install 'edge-agent[picture]', or leave out --docs"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for curve in curves:
        picture = Picture(figsize=(6, 4), layout="constrained")
        axes = picture.subplots()
        for name, points in curve.lines.items():
            axes.plot(
                [x for x, _ in points], [y for _, y in points], marker="." if len(points) < 40 else "", label=name
            )
        if curve.diagonal:
            axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
        axes.set(title=curve.title, xlabel=curve.axes[0], ylabel=curve.axes[1])
        axes.set_xscale("log" if curve.is_log[0] else "linear")
        axes.grid(alpha=0.3)
        axes.legend()
        paths.append(folder / f"{curve.file}.png")
        picture.savefig(paths[-1], dpi=80)
    return paths
