"""TensorRT, for boards that have it: chosen in a profile, never by "auto".

An engine fits one graph, one TensorRT and one kind of GPU. It is built on the board from the bundle's ONNX file at the
first start (some minutes), strongly typed, and kept with its hash in the cache folder. The graph's buffers are memory
that processor and GPU share, so that a step copies nothing.
"""

import ctypes
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.backends.base import Graph, GraphSpec, TensorSpec, check_tensors
from edge_agent.errors import BackendError

_WORKSPACE_BYTES = 64 << 20
_HASH_BYTES = 32


class TensorRtGraph(Graph):
    """An execution context whose tensors lie in the graph's own buffers."""

    def __init__(self, engine: Any, cuda: Any, spec: GraphSpec) -> None:
        """Give every tensor of `spec` its place. Raises BackendError when the GPU has no memory for it."""
        self._cuda = cuda
        self._engine = engine  # a context does not keep it alive
        self._context = engine.create_execution_context()
        super().__init__(spec)
        for name, buffer in {**self.inputs, **self.outputs}.items():
            on_gpu = _checked(cuda, cuda.cudaHostGetDevicePointer(buffer.ctypes.data, 0))
            self._context.set_tensor_address(name, int(on_gpu))
        self._stream = _checked(cuda, cuda.cudaStreamCreate())
        self._stream_handle = int(self._stream)

    def run(self) -> None:
        """Compute `outputs` from `inputs`. Hop thread; sleeps while the GPU works."""
        if not self._context.execute_async_v3(self._stream_handle):
            raise RuntimeError("TensorRT did not start the step")
        (status,) = self._cuda.cudaStreamSynchronize(self._stream)
        if status:
            raise RuntimeError("the GPU did not finish the step")

    def make_buffer(self, tensor: TensorSpec) -> NDArray[np.float32]:
        """Memory that the GPU reads and writes too; kept as long as the process, as the agent's one graph is."""
        count = int(np.prod(tensor.shape))
        num_bytes = count * np.dtype(tensor.dtype).itemsize
        address = int(_checked(self._cuda, self._cuda.cudaHostAlloc(num_bytes, self._cuda.cudaHostAllocMapped)))
        memory = memoryview((ctypes.c_byte * num_bytes).from_address(address))
        buffer: NDArray[np.float32] = np.frombuffer(memory, tensor.dtype).reshape(tensor.shape)
        buffer.fill(0.0)
        return buffer


def open_graph(path: Path, spec: GraphSpec) -> Graph:
    """Build or fetch the engine of an ONNX file.

    Raises BackendError without a GPU or for a file that is no graph, BundleError for another graph.
    """
    cuda = _cuda()
    import tensorrt  # only now: without a GPU some of its libraries end the process

    logger = tensorrt.Logger(tensorrt.Logger.ERROR)
    engine = _engine(tensorrt, logger, path, _cache_path(tensorrt, cuda, path))
    names = [engine.get_tensor_name(k) for k in range(engine.num_io_tensors)]
    for is_input, tensors in ((True, spec.all_inputs), (False, spec.all_outputs)):
        found = (name for name in names if (engine.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT) == is_input)
        check_tensors(path, tuple(_tensor(tensorrt, engine, name) for name in found), tensors)
    return TensorRtGraph(engine, cuda, spec)


def _cuda() -> Any:
    """The CUDA runtime, ready for use. Raises BackendError where it is not."""
    cure = "choose backend auto, litert or onnx in the profile"
    try:
        from cuda.bindings import runtime

        status, num_gpus = runtime.cudaGetDeviceCount()
        reason = _reason(runtime, status) if status else "" if num_gpus else "there is no GPU"
    except (ImportError, RuntimeError) as error:  # the latter when the driver's library is missing
        raise BackendError(f"TensorRT cannot be used: {str(error).splitlines()[0]}; {cure}") from None
    if reason:
        raise BackendError(f"TensorRT cannot be used: {reason}; {cure}")
    _checked(runtime, runtime.cudaSetDeviceFlags(runtime.cudaDeviceScheduleBlockingSync))
    return runtime


def _engine(tensorrt: Any, logger: Any, path: Path, cached: Path) -> Any:
    runtime = tensorrt.Runtime(logger)
    kept = cached.read_bytes() if cached.is_file() else b""
    plan = kept[_HASH_BYTES:]
    if kept[:_HASH_BYTES] != hashlib.sha256(plan).digest():
        plan = _build(tensorrt, logger, path)
        _keep(cached, hashlib.sha256(plan).digest() + plan)
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise BackendError(f"{path}: TensorRT cannot load the engine that it built; delete {cached} and start again")
    return engine


def _build(tensorrt: Any, logger: Any, path: Path) -> bytes:
    try:
        from edge_agent.backends.float_graph import read_as_float

        model = read_as_float(path)
    except ImportError:
        raise BackendError("onnx is not installed, with which an engine is built: pip install onnx") from None
    except ValueError as error:
        raise BackendError(f"{path}: is no ONNX graph ({error}); publish the bundle again") from None
    builder = tensorrt.Builder(logger)
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(model):
        raise BackendError(f"{path}: TensorRT refuses it ({parser.get_error(0)}); choose backend litert or onnx")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise BackendError(f"{path}: TensorRT cannot build an engine for this GPU; choose backend litert or onnx")
    return bytes(plan)


def _cache_path(tensorrt: Any, cuda: Any, path: Path) -> Path:
    gpu = _checked(cuda, cuda.cudaGetDeviceProperties(0))
    what = f"{tensorrt.__version__} {gpu.name} {gpu.major}.{gpu.minor} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    # systemd gives a folder of the service's own
    state = os.environ.get("STATE_DIRECTORY")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-agent"
    return (Path(state) if state else user) / "engines" / f"{hashlib.sha256(what.encode()).hexdigest()[:32]}.plan"


def _keep(path: Path, content: bytes) -> None:
    """Whole or not at all. Raises BackendError when the folder cannot be written."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        cure = "set XDG_CACHE_HOME to a folder that can be written"
        raise BackendError(f"{path}: the engine cannot be kept ({error.strerror}); {cure}") from None


def _tensor(tensorrt: Any, engine: Any, name: str) -> TensorSpec:
    shape = tuple(int(size) for size in engine.get_tensor_shape(name))
    return TensorSpec(name, shape, np.dtype(tensorrt.nptype(engine.get_tensor_dtype(name))).name)


def _checked(cuda: Any, answer: tuple[Any, ...]) -> Any:
    """What a CUDA call gives beside its status. Raises BackendError."""
    status, *values = answer
    if status:
        raise BackendError(f"the GPU refuses ({_reason(cuda, status)}); choose backend litert or onnx in the profile")
    return values[0] if values else None


def _reason(cuda: Any, status: Any) -> str:
    _, text = cuda.cudaGetErrorString(status)
    return str(text.decode())
