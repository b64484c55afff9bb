"""A graph with 8-bit products as ordinary float products: what a GPU wants, from the file that is made for processors.

Scales that are taken anew in each step become 1, and integer weights become floats: the multiplication by the weights'
scales, which follows each product, then gives the very numbers of the float network, but for its rounded weights.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

_PRODUCTS = {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}


def read_as_float(path: Path) -> bytes:
    """An ONNX file, serialised with float products. Raises ValueError for a file that is no graph."""
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's own, which differs by version
        raise ValueError(str(error).splitlines()[0]) from None
    graph = model.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            _pass_on(graph, node)
        elif node.op_type in _PRODUCTS:
            _multiply_floats(graph, node, values)
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    # the quantiser names domains that the graph does not use
    domains = [entry for entry in model.opset_import if not entry.domain]
    del model.opset_import[:]
    model.opset_import.extend(domains)
    serialised: bytes = model.SerializeToString()
    return serialised


def _pass_on(graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """The value instead of its integer, with a scale of 1; nobody reads the zero point any more."""
    value, scale = node.output[0], node.output[1]
    graph.initializer.append(numpy_helper.from_array(np.ones((), np.float32), scale))
    node.CopyFrom(helper.make_node("Identity", [node.input[0]], [value], name=node.name))


def _multiply_floats(graph: onnx.GraphProto, node: onnx.NodeProto, values: dict[str, np.ndarray]) -> None:
    value, weight, *zero_points = node.input
    zero = values[zero_points[1]] if len(zero_points) > 1 and zero_points[1] else np.zeros((), np.uint8)
    weights = values[weight].astype(np.float32)
    if node.op_type == "ConvInteger" and zero.ndim:
        zero = zero.reshape(-1, *(1,) * (weights.ndim - 1))  # one for each output channel
    as_float = f"{weight}_float"
    graph.initializer.append(numpy_helper.from_array(weights - zero.astype(np.float32), as_float))
    del node.input[:]
    node.input.extend([value, as_float])
    node.op_type = _PRODUCTS[node.op_type]
