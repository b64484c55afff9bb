"""piper, where a user has installed it and a voice for it (called as a program, never linked or shipped)."""

import os
import tempfile
from pathlib import Path

from edge_agent.voice.base import MAX_TEXT_CHARACTERS, Samples, call_program, find_program, read_wav

MODEL_VARIABLE = "PIPER_MODEL"


class Piper:
    """Calls `piper` with the voice file that the environment variable PIPER_MODEL names."""

    name = "piper"

    def __init__(self) -> None:
        self._program = find_program("piper")
        self._model = os.environ.get(MODEL_VARIABLE, "")

    @property
    def is_available(self) -> bool:
        """True when the program is installed and its voice file is there."""
        return self._program is not None and bool(self._model) and Path(self._model).is_file()

    def speak(self, text: str) -> Samples | None:
        """See Engine."""
        if self._program is None or not self.is_available:
            return None
        line = " ".join(text[:MAX_TEXT_CHARACTERS].split()) + "\n"  # piper speaks line by line
        with tempfile.TemporaryDirectory(prefix="piper") as folder:
            sound = Path(folder) / "said.wav"
            call_program([self._program, "--model", self._model, "--output_file", str(sound)], line)
            return read_wav(sound.read_bytes()) if sound.exists() else None
