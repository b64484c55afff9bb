"""Whole commands right on people's recordings, for networks as they come out of training (no hop, no turn-taking).

`edge-agent models eval` measures a bundle; this one is quick, so that training can be steered, and it puts teacher,
student and the quantised student side by side: all with the decoder settings of one bundle.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_agent.dsp.reference_mel import log_mel
from edge_agent.evaluation import recordings
from edge_agent.evaluation.recordings import Floats, held_out_noises, mix, read_mono
from edge_agent.evaluation.setting import commands_of
from edge_agent.evaluation.statistics import Share
from edge_agent.models.bundle import Bundle
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.fitted import Fitted
from edge_agent.models.listener import Listener
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.units import NUM_MELS, STEP_SAMPLES, STRIDE_HOPS
from export.net import ListenerNet

Hear = Callable[[Floats], Floats]  # a whole recording -> CTC log posteriors [num_frames, 40]


def with_silence(samples: Floats) -> Floats:
    """Silence before and after, in whole steps."""
    padded = recordings.with_silence(samples)
    return padded[: len(padded) // STEP_SAMPLES * STEP_SAMPLES]


def network_hears(net: ListenerNet) -> Hear:
    """With a network of torch, all at once."""

    def hear(samples: Floats) -> Floats:
        with torch.inference_mode():
            logits, _, _ = net(torch.from_numpy(log_mel(with_silence(samples)).astype(np.float32))[None])
        return logits[0].log_softmax(1).numpy()  # type: ignore[no-any-return]

    return hear


def bundle_hears(bundle: Path, backend: str) -> Hear:
    """With what is shipped, step by step."""
    listener = Listener(Bundle.open(bundle), backend)

    def hear(samples: Floats) -> Floats:
        listener.reset()
        steps = log_mel(with_silence(samples)).astype(np.float32).reshape(-1, STRIDE_HOPS, NUM_MELS)
        posteriors = []
        for frames in steps:
            listener.step(frames)
            posteriors.append(listener.log_posteriors.copy())
        return np.concatenate(posteriors)

    return hear


def decode(graph: PhoneGraph, posteriors: Floats, settings: DecoderSettings) -> Hypothesis:
    """What the decoder makes of a whole recording."""
    decoder = Decoder(graph, settings)
    for first in range(0, len(posteriors), 2):
        decoder.step(posteriors[first : first + 2])
    return decoder.final_hypothesis()


def conditions(data: Path, snrs_db: tuple[float, ...]) -> Iterator[tuple[str, Callable[[Floats, int], Floats]]]:
    """Named ways of hearing a recording: clean, then the held-out noises at each ratio."""
    noises = held_out_noises(data / "noise")
    yield "clean", lambda samples, _index: samples
    for snr_db in snrs_db:
        yield f"{snr_db:g} dB", lambda samples, index, snr_db=snr_db: mix(samples, noises[index % len(noises)], snr_db)  # type: ignore[misc]


def evaluate(
    hearers: Mapping[str, Hear], fitted: Fitted, data: Path, snrs_db: tuple[float, ...] = (12.0,), limit: int = 0
) -> None:
    """Print whole commands right for each way of hearing, with the bounds of 95 %; `limit`: recordings, 0 for all."""
    folder, graph = commands_of(data / "commands")
    settings = fitted.for_graph(graph)
    labels = folder.recordings[: limit or None]
    table = Table("hearing", *hearers, title=f"{len(labels)} people's orders")
    for name, disturb in conditions(data, snrs_db):
        sounds = [disturb(read_mono(label.path), index) for index, label in enumerate(labels)]
        shares = []
        for hearer, hear in hearers.items():
            right = []
            for sound, label in track(list(zip(sounds, labels, strict=True)), description=f"{hearer}, {name}"):
                best = decode(graph, hear(sound), settings)
                right.append(label.matches(best.intent, best.slots))
            low, high = Share(sum(right), len(right)).interval
            shares.append(f"{np.mean(right):.1%} ({low:.1%}-{high:.1%})")
        table.add_row(name, *shares)
    Console().print(table)
