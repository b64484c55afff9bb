"""Whole commands right on people's recordings, for a network as it comes out of training (no hop, no turn-taking).

`benchmarks/commands.py` measures the same through the agent itself; this one is quick, so that training can be steered.
An utterance counts as right when the intent and every labelled slot match (extra slots are not punished).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from edge_agent.dsp.reference_mel import log_mel
from edge_agent.models.commands import load_commands
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.units import SAMPLE_RATE_HZ, STEP_SAMPLES
from export.net import ListenerNet

HELD_OUT_NOISE = ("chainsaw", "baby_cry", "rooster")  # classes that `batches.TRAINING_NOISE` leaves out
LEAD_S, TAIL_S = 0.3, 0.8
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Labelled:
    """A recording and what was said in it; no intent means no command."""

    path: Path
    intent: str | None
    slots: dict[str, object]


def labelled_commands(folder: Path) -> list[Labelled]:
    """Recordings of a folder laid out as `commands/`: labels.json beside audio/. Raises on labels without sound."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    missing = [name for name in labels if not (folder / "audio" / name).exists()]
    if missing:
        raise FileNotFoundError(
            f"{folder}/labels.json names {len(missing)} recordings that are missing, first: {missing[0]}"
        )
    return [
        Labelled(folder / "audio" / name, label["intent"], label["slots"]) for name, label in sorted(labels.items())
    ]


def read_mono(path: Path) -> Floats:
    """A 16 kHz recording as float32 mono."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    if rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"{path} is at {rate_hz} Hz; evaluation recordings are at {SAMPLE_RATE_HZ} Hz")
    return np.ascontiguousarray(samples[:, 0])


def mix(speech: Floats, noise: Floats, snr_db: float) -> Floats:
    """Noise scaled by the ratio of the largest 2048-sample frame energies, the mix scaled to half of full range."""

    def loudest(samples: Floats) -> float:
        frames = samples[: len(samples) // 2048 * 2048].reshape(-1, 2048)
        return float((frames**2).sum(axis=1).max())

    noise = np.resize(noise, len(speech))
    scale = np.sqrt(loudest(speech) / (loudest(noise) * 10.0 ** (snr_db / 10.0) + 1e-12))
    mixed = speech + noise * scale
    return (mixed * (0.5 / np.abs(mixed).max())).astype(np.float32)


def with_silence(samples: Floats) -> Floats:
    """Silence before and after, in whole steps."""
    padded = np.pad(samples, (int(LEAD_S * SAMPLE_RATE_HZ), int(TAIL_S * SAMPLE_RATE_HZ)))
    return np.resize(padded, len(padded) // STEP_SAMPLES * STEP_SAMPLES)


def log_posteriors(net: ListenerNet, samples: Floats) -> Floats:
    """CTC log posteriors of a whole recording, [num_frames, 40]."""
    with torch.inference_mode():
        logits, _, _ = net(torch.from_numpy(log_mel(with_silence(samples)).astype(np.float32))[None])
    return logits[0].log_softmax(1).numpy()  # type: ignore[no-any-return]


def decode(graph: PhoneGraph, posteriors: Floats, settings: DecoderSettings) -> Hypothesis:
    """What the decoder makes of a whole recording."""
    decoder = Decoder(graph, settings)
    for first in range(0, len(posteriors), 2):
        decoder.step(posteriors[first : first + 2])
    return decoder.final_hypothesis()


def is_right(hypothesis: Hypothesis, label: Labelled) -> bool:
    """Intent and every labelled slot match."""
    return hypothesis.intent == label.intent and all(
        hypothesis.slots.get(name) == value for name, value in label.slots.items()
    )


def interval(num_right: int, num_all: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson interval of a share, 95 %."""
    share = num_right / num_all
    centre = (share + z * z / (2 * num_all)) / (1 + z * z / num_all)
    half = z / (1 + z * z / num_all) * np.sqrt(share * (1 - share) / num_all + z * z / (4 * num_all**2))
    return float(centre - half), float(centre + half)


def conditions(data: Path, snrs_db: tuple[float, ...]) -> Iterator[tuple[str, Callable[[Floats, int], Floats]]]:
    """Named ways of hearing a recording: clean, then the held-out noises at each ratio."""
    noises = [read_mono(path) for name in HELD_OUT_NOISE for path in sorted((data / "noise" / name).iterdir())]
    yield "clean", lambda samples, _index: samples
    for snr_db in snrs_db:
        yield f"{snr_db:g} dB", lambda samples, index, snr_db=snr_db: mix(samples, noises[index % len(noises)], snr_db)  # type: ignore[misc]


def evaluate(
    net: ListenerNet, data: Path, commands: Path, settings: DecoderSettings, snrs_db: tuple[float, ...] = (12.0,)
) -> None:
    """Print the table of whole commands right, and the slots that go wrong most."""
    graph = compile_commands(load_commands(commands))
    labels = labelled_commands(data / "commands")
    table = Table("hearing", "right", "share", "95 %", "complete", title=f"{len(labels)} people's orders")
    for name, hear in conditions(data, snrs_db):
        hypotheses = [
            decode(graph, log_posteriors(net, hear(read_mono(label.path), index)), settings)
            for index, label in enumerate(labels)
        ]
        num_right = sum(map(is_right, hypotheses, labels))
        low, high = interval(num_right, len(labels))
        complete = np.mean([hypothesis.is_complete for hypothesis in hypotheses])
        table.add_row(
            name, str(num_right), f"{num_right / len(labels):.1%}", f"{low:.1%}-{high:.1%}", f"{complete:.1%}"
        )
    Console().print(table)
