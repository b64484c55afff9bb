"""What every runtime looks like to the models: named buffers, one call, explicit state.

A graph takes and returns its states and has no hidden memory: state `s` is the input `s` and the output `s_next`.
Thread: one at a time (the hop thread). Only construction raises for a reason that a user can cure.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import BundleError

NEXT_SUFFIX = "_next"


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape and numpy dtype name of a tensor."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}{list(self.shape)}"


@dataclass(frozen=True)
class GraphSpec:
    """What a graph takes and gives, in the order in which it does."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    states: tuple[TensorSpec, ...]

    @property
    def all_inputs(self) -> tuple[TensorSpec, ...]:
        """Inputs, then states."""
        return self.inputs + self.states

    @property
    def all_outputs(self) -> tuple[TensorSpec, ...]:
        """Outputs, then next states."""
        nexts = (TensorSpec(state.name + NEXT_SUFFIX, state.shape, state.dtype) for state in self.states)
        return (*self.outputs, *nexts)


class Graph(ABC):
    """A loaded network with buffers taken once: fill `inputs`, `run`, read `outputs`, `advance_states`."""

    def __init__(self, spec: GraphSpec) -> None:
        """Take all buffers, zero."""
        self.inputs: Mapping[str, NDArray[np.float32]] = {one.name: self.make_buffer(one) for one in spec.all_inputs}
        self.outputs: Mapping[str, NDArray[np.float32]] = {one.name: self.make_buffer(one) for one in spec.all_outputs}
        self._states = [(self.inputs[state.name], self.outputs[state.name + NEXT_SUFFIX]) for state in spec.states]

    @abstractmethod
    def run(self) -> None:
        """Compute `outputs` from `inputs`. Hop thread. Raises what the runtime raises."""

    def make_buffer(self, tensor: TensorSpec) -> NDArray[np.float32]:
        """Zeros for one tensor, at construction; a runtime that wants them elsewhere says so here."""
        return np.zeros(tensor.shape, tensor.dtype)

    def advance_states(self) -> None:
        """The next states become the states. Hop thread, allocates nothing."""
        for state, next_state in self._states:
            np.copyto(state, next_state)

    def reset_states(self) -> None:
        """As if nothing had been heard. Hop thread, allocates nothing."""
        for state, _ in self._states:
            state.fill(0.0)


def check_tensors(path: Path, found: tuple[TensorSpec, ...], expected: tuple[TensorSpec, ...]) -> None:
    """Refuse a graph whose tensors are not those of its manifest. Raises BundleError with the first difference."""
    by_name = {tensor.name: tensor for tensor in found}
    for tensor in expected:
        if by_name.get(tensor.name) != tensor:
            has = by_name.get(tensor.name, "no such tensor")
            raise BundleError(f"{path}: the manifest says {tensor}, the file has {has}; publish the bundle again")
    extra = sorted(set(by_name) - {tensor.name for tensor in expected})
    if extra:
        raise BundleError(
            f"{path}: the file has {by_name[extra[0]]}, which its manifest does not name; publish it again"
        )
