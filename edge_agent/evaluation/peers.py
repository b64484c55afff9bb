"""Other systems on the same recordings, in a Python of their own (`--peer-python`), so that none is a dependency.

Sounds go to `benchmarks/listening_peers.py` of a checkout in one file, scores come back in another.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.evaluation.recordings import Floats

RUNNER = Path(__file__).resolve().parents[2] / "benchmarks" / "listening_peers.py"
TIME_LIMIT_S = 300.0


class Peer(Enum):
    """Names that the runner knows."""

    SILERO = "silero"
    WEBRTC = "webrtcvad"
    POCKETSPHINX_KEYPHRASE = "pocketsphinx_keyphrase"
    POCKETSPHINX_GRAMMAR = "pocketsphinx_grammar"
    MICRO_WAKE_WORD = "pymicro_wakeword"


class Peers:
    """Runs peers; one that cannot be run is complained of, and gives nothing."""

    def __init__(self, python: Path | None) -> None:
        self._python = python
        self.complaints: list[str] = []

    def run(self, peer: Peer, sounds: Sequence[Floats], **options: str) -> list[NDArray[Any]]:
        """An array for each sound, in order, as far as the peer came in its time; empty where there is no peer."""
        if self._python is None:
            return []
        with tempfile.TemporaryDirectory() as folder:
            given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
            arrays = {f"{index:06d}": (sound * 32767).astype(np.int16) for index, sound in enumerate(sounds)}
            np.savez(given, **arrays)  # type: ignore[arg-type]
            words = [f"{name}={value}" for name, value in options.items()]
            command = [str(self._python), str(RUNNER), peer.value, str(given), str(answer), *words]
            try:
                result = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                self.complaints.append(f"{peer.value} was not run: {type(error).__name__}")
                return []
            if result.returncode != 0 or not answer.exists():
                last = (result.stderr.strip().splitlines() or ["no message"])[-1]
                self.complaints.append(f"{peer.value} was not run: {last}")
                return []
            with np.load(answer) as answers:
                return [answers[name] for name in sorted(answers.files)]
