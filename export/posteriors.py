"""What a bundle's listener makes of recordings, through the runtime itself (no torch): for fitting and measuring."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track

from edge_agent.dsp.features import LogMel
from edge_agent.models.bundle import Bundle
from edge_agent.models.listener import Listener
from edge_agent.units import NUM_MELS, SAMPLE_RATE_HZ, STRIDE_HOPS

LEAD_S, TAIL_S = 0.3, 0.8
Posteriors = NDArray[np.float32]


def posteriors_of(paths: Sequence[Path], bundle: Path, backend: str = "auto") -> list[Posteriors]:
    """Log posteriors [num_frames, 40] of each recording, with silence before and after. ValueError if not at 16 kHz."""
    listener = Listener(Bundle.open(bundle), backend)
    return [_listen(listener, path) for path in track(paths, "listening", transient=True)]


def _listen(listener: Listener, path: Path) -> Posteriors:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    if rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"{path} is at {rate_hz} Hz; recordings for fitting are at {SAMPLE_RATE_HZ} Hz")
    padded = np.pad(samples[:, 0], (int(LEAD_S * SAMPLE_RATE_HZ), int(TAIL_S * SAMPLE_RATE_HZ)))
    frames = LogMel().frames(padded)
    listener.reset()
    heard = []
    for step in frames[: len(frames) // STRIDE_HOPS * STRIDE_HOPS].reshape(-1, STRIDE_HOPS, NUM_MELS):
        listener.step(step)
        heard.append(listener.log_posteriors.copy())
    return np.concatenate(heard)
