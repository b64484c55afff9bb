"""The optimiser: Muon for the matrices inside the network, AdamW for the rest, over one flat float32 master copy.

Muon (K. Jordan, 2024) follows the momentum of a matrix with all its singular values set to about one; scaled as by
Moonshot's "Muon is scalable" it shares AdamW's learning rate. Network and gradients are bfloat16. Everything is one
flat vector because the optimiser is bound by memory: as separate passes it took a third of the training time.
"""

import math
from itertools import groupby
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

CLIP_NORM = 1.0
MOMENTUM = 0.95
AVERAGE_EVERY_STEPS, AVERAGE_SHARE = 5, 2e-3  # of the newest weights, for each step
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_RMS_OF_ADAM = 0.2  # usual root mean square of an AdamW update, in learning rates


class Masters:
    """Float32 copies of the parameters, their running average, and the optimisers' states."""

    def __init__(self, net: nn.Module, inner: list[nn.Parameter], weight_decay: float) -> None:
        """`inner`: the matrices that Muon moves; equal shapes lie side by side in `flat`."""
        inner = sorted(inner, key=lambda p: tuple(p.shape))
        is_inner = {id(p) for p in inner}
        self.parameters = [*inner, *(p for p in net.parameters() if id(p) not in is_inner)]
        self.shapes = [(len(list(same)), *shape) for shape, same in groupby(inner, lambda p: tuple(p.shape))]
        self.flat = self.gather([p.data for p in self.parameters]).float()
        self.average = self.flat.clone()
        self.num_inner = sum(p.numel() for p in inner)
        self.momentum = torch.zeros(self.num_inner)
        self.weight_decay = weight_decay
        self.outer = self.flat[self.num_inner :]
        self.adam = torch.optim.AdamW([self.outer], betas=(0.9, 0.98), weight_decay=weight_decay, fused=True)
        self.steps = 0

    @staticmethod
    def gather(tensors: list[Tensor]) -> Tensor:
        """All tensors as one vector."""
        return torch.cat([tensor.reshape(-1) for tensor in tensors])

    def take_gradient(self) -> Tensor:
        """The parameters' gradients as one vector; they are cleared."""
        gradient = self.gather([p.grad for p in self.parameters])  # type: ignore[misc]
        for parameter in self.parameters:
            parameter.grad = None
        return gradient

    def step(self, gradient: Tensor, rate: float) -> None:
        """One update from a flat float32 gradient, which is used up; skipped if it is not finite."""
        self.steps += 1
        norm = float(gradient.norm())
        if not math.isfinite(norm):
            return
        if norm > CLIP_NORM:
            gradient.mul_(CLIP_NORM / norm)
        self._step_inner(gradient[: self.num_inner], rate)
        self.adam.param_groups[0]["lr"] = rate
        self.outer.grad = gradient[self.num_inner :]
        self.adam.step()
        if self.steps % AVERAGE_EVERY_STEPS == 0:
            share = max(1.0 / self.steps, AVERAGE_SHARE) * AVERAGE_EVERY_STEPS
            self.average.lerp_(self.flat, min(share, 1.0))
        self.scatter(self.flat)

    def _step_inner(self, gradient: Tensor, rate: float) -> None:
        self.momentum.lerp_(gradient, 1.0 - MOMENTUM)
        ahead = gradient.lerp_(self.momentum, MOMENTUM)
        update = torch.zeros(self.num_inner, dtype=torch.bfloat16)
        first = 0
        for count, rows, columns in self.shapes:
            size = count * rows * columns
            part = slice(*_share(count))
            matrices = ahead[first : first + size].view(count, rows, columns)[part]
            scaled = orthogonal(matrices.bfloat16()) * (_RMS_OF_ADAM * math.sqrt(max(rows, columns)))
            update[first : first + size].view(count, rows, columns)[part] = scaled
            first += size
        if dist.is_initialized():
            dist.all_reduce(update)
        self.flat[: self.num_inner].mul_(1.0 - rate * self.weight_decay).add_(update, alpha=-rate)

    def scatter(self, flat: Tensor) -> None:
        """Copy a flat vector into the network's parameters."""
        first = 0
        with torch.no_grad():
            for parameter in self.parameters:
                parameter.copy_(flat[first : first + parameter.numel()].view_as(parameter))
                first += parameter.numel()

    def state(self) -> dict[str, object]:
        """All that a resumed run needs."""
        return {
            "flat": self.flat, "average": self.average, "momentum": self.momentum, "steps": self.steps,
            "adam": self.adam.state_dict(),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.flat.copy_(state["flat"])
        self.average.copy_(state["average"])
        self.momentum.copy_(state["momentum"])
        self.steps = state["steps"]
        self.adam.load_state_dict(state["adam"])
        self.scatter(self.flat)


def _share(count: int) -> tuple[int, int]:
    """Which of `count` matrices this process works out; the others come from the other processes."""
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    return count * rank // world, count * (rank + 1) // world


def orthogonal(matrices: Tensor) -> Tensor:
    """Nearest matrices with singular values of about one, [n, rows, columns], by five Newton-Schulz steps."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if is_tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _NEWTON_SCHULZ
    for _ in range(5):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(1, 2) if is_tall else x
