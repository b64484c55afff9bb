"""Runtimes: one file each, imported only when used."""

import importlib
import importlib.util
from pathlib import Path

from edge_agent.backends.base import Graph, GraphSpec
from edge_agent.errors import BackendError

# Backend -> the modules that it can run on.
RUNTIMES = {"litert": ("ai_edge_litert", "tflite_runtime"), "onnx": ("onnxruntime",), "tensorrt": ("tensorrt",)}
# Fastest first: LiteRT needs 60 % of the time that ONNX Runtime needs for one small step (python -m export parity). A
# GPU is never taken unasked: who has one may want it for something else.
AUTOMATIC = ("litert", "onnx")
_READS = {"litert": "litert", "onnx": "onnx", "tensorrt": "onnx"}


def file_kind(backend: str) -> str:
    """Which of a bundle's files a backend reads."""
    return _READS[backend]


def is_installed(backend: str) -> bool:
    """Is a runtime of this backend installed. Imports nothing."""
    return any(importlib.util.find_spec(module) for module in RUNTIMES[backend])


def choose_backend(backend: str, offered: tuple[str, ...]) -> str:
    """The backend to use of those that a bundle offers; "auto" picks the fastest installed. Raises BackendError."""
    if backend not in (*RUNTIMES, "auto"):
        raise BackendError(f"no backend {backend!r}: choose one of auto, {', '.join(RUNTIMES)}")
    wanted = AUTOMATIC if backend == "auto" else (backend,)
    candidates = [name for name in wanted if file_kind(name) in offered]
    if not candidates:
        raise BackendError(f"the bundle has no file for {backend}, only for {', '.join(offered)}: choose one of these")
    for candidate in candidates:
        if is_installed(candidate):
            return candidate
    raise _not_installed(candidates)


def open_graph(path: Path, backend: str, spec: GraphSpec) -> Graph:
    """Load a graph and check it against `spec`. Raises BackendError or BundleError."""
    if not is_installed(backend):
        raise _not_installed([backend])
    module = importlib.import_module(f"edge_agent.backends.{backend}")
    graph: Graph = module.open_graph(path, spec)
    return graph


def _not_installed(backends: list[str]) -> BackendError:
    packages = " or ".join(RUNTIMES[backend][0].replace("_", "-") for backend in backends)
    return BackendError(f"no runtime for {' or '.join(backends)} is installed: pip install {packages}")
