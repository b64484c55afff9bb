"""Runtimes: one file each, imported only when used."""

import importlib
import importlib.util
from pathlib import Path

from edge_agent.backends.base import Graph, GraphSpec
from edge_agent.errors import BackendError

# Backend -> the modules that it can run on. The first backend that is installed is what "auto" means: LiteRT needs a
# third of ONNX Runtime's time for one small step (docs/models.md).
RUNTIMES = {"litert": ("ai_edge_litert", "tflite_runtime"), "onnx": ("onnxruntime",)}


def is_installed(backend: str) -> bool:
    """Is a runtime of this backend installed. Imports nothing."""
    return any(importlib.util.find_spec(module) for module in RUNTIMES[backend])


def choose_backend(backend: str, offered: tuple[str, ...]) -> str:
    """The backend to use of those that a bundle offers; "auto" picks the fastest installed. Raises BackendError."""
    if backend not in (*RUNTIMES, "auto"):
        raise BackendError(f"no backend {backend!r}: choose one of auto, {', '.join(RUNTIMES)}")
    usable = [name for name in RUNTIMES if name in offered and is_installed(name)]
    if backend == "auto" and usable:
        return usable[0]
    if backend in usable:
        return backend
    modules = " or ".join(RUNTIMES["onnx" if backend == "auto" else backend][:1]).replace("_", "-")
    if backend != "auto" and backend not in offered:
        raise BackendError(f"the bundle has no file for {backend}, only for {', '.join(offered)}: choose one of these")
    raise BackendError(f"no runtime for {backend} is installed: pip install {modules}")


def open_graph(path: Path, backend: str, spec: GraphSpec) -> Graph:
    """Load a graph and check it against `spec`. Raises BackendError or BundleError."""
    if not is_installed(backend):
        raise BackendError(
            f"no runtime for {backend} is installed: pip install {RUNTIMES[backend][0].replace('_', '-')}"
        )
    module = importlib.import_module(f"edge_agent.backends.{backend}")
    graph: Graph = module.open_graph(path, spec)
    return graph
