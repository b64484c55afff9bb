"""A graph with int8 weights, as ONNX Runtime's dynamic quantisation leaves it, with float weights again.

Runtimes with bfloat16 matrix units run the float graph faster; the weights keep the values that int8 left them.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

_FLOAT_NAMES = {"ConvInteger": "Conv", "MatMulInteger": "MatMul"}
_ONE = "one_as_scale"
_BIAS_ROUNDINGS = ("bias_quant_rounded:0", "bias_quantized")  # a bias in units of the scale, which here is one


def with_float_weights(path: Path, out: Path) -> None:
    """Write the graph of `path` to `out` without quantised inputs, weights, biases and LSTMs."""
    model = onnx.load(path)
    nodes = _Nodes(model.graph)
    kept = [nodes.floated(node) for node in model.graph.node if node.op_type != "DynamicQuantizeLinear"]
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    weights = [one for one in model.graph.initializer if one.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    onnx.save(model, out)


class _Nodes:
    """What the nodes of one graph become."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._weights = {one.name: one for one in graph.initializer}
        graph.initializer.append(numpy_helper.from_array(np.float32(1.0), _ONE))
        self._unquantised: dict[str, str] = {}
        for node in graph.node:
            if node.op_type == "DynamicQuantizeLinear":
                self._unquantised |= {node.output[0]: node.input[0], node.output[1]: _ONE}

    def floated(self, node: NodeProto) -> NodeProto:
        if node.op_type in _FLOAT_NAMES:
            return self._product(node)
        if node.op_type == "DynamicQuantizeLSTM":
            return self._lstm(node)
        inputs = [self._unquantised.get(name, name) for name in node.input]
        is_rounding = node.op_type in {"Floor", "Cast"} and node.output[0].endswith(_BIAS_ROUNDINGS)
        return _like(node, "Identity" if is_rounding else node.op_type, inputs)

    def _product(self, node: NodeProto) -> NodeProto:
        weights = self._array(node.input[1])
        if len(node.input) > 3 and node.input[3]:
            zero = self._array(node.input[3])
            per_channel = node.op_type == "ConvInteger" and zero.size > 1
            weights = weights - (zero.reshape((-1,) + (1,) * (weights.ndim - 1)) if per_channel else zero)
        inputs = [self._unquantised[node.input[0]], self._added(weights, f"{node.input[1]}_of_{node.name}")]
        return _like(node, _FLOAT_NAMES[node.op_type], inputs)

    def _lstm(self, node: NodeProto) -> NodeProto:
        inputs = list(node.input)
        for name, place, scale, zero in (("W", 1, 8, 9), ("R", 2, 10, 11)):
            weights, *per_channel = (self._array(inputs[i]) for i in (place, scale, zero))
            scales, zeros = (each.reshape(len(weights), 1, -1) if each.ndim else each for each in per_channel)
            floats = ((weights - zeros) * scales).transpose(0, 2, 1)
            inputs[place] = self._added(floats, f"{name}_of_{node.name}")
        return _like(node, "LSTM", inputs[:8])

    def _array(self, name: str) -> NDArray[np.float32]:
        return numpy_helper.to_array(self._weights[name]).astype(np.float32)

    def _added(self, weights: NDArray[np.float32], name: str) -> str:
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weights, np.float32), name))
        return name


def _like(node: NodeProto, op_type: str, inputs: list[str]) -> NodeProto:
    domain = "" if op_type in {"LSTM", "Identity", *_FLOAT_NAMES.values()} else node.domain
    made = helper.make_node(op_type, inputs, node.output, node.name, domain=domain)
    made.attribute.extend(node.attribute if op_type != "Identity" else [])
    return made
