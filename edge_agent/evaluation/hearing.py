"""What a bundle's listener makes of recordings, through the runtime itself, each recording only once.

Results are kept in a folder by the graph and the sound they came from, so that a second run only has to decode.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.dsp.features import LogMel
from edge_agent.models.bundle import Bundle, sha256_of
from edge_agent.models.listener import Listener
from edge_agent.models.phones import TOKENS
from edge_agent.units import NUM_MELS, STRIDE_HOPS

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """log_posteriors: float32 [2 * num_steps, 40], one per 20 ms; p_voice: float32 [num_steps]."""

    log_posteriors: Floats
    p_voice: Floats


class Ear:
    """A listener that remembers what it heard. One thread."""

    def __init__(self, bundle: Bundle, cache: Path, backend: str = "auto") -> None:
        """`cache`: a folder, made where it is missing. Raises BackendError or BundleError."""
        self._listener, self._bundle, self._folder = Listener(bundle, backend), bundle, cache
        backend = self._listener.backend
        self._cache = cache / f"{backend}-{sha256_of(bundle.files[backend])[:16]}"
        self._cache.mkdir(parents=True, exist_ok=True)

    def with_backend(self, backend: str) -> "Ear":
        """The same with another runtime. Raises BackendError."""
        return Ear(self._bundle, self._folder, backend)

    def hear(self, samples: Floats) -> Heard:
        """A whole recording at 16 kHz, from a listener that has heard nothing before."""
        samples = np.ascontiguousarray(samples, np.float32)
        path = self._cache / f"{hashlib.sha1(samples.tobytes()).hexdigest()[:24]}.npy"
        try:
            return _unpacked(np.load(path))
        except (OSError, ValueError):  # not there, or cut short when the disk was full
            pass
        steps = self._listen(samples)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, steps)
        temporary.rename(path)
        return _unpacked(steps)

    def _listen(self, samples: Floats) -> Floats:
        """float32 [num_steps, 2 * 40 + 1]: log posteriors of the frames of a step, and the probability of voice."""
        frames = LogMel().frames(samples)
        steps = frames[: len(frames) // STRIDE_HOPS * STRIDE_HOPS].reshape(-1, STRIDE_HOPS, NUM_MELS)
        listener = self._listener
        listener.reset()
        heard = np.empty((len(steps), listener.log_posteriors.size + 1), np.float32)
        for step, row in zip(steps, heard, strict=True):
            listener.step(step)
            row[:-1] = listener.log_posteriors.reshape(-1)
            row[-1] = listener.p_voice
        return heard


def _unpacked(steps: Floats) -> Heard:
    return Heard(np.ascontiguousarray(steps[:, :-1]).reshape(-1, len(TOKENS)), np.ascontiguousarray(steps[:, -1]))
