"""A bundle is used only when it is whole, unaltered, and made for this agent."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import BundleError
from edge_agent.models.bundle import DEFAULT_BUNDLE, LISTENER_INPUTS, MANIFEST, Bundle, find_bundle

TINY = Path(__file__).parents[1] / "data" / "tiny_bundle"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tiny bundle that a test may spoil."""
    return Path(shutil.copytree(TINY, tmp_path / "bundle"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_whole_bundle_opens() -> None:
    bundle = Bundle.open(TINY)
    assert (bundle.name, bundle.look_ahead_hops) == ("listener", 0)
    assert bundle.spec.inputs == LISTENER_INPUTS
    assert [state.shape for state in bundle.spec.states] == [(1, 160), (1, 2, 16), (1, 16), (1, 4, 16), (1, 16)]
    assert set(bundle.files) == {"onnx", "litert"}
    assert bundle.trained["seed"] == 1


@pytest.mark.skipif(not DEFAULT_BUNDLE.is_dir(), reason="no bundle is published in this checkout")
def test_the_shipped_bundle_is_whole_and_small() -> None:
    bundle = Bundle.open(find_bundle("default"))
    assert {"corpus_recipe", "training_recipe", "seed", "minutes", "num_steps"} <= set(bundle.trained)
    assert max(path.stat().st_size for path in bundle.files.values()) < 8e6


@pytest.mark.parametrize("name", ["listener.onnx", "listener.tflite"])
def test_an_altered_file_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"{name}: sha256 is \w+\.\.\., its manifest says \w+\.\.\.; it was altered"):
        Bundle.open(folder)


def test_a_truncated_file_is_refused_with_both_sizes(folder: Path) -> None:
    path = folder / "listener.onnx"
    num_bytes = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BundleError, match=f"has {num_bytes - 100} bytes, its manifest says {num_bytes}"):
        Bundle.open(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "listener.tflite").unlink()
    with pytest.raises(BundleError, match=r"listener\.tflite: cannot be read \(No such file"):
        Bundle.open(folder)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"format_version": 1}', "\x00\x01"])
def test_a_manifest_that_is_none_is_refused(folder: Path, content: str | None) -> None:
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match=r"manifest\.json: .*(again)") as raised:
        Bundle.open(folder)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format_version", 2, "format_version is 2, this agent needs 1"),
        ("sample_rate_hz", 8000, "sample_rate_hz is 8000, this agent needs 16000"),
        ("hop_samples", 80, "hop_samples is 80, this agent needs 160"),
        ("stride_hops", 2, "stride_hops is 2, this agent needs 4"),
        ("tokens", ["<blank>", "A"], r"tokens is \['<blank>', 'A'\], this agent needs \['<blank>', 'AA'"),
    ],
)
def test_a_manifest_for_another_agent_is_refused_naming_both_sides(
    folder: Path, key: str, value: object, message: str
) -> None:
    edit(folder, lambda manifest: manifest.update({key: value}))
    with pytest.raises(BundleError, match=message):
        Bundle.open(folder)


def test_another_interface_is_refused_naming_both_sides(folder: Path) -> None:
    edit(folder, lambda manifest: manifest["inputs"][0].update(shape=[1, 4, 80]))
    with pytest.raises(BundleError) as raised:
        Bundle.open(folder)
    assert "inputs are log_mel float32[1, 4, 80], this agent needs log_mel float32[1, 4, 40]" in str(raised.value)


@pytest.mark.parametrize("key", ["states", "files", "look_ahead_hops", "trained"])
def test_a_manifest_without_a_key_is_refused(folder: Path, key: str) -> None:
    edit(folder, lambda manifest: manifest.pop(key))
    with pytest.raises(BundleError, match=f"'{key}' is missing"):
        Bundle.open(folder)


def test_a_value_of_another_kind_is_refused(folder: Path) -> None:
    edit(folder, lambda manifest: manifest.update(states="many"))
    with pytest.raises(BundleError, match="not as a manifest is written"):
        Bundle.open(folder)


def test_a_bundle_is_found_by_folder_and_missed_with_the_choices(folder: Path) -> None:
    assert find_bundle(str(folder)) == folder
    with pytest.raises(BundleError, match="no bundle 'nonesuch': give a folder, or one of the shipped"):
        find_bundle("nonesuch")
