"""Listener to ONNX: float32, and int8 with scales of activations taken anew in each step.

Of the ways to 8 bits this one holds accuracy best for one step at a time (signal to noise of log posteriors on streamed
speech, early network): dynamic 60 dB, static QDQ 47-48 dB; block-wise weights alone 67 dB but eight times the time.
Weights are unsigned: with signed ones, processors that have AVX2 but no VNNI saturate their 16-bit sums.
"""

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.interface import interface, traceable
from export.net import ListenerNet


def write_float(net: ListenerNet, path: Path) -> None:
    """Write the float32 graph."""
    module, inputs = traceable(net)
    spec = interface()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own insides
        torch.onnx.export(
            module,
            inputs,
            str(path),
            input_names=[tensor.name for tensor in spec.all_inputs],
            output_names=[tensor.name for tensor in spec.all_outputs],
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def write_int8(float_path: Path, path: Path) -> None:
    """Quantise the float32 graph."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(float_path), str(prepared), skip_symbolic_shape=True)
        model = onnx.load(prepared)
        # the shapes that the exporter notes for weights are wrong once the quantiser has transposed these
        del model.graph.value_info[:]
        onnx.save(model, prepared)
        quantize_dynamic(str(prepared), str(path), per_channel=True, weight_type=QuantType.QUInt8)
    onnx.save(_without_notes(onnx.load(path)), path)


def _without_notes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what the exporter notes about the source: stack traces with the paths of the machine that it ran on."""
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.input,
        *model.graph.output,
        *model.graph.initializer,
    ):
        part.doc_string = ""
        del part.metadata_props[:]
    del model.graph.value_info[:]
    return model
