"""Puts what `edge-agent models eval` measured into the manifest of the bundle that it was measured on."""

import json
from pathlib import Path
from typing import Any

from edge_agent.errors import EvaluationError
from edge_agent.evaluation.evaluate import PARTS
from edge_agent.models.bundle import Bundle, sha256_of
from export.manifest import update_manifest


def note_measured(folder: Path, figures: Path) -> dict[str, str]:
    """Write every figure of `figures` (`figures.json`) by its name; what was written.

    Raises EvaluationError where the figures are of other graphs, of some recordings only, or not all of them.
    """
    bundle = Bundle.open(folder)
    told = _read(figures)
    about = told["about"]
    if about["graphs"] != {backend: sha256_of(path)[:16] for backend, path in bundle.files.items()}:
        raise EvaluationError(
            f"{figures}: measured on other graphs than {folder} has; run edge-agent models eval again"
        )
    if about["limit"] or about["is_quick"]:
        raise EvaluationError(
            f"{figures}: measured on some recordings only; run edge-agent models eval without --limit"
        )
    if missing := [name for name in PARTS if name not in told["sections"]]:
        raise EvaluationError(f"{figures}: has no {', '.join(missing)}; run edge-agent models eval without --only")
    measured = {one["name"]: one["value"] for section in told["sections"].values() for one in section["figures"]}
    update_manifest(folder, {"measured": measured})
    return measured


def _read(figures: Path) -> Any:
    try:
        return json.loads(figures.read_text("utf-8"))
    except (OSError, ValueError):
        raise EvaluationError(f"{figures}: no figures that can be read; run edge-agent models eval first") from None
