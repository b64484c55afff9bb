"""The TensorRT backend against a stand-in with the real bindings' names; no GPU is here to run the real one."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edge_agent.backends import choose_backend, tensorrt
from edge_agent.errors import BackendError, BundleError
from edge_agent.models.bundle import Bundle
from edge_agent.models.listener import Listener
from tests.backends import fake_tensorrt
from tests.backends.fake_tensorrt import Builder, Cuda, Error, OnnxParser

TINY = Path(__file__).parents[1] / "data" / "tiny_bundle"


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cuda:
    """A board with a GPU and an empty cache."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("edge_agent.backends.importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr(Builder, "num_built", 0)
    return fake_tensorrt.install(monkeypatch)


@pytest.fixture
def any_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines from the graph as it is: the onnx package, which makes it fit, comes with the extra `tensorrt`."""
    float_graph = ModuleType("edge_agent.backends.float_graph")
    float_graph.__dict__["read_as_float"] = Path.read_bytes
    monkeypatch.setitem(sys.modules, float_graph.__name__, float_graph)
    monkeypatch.setattr(OnnxParser, "knows_integers", True)


@pytest.mark.usefixtures("cuda")
def test_the_listener_hears_what_it_hears_on_a_processor() -> None:
    pytest.importorskip("onnx", reason="onnx is part of the [tensorrt] extra")
    gpu, processor = (Listener(Bundle.open(TINY), backend) for backend in ("tensorrt", "onnx"))
    steps = np.random.default_rng(2).normal(-4.0, 2.0, (40, 4, 40)).astype(np.float32)
    for step in steps:
        gpu.step(step)
        processor.step(step)
    assert gpu.num_faults == processor.num_faults == 0
    assert gpu.backend == "tensorrt"
    # float products of the same rounded weights: the processor also rounds what it multiplies them with
    np.testing.assert_allclose(np.exp(gpu.log_posteriors), np.exp(processor.log_posteriors), atol=0.02)
    assert abs(gpu.p_voice - processor.p_voice) < 0.02


@pytest.mark.usefixtures("cuda", "any_graph")
def test_an_engine_is_built_once_and_again_when_its_file_is_altered(tmp_path: Path) -> None:
    bundle = Bundle.open(TINY)
    for _ in range(2):
        tensorrt.open_graph(bundle.files["onnx"], bundle.spec)
    assert Builder.num_built == 1
    (plan,) = (tmp_path / "engines").iterdir()
    plan.write_bytes(plan.read_bytes()[:-1])
    tensorrt.open_graph(bundle.files["onnx"], bundle.spec)
    assert Builder.num_built == 2


@pytest.mark.parametrize(("status", "num_gpus", "reason"), [
    (Error.cudaErrorInsufficientDriver, 0, "cudaErrorInsufficientDriver"), (Error.cudaSuccess, 0, "there is no GPU"),
])  # fmt: skip
def test_a_machine_without_cuda_is_one_line_with_the_cure(
    cuda: Cuda, status: Error, num_gpus: int, reason: str
) -> None:
    cuda.status, cuda.num_gpus = status, num_gpus
    with pytest.raises(BackendError, match=f"{reason}; choose backend auto") as caught:
        Listener(Bundle.open(TINY), "tensorrt")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("any_graph")
def test_a_gpu_that_fails_costs_a_step(cuda: Cuda) -> None:
    listener = Listener(Bundle.open(TINY), "tensorrt")
    cuda.status = Error.cudaErrorMemoryAllocation
    listener.step(np.zeros((4, 40), np.float32))
    cuda.status = Error.cudaSuccess
    listener.step(np.zeros((4, 40), np.float32))
    assert listener.num_faults == 1


@pytest.mark.usefixtures("cuda")
def test_integer_products_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, any_graph: None) -> None:
    monkeypatch.setattr(OnnxParser, "knows_integers", False)
    with pytest.raises(BackendError, match=r"TensorRT refuses it .*MatMulInteger.*; choose backend litert or onnx"):
        Listener(Bundle.open(TINY), "tensorrt")


@pytest.mark.usefixtures("cuda", "any_graph")
def test_a_graph_of_another_bundle_is_refused() -> None:
    bundle = Bundle.open(TINY)
    spec = type(bundle.spec)(bundle.spec.inputs, bundle.spec.outputs, bundle.spec.states[:-1])
    with pytest.raises(BundleError, match="does not name"):
        tensorrt.open_graph(bundle.files["onnx"], spec)


@pytest.mark.usefixtures("cuda")
def test_it_is_taken_only_when_asked_for() -> None:
    assert choose_backend("auto", ("onnx",)) == "onnx"
    assert choose_backend("tensorrt", ("onnx", "litert")) == "tensorrt"
