"""Whole commands right on people's recordings, for a network as it comes out of training (no hop, no turn-taking).

`benchmarks/commands.py` measures the same through the agent itself; this one is quick, so that training can be steered.
An utterance counts as right when the intent and every labelled slot match (extra slots are not punished).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from edge_agent.dsp.reference_mel import log_mel
from edge_agent.evaluation import recordings
from edge_agent.evaluation.recordings import Floats, Labelled, held_out_noises, mix, read_labelled, read_mono
from edge_agent.evaluation.statistics import Share
from edge_agent.models.commands import load_commands
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.units import STEP_SAMPLES
from export.net import ListenerNet


def with_silence(samples: Floats) -> Floats:
    """Silence before and after, in whole steps."""
    padded = recordings.with_silence(samples)
    return padded[: len(padded) // STEP_SAMPLES * STEP_SAMPLES]


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


def conditions(data: Path, snrs_db: tuple[float, ...]) -> Iterator[tuple[str, Callable[[Floats, int], Floats]]]:
    """Named ways of hearing a recording: clean, then the held-out noises at each ratio."""
    noises = held_out_noises(data / "noise")
    yield "clean", lambda samples, _index: samples
    for snr_db in snrs_db:
        yield f"{snr_db:g} dB", lambda samples, index, snr_db=snr_db: mix(samples, noises[index % len(noises)], snr_db)  # type: ignore[misc]


def evaluate(
    net: ListenerNet, data: Path, commands: Path, settings: DecoderSettings, snrs_db: tuple[float, ...] = (12.0,)
) -> None:
    """Print the table of whole commands right, and the slots that go wrong most."""
    graph = compile_commands(load_commands(commands))
    labels = read_labelled(data / "commands").recordings
    table = Table("hearing", "right", "share", "95 %", "complete", title=f"{len(labels)} people's orders")
    for name, hear in conditions(data, snrs_db):
        hypotheses = [
            decode(graph, log_posteriors(net, hear(read_mono(label.path), index)), settings)
            for index, label in enumerate(labels)
        ]
        num_right = sum(map(is_right, hypotheses, labels))
        low, high = Share(num_right, len(labels)).interval
        complete = np.mean([hypothesis.is_complete for hypothesis in hypotheses])
        table.add_row(
            name, str(num_right), f"{num_right / len(labels):.1%}", f"{low:.1%}-{high:.1%}", f"{complete:.1%}"
        )
    Console().print(table)
