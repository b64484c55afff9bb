"""Do all graphs say the same: torch, ONNX and LiteRT, float and int8, on the same recordings, step by step."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_agent.backends import open_graph
from edge_agent.dsp.reference_mel import log_mel
from edge_agent.evaluation.recordings import read_mono
from edge_agent.units import NUM_MELS, STEP_MS, STRIDE_HOPS
from export import to_litert, to_onnx
from export.evaluate import with_silence
from export.interface import interface, traceable
from export.net import ListenerNet
from export.train import load_average

NUM_PACED_STEPS = 150
Floats = NDArray[np.float32]
Step = Callable[[Floats], Floats]  # log_mel [4, 40] -> log posteriors [2, 40]; remembers its past


@dataclass(frozen=True)
class Parity:
    """One graph against torch."""

    snr_db: float  # of log posteriors
    p_same_token: float  # share of frames with the same most likely token
    paced_step_us: float  # processor time of one step, one every 40 ms, median
    num_bytes: int


def compare(checkpoint: Path, recordings: Path, seconds: float) -> None:
    """Print the table for a checkpoint."""
    table = Table("graph", "SNR dB", "same token", "paced step us", "MB", title=f"parity over {seconds:g} s of speech")
    for name, parity in measure(load_average(checkpoint), features(recordings, seconds)):
        size = f"{parity.num_bytes / 1e6:.2f}" if parity.num_bytes else ""
        snr = f"{parity.snr_db:.1f}"
        table.add_row(name, snr, f"{parity.p_same_token:.2%}", f"{parity.paced_step_us:.0f}", size)
    Console().print(table)


def features(recordings: Path, seconds: float, seed: int = 1) -> Floats:
    """Log-mel steps of recordings in random order, [num_steps, 4, 40]."""
    paths = sorted(path for path in recordings.rglob("*") if path.suffix in (".flac", ".wav"))
    if not paths:
        raise FileNotFoundError(f"{recordings} has no .flac or .wav file; give --recordings another folder")
    steps: list[Floats] = []
    num_steps = round(seconds * 1000 / STEP_MS)
    for index in np.random.default_rng(seed).permutation(len(paths)):
        frames = log_mel(with_silence(read_mono(paths[index]))).astype(np.float32)
        steps.extend(frames.reshape(-1, STRIDE_HOPS, NUM_MELS))
        if len(steps) >= num_steps:
            break
    return np.stack(steps[:num_steps])


def measure(net: ListenerNet, log_mels: Floats) -> Iterator[tuple[str, Parity]]:
    """Convert and run every graph."""
    expected, paced_us = _stream(_torch_step(net), log_mels)
    yield "torch float32", Parity(np.inf, 1.0, paced_us, 0)
    with tempfile.TemporaryDirectory() as folder:
        for name, backend, path in track(list(_graphs(net, Path(folder))), description="graphs"):
            found, paced_us = _stream(_graph_step(path, backend), log_mels)
            snr_db = 10.0 * np.log10(np.sum(expected**2) / np.sum((found - expected) ** 2))
            p_same = np.mean(found.argmax(axis=2) == expected.argmax(axis=2))
            yield name, Parity(float(snr_db), float(p_same), paced_us, path.stat().st_size)


def _graphs(net: ListenerNet, folder: Path) -> Iterator[tuple[str, str, Path]]:
    for backend, writer in (("onnx", to_onnx), ("litert", to_litert)):
        float_path, int8_path = folder / f"{backend}_float32", folder / f"{backend}_int8"
        writer.write_float(net, float_path)
        writer.write_int8(float_path, int8_path)
        yield f"{backend} float32", backend, float_path
        yield f"{backend} int8", backend, int8_path


def _stream(step: Step, log_mels: Floats) -> tuple[Floats, float]:
    """Log posteriors [num_steps, 2, 40]; then paced, since caches grow cold between steps, the cost of one."""
    posteriors = np.stack([step(frames) for frames in log_mels])
    costs_us = []
    for frames in log_mels[:NUM_PACED_STEPS]:
        time.sleep(STEP_MS / 1000)
        began_ns = time.thread_time_ns()
        step(frames)
        costs_us.append((time.thread_time_ns() - began_ns) / 1000)
    return posteriors, float(np.median(costs_us))


def _torch_step(net: ListenerNet) -> Step:
    torch.set_num_threads(1)
    module, (_, *states) = traceable(net)

    def step(frames: Floats) -> Floats:
        nonlocal states
        with torch.inference_mode():
            posteriors, _, _, _, *states = module(torch.from_numpy(frames[None]), *states)
        return np.asarray(posteriors[0])

    return step


def _graph_step(path: Path, backend: str) -> Step:
    graph = open_graph(path, backend, interface())

    def step(frames: Floats) -> Floats:
        np.copyto(graph.inputs["log_mel"][0], frames)
        graph.run()
        graph.advance_states()
        return graph.outputs["log_posteriors"][0].copy()

    return step
