"""The listener gives usable numbers whatever happens to its graph."""

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.models.bundle import Bundle
from edge_agent.models.listener import Listener
from edge_agent.models.phones import BLANK

TINY = Path(__file__).parents[1] / "data" / "tiny_bundle"


@pytest.fixture(params=["onnx", "litert"])
def listener(request: pytest.FixtureRequest) -> Listener:
    return Listener(Bundle.open(TINY), request.param)


@pytest.fixture
def steps() -> NDArray[np.float32]:
    """Something like log-mel, [30, 4, 40]."""
    return np.random.default_rng(1).normal(-4.0, 2.0, (30, 4, 40)).astype(np.float32)


def heard(listener: Listener, steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log posteriors and p_voice of each step, [num_steps, 81]."""
    rows = []
    for step in steps:
        listener.step(step)
        rows.append([*listener.log_posteriors.reshape(-1), listener.p_voice])
    return np.array(rows, np.float32)


def test_a_new_listener_has_heard_nothing(listener: Listener) -> None:
    assert listener.p_voice == 0.0
    assert listener.num_faults == 0
    assert (listener.log_posteriors.argmax(axis=1) == BLANK).all()
    np.testing.assert_allclose(np.exp(listener.log_posteriors).sum(axis=1), 1.0, atol=1e-5)


def test_reset_forgets_the_past_and_nothing_else(listener: Listener, steps: NDArray[np.float32]) -> None:
    first = heard(listener, steps)
    assert np.abs(heard(listener, steps) - first).max() > 1e-3, "the past must matter"
    listener.reset()
    np.testing.assert_array_equal(heard(listener, steps), first)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_number_costs_one_step(listener: Listener, steps: NDArray[np.float32], bad: float) -> None:
    expected = heard(listener, steps)
    p_voice = listener.p_voice
    spoilt = steps[0].copy()
    spoilt[2, 7] = bad
    listener.step(spoilt)
    assert listener.num_faults == 1
    assert (listener.log_posteriors.argmax(axis=1) == BLANK).all()
    assert listener.p_voice == pytest.approx(p_voice / 2)
    np.testing.assert_array_equal(heard(listener, steps), expected)
    assert listener.num_faults == 1


def test_a_bad_state_is_forgotten(listener: Listener, steps: NDArray[np.float32]) -> None:
    expected = heard(listener, steps)
    for name, buffer in listener._graph.inputs.items():
        if name != "log_mel":
            buffer.fill(np.nan)
    listener.step(steps[0])
    assert listener.num_faults == 1
    np.testing.assert_array_equal(heard(listener, steps), expected)


def test_a_runtime_that_raises_is_counted_and_survived(
    listener: Listener, steps: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = heard(listener, steps)

    def fail() -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(listener._graph, "run", fail)
        for step in steps[:3]:
            listener.step(step)
    assert listener.num_faults == 3
    np.testing.assert_array_equal(heard(listener, steps), expected)


def test_another_shape_is_a_fault_and_no_error(listener: Listener) -> None:
    listener.step(np.zeros((3, 40), np.float32))
    assert listener.num_faults == 1


def test_outputs_keep_their_place(listener: Listener, steps: NDArray[np.float32]) -> None:
    posteriors = listener.log_posteriors
    heard(listener, steps[:2])
    listener.step(np.full((4, 40), np.nan, np.float32))
    listener.reset()
    assert listener.log_posteriors is posteriors


def test_steps_leave_no_memory_behind(listener: Listener, steps: NDArray[np.float32]) -> None:
    heard(listener, steps)
    # one of three is enough, for another thread of the tests may take memory meanwhile
    tries = (growth(listener, steps) for _ in range(3))
    assert any(grown < 2_000 and peak < 4_000 for grown, peak in tries), "an array is made anew in a step"


def growth(listener: Listener, steps: NDArray[np.float32]) -> tuple[int, int]:
    """Bytes that many steps leave behind, and that they take at once."""
    gc.collect()
    tracemalloc.start()
    try:
        for step in steps:
            listener.step(step)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(20):
            for step in steps:
                listener.step(step)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before, peak - before
