"""How a manifest is written: JSON that a person can read."""

import json
import re
from typing import Any


def as_json(content: dict[str, Any]) -> str:
    """One line for each thing that has no parts with parts."""
    lists_joined = re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), json.dumps(content, indent=1))
    return re.sub(r"\{[^{}]*\}", lambda found: " ".join(found[0].split()), lists_joined) + "\n"
