"""The microphone's switch as a file, so that a command line, a button's script and another program can move it.

It holds one word, `off` or `on`, and outlives the agent: who was muted stays so after a restart. Where there is no
file, the profile says (`privacy.state: muted` is off).
"""

import os
from pathlib import Path

from edge_agent.whole_file import write_whole

FILE_NAME = "microphone"
_WORDS = {"off": True, "on": False}


def default_path() -> Path:
    """Where the switch is when the profile does not say."""
    state = os.environ.get("STATE_DIRECTORY") or os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "edge-agent" / FILE_NAME


def is_off(path: Path, otherwise: bool) -> bool:
    """How it stands; `otherwise` where nobody has moved it, or what stands there is neither word."""
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            return _WORDS.get(file.read(8).strip(), otherwise)
    except OSError:
        return otherwise


def move(path: Path, off: bool) -> None:
    """Whole or not at all. Raises OSError."""
    write_whole(path, "off\n" if off else "on\n")
