"""ONNX Runtime on one core, with inputs and outputs bound once to the graph's buffers."""

from pathlib import Path

import onnxruntime

from edge_agent.backends.base import Graph, GraphSpec, TensorSpec, check_tensors
from edge_agent.errors import BackendError

_DTYPES = {"tensor(float)": "float32"}
_PROVIDERS = ["CPUExecutionProvider"]
_ERRORS_ONLY = 3


class OnnxGraph(Graph):
    """A session of one thread: for a step of a millisecond, waking a second thread costs more than it gives."""

    def __init__(self, session: onnxruntime.InferenceSession, spec: GraphSpec) -> None:
        """Bind every tensor of `spec` to its buffer."""
        super().__init__(spec)
        self._session = session
        self._binding = session.io_binding()
        for name, buffer in self.inputs.items():
            self._binding.bind_input(name, "cpu", 0, buffer.dtype.type, buffer.shape, buffer.ctypes.data)
        for name, buffer in self.outputs.items():
            self._binding.bind_output(name, "cpu", 0, buffer.dtype.type, buffer.shape, buffer.ctypes.data)

    def run(self) -> None:
        """Compute `outputs` from `inputs`. Hop thread."""
        self._session.run_with_iobinding(self._binding)


def open_graph(path: Path, spec: GraphSpec) -> Graph:
    """Load an ONNX file. Raises BackendError for a file that is no graph, BundleError for another graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=_PROVIDERS)
    except Exception as error:  # the runtime raises a dozen unrelated types for an unusable file
        reason = str(error).splitlines()[0]
        raise BackendError(f"{path}: ONNX Runtime refuses it ({reason}); publish the bundle again") from error
    check_tensors(path, _tensors(session.get_inputs()), spec.all_inputs)
    check_tensors(path, _tensors(session.get_outputs()), spec.all_outputs)
    return OnnxGraph(session, spec)


def _tensors(nodes: list[onnxruntime.NodeArg]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(node.name, tuple(node.shape), _DTYPES.get(node.type, node.type)) for node in nodes)
