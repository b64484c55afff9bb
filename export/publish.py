"""From a checkpoint to a bundle: int8 graphs for every runtime, and the manifest that the agent checks them against."""

import hashlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

from edge_agent.backends.base import TensorSpec
from edge_agent.models.bundle import FORMAT_VERSION, MANIFEST, sha256_of
from edge_agent.models.phones import TOKENS
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, STRIDE_HOPS
from export import to_litert, to_onnx
from export.corpus import recipe_hash
from export.interface import LOOK_AHEAD_HOPS, interface
from export.manifest import as_json
from export.net import ListenerNet
from export.noises import SOUNDS
from export.train import Settings, load_average

RECIPE_FILES = (
    "net.py", "teacher.py", "optimiser.py", "train.py", "batches.py", "noises.py", "people.py", "acted.py", "games.py",
    "steel_sky.py",
)  # fmt: skip
FILES = {"onnx": "listener.onnx", "litert": "listener.tflite"}


def publish(checkpoint: Path, out: Path, seed: int = Settings.seed) -> None:
    """Write the bundle `out` from the averaged weights of `checkpoint`. What it gives: `measured.py`."""
    saved = torch.load(checkpoint, weights_only=True)
    trained = {
        "corpus_recipe": recipe_hash(),
        "training_recipe": training_recipe_hash(),
        "seed": seed,
        "minutes": round(float(saved["used_s"]) / 60.0, 1),
        "num_steps": int(saved["masters"]["steps"]),
    }
    write_bundle(load_average(checkpoint), out, trained, measured={})


def write_bundle(net: ListenerNet, out: Path, trained: dict[str, Any], measured: dict[str, Any]) -> None:
    """Write graphs and manifest, all at the end: a conversion that fails leaves the old bundle whole."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        for backend in track(FILES, description="graphs"):
            _write_graph(net, backend, made / FILES[backend])
        (made / MANIFEST).write_text(as_json(manifest(made, trained, measured)), "utf-8")
        out.mkdir(parents=True, exist_ok=True)
        for path in made.iterdir():
            temporary = out / f"{path.name}.tmp"
            temporary.write_bytes(path.read_bytes())
        for path in made.iterdir():
            (out / f"{path.name}.tmp").rename(out / path.name)


def _write_graph(net: ListenerNet, backend: str, path: Path) -> None:
    writer = {"onnx": to_onnx, "litert": to_litert}[backend]
    with tempfile.TemporaryDirectory() as folder:
        float_path = Path(folder) / "float32"
        writer.write_float(net, float_path)
        writer.write_int8(float_path, path)


def manifest(folder: Path, trained: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    """What `edge_agent/models/bundle.py` reads."""
    spec = interface()
    return {
        "format_version": FORMAT_VERSION,
        "name": "listener",
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "hop_samples": HOP_SAMPLES,
        "stride_hops": STRIDE_HOPS,
        "look_ahead_hops": LOOK_AHEAD_HOPS,
        "inputs": _entries(spec.inputs),
        "outputs": _entries(spec.outputs),
        "states": _entries(spec.states),
        "tokens": list(TOKENS),
        "sounds": list(SOUNDS),
        "trained": trained,
        "measured": measured,
        "files": {
            backend: {"file": name, "num_bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
            for backend, name in FILES.items()
        },
    }


def training_recipe_hash() -> str:
    """Hash of the code that trains; with the seed and the corpus it says where the weights come from."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in RECIPE_FILES)).hexdigest()[:16]


def _entries(tensors: tuple[TensorSpec, ...]) -> list[dict[str, Any]]:
    return [asdict(tensor) for tensor in tensors]
