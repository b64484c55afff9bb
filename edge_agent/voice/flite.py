"""flite (Debian `flite`, a BSD-like licence): the voice of the clip bank for free text."""

import tempfile
from pathlib import Path

from edge_agent.voice.base import MAX_TEXT_CHARACTERS, Samples, call_program, find_program, read_wav

VOICE = "slt"


class Flite:
    """Calls `flite`."""

    name = "flite"

    def __init__(self) -> None:
        self._program = find_program("flite")

    @property
    def is_available(self) -> bool:
        """True when the program is installed."""
        return self._program is not None

    def speak(self, text: str) -> Samples | None:
        """See Engine."""
        if self._program is None:
            return None
        with tempfile.TemporaryDirectory(prefix="flite") as folder:
            said, sound = Path(folder) / "said.txt", Path(folder) / "said.wav"
            # A file, because flite takes text only as an argument or a file, and a text may begin with a dash.
            said.write_text(text[:MAX_TEXT_CHARACTERS] + "\n", encoding="utf-8")
            call_program([self._program, "-voice", VOICE, "-f", str(said), "-o", str(sound)], "")
            return read_wav(sound.read_bytes()) if sound.exists() else None
