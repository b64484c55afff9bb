"""A dynamically quantised graph with float weights again: says what the int8 one says, to its own precision."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

onnx = pytest.importorskip("onnx", reason="comes with the extra 'export'")

from onnx import helper, numpy_helper  # noqa: E402
from onnxruntime.quantization import quantize_dynamic  # noqa: E402

from export.float_weights import with_float_weights  # noqa: E402


def test_the_float_graph_agrees_with_the_quantised_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = {"kernel": (6, 3, 5), "bias": (6,), "matrix": (6, 4)}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["sound", "kernel", "bias"], ["heard"], "conv", pads=[2, 2]),
        helper.make_node("Transpose", ["heard"], ["turned"], "turn", perm=[0, 2, 1]),
        helper.make_node("MatMul", ["turned", "matrix"], ["said"], "product"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("sound", onnx.TensorProto.FLOAT, [1, 3, "hops"])],
        [helper.make_tensor_value_info("said", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, tmp_path / "float.onnx")
    quantize_dynamic(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    with_float_weights(tmp_path / "int8.onnx", tmp_path / "again.onnx")

    sound = rng.normal(size=(1, 3, 40)).astype(np.float32)
    said = {
        name: onnxruntime.InferenceSession(tmp_path / f"{name}.onnx").run(None, {"sound": sound})[0]
        for name in ("float", "int8", "again")
    }
    assert {node.op_type for node in onnx.load(tmp_path / "again.onnx").graph.node}.isdisjoint(
        {"ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"}
    )
    assert 0 < np.abs(said["again"] - said["float"]).max() <= np.abs(said["int8"] - said["float"]).max() * 1.5
