"""TensorRT 11.4 and cuda.bindings 13 as far as the backend uses them, with ONNX Runtime in place of the GPU.

Every name here is one of the real bindings (checked against both), an unknown one raises as theirs do, and results go
the same way: from the addresses that were set, to the addresses that were set.
"""

import ctypes
import sys
from enum import IntEnum
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

PLAN = b"plan of "


class Context:
    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session, self._addresses = session, dict[str, int]()

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        session = self._session
        results = session.run(None, {one.name: self._at(one) for one in session.get_inputs()})
        for one, result in zip(session.get_outputs(), results, strict=True):
            self._at(one)[:] = result
        return True

    def _at(self, tensor: onnxruntime.NodeArg) -> np.ndarray:
        count = int(np.prod(tensor.shape))
        memory = (ctypes.c_float * count).from_address(self._addresses[tensor.name])
        return np.frombuffer(memory, np.float32).reshape(tensor.shape)


class Engine:
    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._tensors = {one.name: one for one in (*session.get_inputs(), *session.get_outputs())}
        self.num_io_tensors = len(self._tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self._tensors)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._tensors[name].shape)

    def get_tensor_dtype(self, name: str) -> str:
        return "float32"

    def get_tensor_mode(self, name: str) -> int:
        return 1 if name in {one.name for one in self._session.get_inputs()} else 2

    def create_execution_context(self) -> Context:
        return Context(self._session)


class Runtime:
    def __init__(self, logger: object) -> None: ...

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> Engine | None:
        if not serialized_engine.startswith(PLAN):
            return None
        return Engine(onnxruntime.InferenceSession(serialized_engine[len(PLAN) :]))


class OnnxParser:
    knows_integers = False  # as TensorRT, which has no integer products

    def __init__(self, network: SimpleNamespace, logger: object) -> None:
        self._network = network

    def parse(self, model: bytes) -> bool:
        self._network.model = model
        return self.knows_integers or b"Integer" not in model

    def get_error(self, index: int) -> str:
        return "no importer for MatMulInteger"


class Builder:
    num_built = 0

    def __init__(self, logger: object) -> None: ...

    def create_network(self, flags: int = 0) -> SimpleNamespace:
        assert flags == 2, "strongly typed"
        return SimpleNamespace()

    def create_builder_config(self) -> SimpleNamespace:
        return SimpleNamespace(set_memory_pool_limit=lambda pool, num_bytes: None)

    def build_serialized_network(self, network: SimpleNamespace, config: object) -> bytes:
        Builder.num_built += 1
        return PLAN + network.model


class Error(IntEnum):
    cudaSuccess = 0
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35


class Cuda(ModuleType):
    """cuda.bindings.runtime; host and device addresses are the same here."""

    cudaHostAllocMapped = 2
    cudaDeviceScheduleBlockingSync = 4

    def __init__(self) -> None:
        super().__init__("cuda.bindings.runtime")
        self.status, self.num_gpus = Error.cudaSuccess, 1
        self._memory: list[Any] = []

    def cudaGetDeviceCount(self) -> tuple[Error, int]:
        return self.status, self.num_gpus

    def cudaSetDeviceFlags(self, flags: int) -> tuple[Error]:
        return (Error.cudaSuccess,)

    def cudaGetDeviceProperties(self, device: int) -> tuple[Error, Any]:
        return Error.cudaSuccess, SimpleNamespace(name=b"Orin", major=8, minor=7)

    def cudaHostAlloc(self, size: int, flags: int) -> tuple[Error, int]:
        self._memory.append(ctypes.create_string_buffer(b"\xff" * size, size))
        return self.status, ctypes.addressof(self._memory[-1])

    def cudaHostGetDevicePointer(self, pointer: int, flags: int) -> tuple[Error, int]:
        return Error.cudaSuccess, pointer

    def cudaStreamCreate(self) -> tuple[Error, int]:
        return Error.cudaSuccess, 7

    def cudaStreamSynchronize(self, stream: int) -> tuple[Error]:
        return (self.status,)

    def cudaGetErrorString(self, error: Error) -> tuple[Error, bytes]:
        return Error.cudaSuccess, error.name.encode()


def install(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    """Put both in the place of the real ones; the CUDA runtime, to be told what to answer."""
    tensorrt, bindings, cuda = ModuleType("tensorrt"), ModuleType("cuda.bindings"), Cuda()
    tensorrt.__dict__.update(
        __version__="11.4.0.106", Builder=Builder, Runtime=Runtime, OnnxParser=OnnxParser, nptype=np.dtype,
        Logger=type("Logger", (), {"ERROR": 1, "__init__": lambda self, severity: None}),
        NetworkDefinitionCreationFlag=SimpleNamespace(STRONGLY_TYPED=1),
        MemoryPoolType=SimpleNamespace(WORKSPACE=0), TensorIOMode=SimpleNamespace(INPUT=1),
    )  # fmt: skip
    bindings.__dict__["runtime"] = cuda
    for name, module in {"tensorrt": tensorrt, "cuda": ModuleType("cuda"), "cuda.bindings": bindings}.items():
        monkeypatch.setitem(sys.modules, name, module)
    return cuda
