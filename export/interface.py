"""What the exported listener takes and gives, for every format alike."""

import torch
from torch import Tensor

from edge_agent.backends.base import GraphSpec, TensorSpec
from edge_agent.models.bundle import END_OF_TURN, LISTENER_INPUTS, LISTENER_OUTPUTS
from export.net import ListenerNet, StreamingListener
from export.noises import SOUNDS

LOOK_AHEAD_HOPS = 0  # every layer sees only the past


def interface() -> GraphSpec:
    """Tensors of the graph; the order is that of `StreamingListener.forward`."""
    shapes = StreamingListener(ListenerNet()).state_shapes()
    states = tuple(TensorSpec(f"state_{k}", shape) for k, shape in enumerate(shapes))
    heads = (END_OF_TURN, TensorSpec("p_sounds", (1, len(SOUNDS))))
    return GraphSpec(LISTENER_INPUTS, LISTENER_OUTPUTS + heads, states)


def traceable(net: ListenerNet) -> tuple[StreamingListener, tuple[Tensor, ...]]:
    """One step of the network, and inputs to trace it with."""
    zeros = tuple(torch.zeros(tensor.shape) for tensor in interface().all_inputs)
    return StreamingListener(net).eval(), zeros
