"""Listener to LiteRT: float32, and int8 with scales of activations taken anew in each step.

This recipe keeps inputs, outputs and states float32; static ones give a state another scale going out than coming in.
"""

import contextlib
import io
import warnings
from pathlib import Path

from export.interface import traceable
from export.net import ListenerNet


def write_float(net: ListenerNet, path: Path) -> None:
    """Write the float32 graph."""
    import litert_torch  # takes seconds

    module, inputs = traceable(net)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of the converter, about its own insides
        litert_torch.convert(module, inputs).export(str(path))


def write_int8(float_path: Path, path: Path) -> None:
    """Quantise the float32 graph."""
    from ai_edge_quantizer import quantizer, recipe

    path.unlink(missing_ok=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        quantiser = quantizer.Quantizer(str(float_path))
        quantiser.load_quantization_recipe(recipe.dynamic_wi8_afp32())
        quantiser.quantize().export_model(str(path))
    path.chmod(0o644)
