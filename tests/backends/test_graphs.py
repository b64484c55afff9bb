"""Both runtimes give the same numbers for the same sound, and refuse files that are none of theirs."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge_agent.backends import RUNTIMES, base, choose_backend, open_graph
from edge_agent.dsp.reference_mel import log_mel
from edge_agent.errors import BackendError, BundleError
from edge_agent.models.bundle import DEFAULT_BUNDLE, Bundle
from edge_agent.units import NUM_MELS, STEP_SAMPLES, STRIDE_HOPS

REPOSITORY = Path(__file__).parents[2]
TINY = REPOSITORY / "tests" / "data" / "tiny_bundle"
BACKENDS = ("onnx", "litert")
# int8 rounds activations by step; the runtimes round apart (measured: 45 dB and 99.8 % on an early network)
MIN_PARITY_DB = 30.0
MIN_SAME_TOKEN = 0.97


@pytest.fixture(scope="module")
def spoken() -> NDArray[np.float32]:
    """Log-mel steps of a person's command, [num_steps, 4, 40]."""
    samples, _ = soundfile.read(REPOSITORY / "demo" / "clips" / "what_time_is_it.flac", dtype="float32")
    samples = samples[: len(samples) // STEP_SAMPLES * STEP_SAMPLES]
    return log_mel(samples).astype(np.float32).reshape(-1, STRIDE_HOPS, NUM_MELS)


def stream(graph: base.Graph, steps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Log posteriors [num_steps, 2, 40] and p_voice [num_steps]."""
    posteriors, voices = [], []
    for step in steps:
        graph.inputs["log_mel"][0] = step
        graph.run()
        graph.advance_states()
        posteriors.append(graph.outputs["log_posteriors"][0].copy())
        voices.append(float(graph.outputs["p_voice"][0, 0]))
    return np.stack(posteriors), np.array(voices, np.float32)


def graph_of(folder: Path, backend: str) -> base.Graph:
    bundle = Bundle.open(folder)
    return open_graph(bundle.files[backend], backend, bundle.spec)


@pytest.mark.parametrize("folder", [TINY, DEFAULT_BUNDLE], ids=["tiny", "shipped"])
def test_runtimes_agree_on_a_recording(folder: Path, spoken: NDArray[np.float32]) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not published in this checkout")
    onnx, onnx_voice = stream(graph_of(folder, "onnx"), spoken)
    litert, litert_voice = stream(graph_of(folder, "litert"), spoken)
    parity_db = 10.0 * np.log10(np.sum(onnx**2) / np.sum((onnx - litert) ** 2))
    assert parity_db > MIN_PARITY_DB
    assert np.mean(onnx.argmax(axis=2) == litert.argmax(axis=2)) > MIN_SAME_TOKEN
    np.testing.assert_allclose(onnx_voice, litert_voice, atol=0.03)
    assert onnx.argmax(axis=2).std() > 0, "a network that says one token always proves nothing"


@pytest.mark.parametrize("backend", BACKENDS)
def test_outputs_are_probabilities(backend: str, spoken: NDArray[np.float32]) -> None:
    posteriors, p_voice = stream(graph_of(TINY, backend), spoken[:20])
    np.testing.assert_allclose(np.exp(posteriors).sum(axis=2), 1.0, atol=1e-5)
    assert ((p_voice > 0) & (p_voice < 1)).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_past_matters_until_it_is_reset(backend: str, spoken: NDArray[np.float32]) -> None:
    graph = graph_of(TINY, backend)
    first, _ = stream(graph, spoken[:20])
    with_past, _ = stream(graph, spoken[:20])
    graph.reset_states()
    again, _ = stream(graph, spoken[:20])
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - with_past).max() > 1e-3


@pytest.mark.parametrize("backend", BACKENDS)
def test_graphs_of_one_file_share_no_state(backend: str, spoken: NDArray[np.float32]) -> None:
    one, other = graph_of(TINY, backend), graph_of(TINY, backend)
    expected, _ = stream(one, spoken[:10])
    one.reset_states()
    stream(other, spoken[10:20])
    found, _ = stream(one, spoken[:10])
    np.testing.assert_array_equal(expected, found)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_file_that_is_no_graph_is_refused(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "listener.bin"
    path.write_bytes(b"not a network" * 100)
    with pytest.raises(BackendError, match=r"listener\.bin.*publish the bundle again"):
        open_graph(path, backend, Bundle.open(TINY).spec)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_truncated_graph_is_refused(backend: str, tmp_path: Path) -> None:
    bundle = Bundle.open(TINY)
    path = tmp_path / bundle.files[backend].name
    content = bundle.files[backend].read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((BackendError, BundleError), match="publish"):
        open_graph(path, backend, bundle.spec)


@pytest.mark.parametrize(("backend", "name"), [("onnx", "state_1"), ("litert", "args_2")])
def test_a_graph_of_another_shape_is_refused_naming_both_sides(backend: str, name: str, tmp_path: Path) -> None:
    bundle = Bundle.open(TINY)
    path = tmp_path / bundle.files[backend].name
    shutil.copy(bundle.files[backend], path)
    states = (bundle.spec.states[0], replace(bundle.spec.states[1], shape=(1, 9, 16)), *bundle.spec.states[2:])
    with pytest.raises(BundleError) as raised:
        open_graph(path, backend, replace(bundle.spec, states=states))
    assert f"the manifest says {name} float32[1, 9, 16]" in str(raised.value)
    assert f"the file has {name} float32[1, 2, 16]" in str(raised.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_graph_with_more_states_than_its_manifest_is_refused(backend: str) -> None:
    bundle = Bundle.open(TINY)
    with pytest.raises(BundleError, match="does not name"):
        open_graph(bundle.files[backend], backend, replace(bundle.spec, states=bundle.spec.states[:-1]))


def test_auto_takes_the_fastest_that_the_bundle_offers() -> None:
    assert choose_backend("auto", ("onnx", "litert")) == "litert"
    assert choose_backend("auto", ("onnx",)) == "onnx"
    assert choose_backend("onnx", ("onnx", "litert")) == "onnx"


def test_auto_passes_over_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNTIMES, "litert", ("no_such_runtime",))
    assert choose_backend("auto", ("onnx", "litert")) == "onnx"
    with pytest.raises(BackendError, match="pip install no-such-runtime"):
        choose_backend("litert", ("onnx", "litert"))


@pytest.mark.parametrize(
    ("backend", "message"), [("tpu", "no backend 'tpu': choose one of auto, litert, onnx"), ("litert", "only for onnx")]
)
def test_a_backend_that_cannot_be_is_refused(backend: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        choose_backend(backend, ("onnx",))
