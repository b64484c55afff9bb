"""How a manifest is written: JSON that a person can read."""

import json
import re
from pathlib import Path
from typing import Any

from edge_agent.models.bundle import MANIFEST


def as_json(content: dict[str, Any]) -> str:
    """One line for each thing that has no parts with parts."""
    lists_joined = re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), json.dumps(content, indent=1))
    return re.sub(r"\{[^{}]*\}", lambda found: " ".join(found[0].split()), lists_joined) + "\n"


def update_manifest(folder: Path, changes: dict[str, Any]) -> None:
    """Put these in the place of what a bundle's manifest says, whole or not at all."""
    path = folder / MANIFEST
    temporary = path.with_suffix(".tmp")
    temporary.write_text(as_json(json.loads(path.read_text("utf-8")) | changes), "utf-8")
    temporary.rename(path)
