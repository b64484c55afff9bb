"""A model bundle: a folder with `manifest.json`, which says what the graphs beside it take, give, and came from.

Everything is checked when the bundle is opened: that each file is the one that was published (sha256), and that the
manifest speaks of the sound, the steps and the tokens that this agent speaks of.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edge_agent.backends.base import GraphSpec, TensorSpec
from edge_agent.errors import BundleError
from edge_agent.models.phones import TOKENS
from edge_agent.units import HOP_SAMPLES, NUM_MELS, SAMPLE_RATE_HZ, STRIDE_HOPS

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
CTC_FRAMES_PER_STEP = 2
SHIPPED_BUNDLES = Path(__file__).parent / "bundles"
DEFAULT_BUNDLE = SHIPPED_BUNDLES / "default"

LISTENER_INPUTS = (TensorSpec("log_mel", (1, STRIDE_HOPS, NUM_MELS)),)
LISTENER_OUTPUTS = (TensorSpec("log_posteriors", (1, CTC_FRAMES_PER_STEP, len(TOKENS))), TensorSpec("p_voice", (1, 1)))
END_OF_TURN = TensorSpec("p_eot", (1, 1))  # this output and "p_sounds", one for each name in `sounds`, may be lacking
_EXPECTED = {
    "format_version": FORMAT_VERSION,
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "hop_samples": HOP_SAMPLES,
    "stride_hops": STRIDE_HOPS,
    "tokens": list(TOKENS),
}


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. `sounds`: what `p_sounds` tells; `files`: by backend; `trained`, `measured`: as written."""

    folder: Path
    name: str
    look_ahead_hops: int
    spec: GraphSpec
    sounds: tuple[str, ...]
    files: Mapping[str, Path]
    trained: Mapping[str, Any]
    measured: Mapping[str, Any]
    decoder: Mapping[str, Any]  # settings fitted to this listener (`fitted.py`); may be empty

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Read and check a bundle. Raises BundleError."""
        manifest = _read_manifest(folder / MANIFEST)
        try:
            _check_expected(folder / MANIFEST, manifest)
            spec = GraphSpec(*(_tensors(manifest[kind]) for kind in ("inputs", "outputs", "states")))
            sounds = tuple(str(sound) for sound in manifest.get("sounds", ()))
            _check_interface(folder / MANIFEST, spec, sounds)
            files = {backend: folder / entry["file"] for backend, entry in manifest["files"].items()}
            for backend, path in files.items():
                _check_file(path, manifest["files"][backend])
            trained, measured = (MappingProxyType(dict(manifest[key])) for key in ("trained", "measured"))
            decoder = MappingProxyType(dict(manifest.get("decoder", {})))
            return cls(
                folder,
                str(manifest["name"]),
                int(manifest["look_ahead_hops"]),
                spec,
                sounds,
                MappingProxyType(files),
                trained,
                measured,
                decoder,
            )
        except KeyError as error:
            raise BundleError(f"{folder / MANIFEST}: {error} is missing; publish the bundle again") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise BundleError(
                f"{folder / MANIFEST}: not as a manifest is written ({error}); publish it again"
            ) from error


def find_bundle(name: str) -> Path:
    """Folder of a bundle that is shipped under this name, or that lies at this path. Raises BundleError."""
    for folder in (SHIPPED_BUNDLES / name, Path(name).expanduser()):
        if folder.is_dir():
            return folder
    shipped = (
        sorted(path.name for path in SHIPPED_BUNDLES.iterdir() if path.is_dir()) if SHIPPED_BUNDLES.is_dir() else []
    )
    raise BundleError(f"no bundle {name!r}: give a folder, or one of the shipped: {', '.join(shipped) or 'none'}")


def sha256_of(path: Path) -> str:
    """Hex digest of a file. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror}); publish or install the bundle again") from error
    except ValueError as error:
        raise BundleError(f"{path}: not JSON ({error}); publish or install the bundle again") from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{path}: not a JSON object; publish or install the bundle again")
    return manifest


def _check_expected(path: Path, manifest: dict[str, Any]) -> None:
    for key, expected in _EXPECTED.items():
        if manifest[key] != expected:
            raise BundleError(
                f"{path}: {key} is {manifest[key]}, this agent needs {expected}; use a bundle made for it"
            )


def _check_interface(path: Path, spec: GraphSpec, sounds: tuple[str, ...]) -> None:
    heads: tuple[TensorSpec, ...] = (END_OF_TURN,) if END_OF_TURN in spec.outputs else ()
    heads += (TensorSpec("p_sounds", (1, len(sounds))),) if sounds else ()
    for kind, found, expected in (
        ("inputs", spec.inputs, LISTENER_INPUTS),
        ("outputs", spec.outputs, LISTENER_OUTPUTS + heads),
    ):
        if found != expected:
            named = [", ".join(map(str, tensors)) for tensors in (found, expected)]
            raise BundleError(f"{path}: {kind} are {named[0]}, this agent needs {named[1]}; use a bundle made for it")


def _check_file(path: Path, entry: dict[str, Any]) -> None:
    try:
        num_bytes = path.stat().st_size
        if num_bytes != entry["num_bytes"]:
            reason = f"has {num_bytes} bytes, its manifest says {entry['num_bytes']}"
            raise BundleError(f"{path}: {reason}; it is truncated or of another version, install it again")
        found = sha256_of(path)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror}); install the bundle again") from error
    if found != entry["sha256"]:
        reason = f"sha256 is {found[:16]}..., its manifest says {entry['sha256'][:16]}..."
        raise BundleError(f"{path}: {reason}; it was altered, install it again")


def _tensors(entries: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(str(one["name"]), tuple(int(n) for n in one["shape"]), str(one["dtype"])) for one in entries
    )
