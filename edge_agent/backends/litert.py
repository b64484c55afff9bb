"""LiteRT on one core. Inputs are called `args_K` and outputs `output_K` in the file, in the order of the manifest."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # where a board has only its predecessor
    from tflite_runtime.interpreter import Interpreter

from edge_agent.backends.base import Graph, GraphSpec, TensorSpec, check_tensors
from edge_agent.errors import BackendError

_INPUT, _OUTPUT = "args_{}", "output_{}"


class LiteRtGraph(Graph):
    """An interpreter of one thread, beside the graph's own buffers."""

    def __init__(self, interpreter: Interpreter, spec: GraphSpec) -> None:
        """Look up where each tensor of `spec` lies."""
        super().__init__(spec)
        self._interpreter = interpreter
        ins, outs = _details(interpreter)
        self._ins = [(ins[_INPUT.format(k)]["index"], self.inputs[t.name]) for k, t in enumerate(spec.all_inputs)]
        self._outs = [
            (interpreter.tensor(outs[_OUTPUT.format(k)]["index"]), self.outputs[tensor.name])
            for k, tensor in enumerate(spec.all_outputs)
        ]

    def run(self) -> None:
        """Compute `outputs` from `inputs`. Hop thread."""
        for index, buffer in self._ins:
            self._interpreter.set_tensor(index, buffer)
        self._interpreter.invoke()
        for view, buffer in self._outs:
            # the view must not outlive this line: invoke refuses to run while one is alive
            np.copyto(buffer, view())


def open_graph(path: Path, spec: GraphSpec) -> Graph:
    """Load a .tflite file. Raises BackendError for a file that is no graph, BundleError for another graph."""
    try:
        with _without_greeting():
            interpreter = Interpreter(model_path=str(path), num_threads=1)
            interpreter.allocate_tensors()
        ins, outs = _details(interpreter)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise BackendError(f"{path}: LiteRT refuses it ({reason}); publish the bundle again") from error
    check_tensors(path, _tensors(ins), _numbered(spec.all_inputs, _INPUT))
    check_tensors(path, _tensors(outs), _numbered(spec.all_outputs, _OUTPUT))
    return LiteRtGraph(interpreter, spec)


@contextlib.contextmanager
def _without_greeting() -> Iterator[None]:
    """Standard error is shut: the runtime greets there and cannot be asked not to; its errors come as exceptions."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _details(interpreter: Interpreter) -> tuple[dict[str, Any], dict[str, Any]]:
    runner = interpreter.get_signature_runner()
    return runner.get_input_details(), runner.get_output_details()


def _tensors(details: dict[str, Any]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name, tuple(int(size) for size in one["shape"]), np.dtype(one["dtype"]).name)
        for name, one in details.items()
    )


def _numbered(tensors: tuple[TensorSpec, ...], pattern: str) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(pattern.format(k), tensor.shape, tensor.dtype) for k, tensor in enumerate(tensors))
