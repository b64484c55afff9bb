"""All figures of a bundle, by one call."""

import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge_agent.errors import EvaluationError
from edge_agent.evaluation.chatter import measure_chatter
from edge_agent.evaluation.commitment import measure_commitment
from edge_agent.evaluation.orders import measure_orders
from edge_agent.evaluation.report import draw, print_report, write_page, write_results
from edge_agent.evaluation.runtimes import measure_runtimes
from edge_agent.evaluation.section import Section
from edge_agent.evaluation.setting import Setting
from edge_agent.evaluation.voice import measure_voice
from edge_agent.evaluation.wake import measure_wake
from edge_agent.models.bundle import Bundle, sha256_of

PARTS: dict[str, Callable[[Setting], Section]] = {
    "orders": measure_orders,
    "chatter": measure_chatter,
    "wake": measure_wake,
    "voice": measure_voice,
    "commitment": measure_commitment,
    "runtimes": measure_runtimes,
}
QUICK_LIMIT = 60


def evaluate(
    folder: Path,
    data: Path,
    out: Path,
    *,
    only: Sequence[str] = (),
    limit: int = 0,
    is_quick: bool = False,
    chatter: Path | None = None,
    peer_python: Path | None = None,
    docs: Path | None = None,
) -> list[Section]:
    """Measure a bundle on the recordings in `data`; print tables, write figures and worst recordings to `out`.

    `docs`: a folder whose models.md and images are brought up to date. Raises EdgeAgentError.
    """
    if unknown := [name for name in only if name not in PARTS]:
        raise EvaluationError(f"no part {unknown[0]!r} of the evaluation; there are {', '.join(PARTS)}")
    began, console, bundle = time.monotonic(), Console(), Bundle.open(folder)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        setting = Setting.of(bundle, data, out / "heard", progress)
        setting.limit = limit or (QUICK_LIMIT if is_quick else 0)
        setting.is_quick, setting.chatter, setting.peer_python = is_quick, chatter, peer_python
        sections = [measure(setting) for name, measure in PARTS.items() if not only or name in only]
    about = _about(bundle, time.monotonic() - began, setting)
    print_report(sections, console)
    write_results(sections, about, out)
    if docs is not None:
        draw([curve for section in sections for curve in section.curves], docs / "images")
        write_page(sections, _sentence(about), docs / "models.md")
    console.print(f"figures.json, worst.md and what to listen to are in {out}", highlight=False)
    return sections


def _about(bundle: Bundle, duration_s: float, setting: Setting) -> dict[str, Any]:
    graphs = {backend: sha256_of(path)[:16] for backend, path in bundle.files.items()}
    return {
        "bundle": bundle.name,
        "graphs": graphs,
        "trained": dict(bundle.trained),
        "duration_s": round(duration_s, 1),
        "is_quick": setting.is_quick,
        "limit": setting.limit,
        "processor": platform.processor() or platform.machine(),
    }


def _sentence(about: dict[str, Any]) -> str:
    graphs = ", ".join(f"{backend} {digest}" for backend, digest in about["graphs"].items())
    extent = f"the first {about['limit']} recordings of each kind" if about["limit"] else "all recordings"
    return f"Graphs {graphs}; {extent}; measured in {about['duration_s']:.0f} s."
