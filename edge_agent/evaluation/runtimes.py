"""The same listener in each runtime: whether they agree, how large they are, and what a step costs when it is paced."""

import time
from dataclasses import dataclass

import numpy as np

from edge_agent.evaluation.hearing import Floats
from edge_agent.evaluation.orders import right_share
from edge_agent.evaluation.recordings import read_mono, with_silence
from edge_agent.evaluation.section import Figure, Section, Table
from edge_agent.evaluation.setting import Setting, commands_of
from edge_agent.evaluation.statistics import share_of
from edge_agent.models.listener import Listener
from edge_agent.units import NUM_MELS, STEP_MS, STRIDE_HOPS

GOAL_MB, GOAL_STEP_MS = 8.0, 0.6
NUM_ORDERS = 100
PACED_STEPS, QUICK_PACED_STEPS = 500, 150


@dataclass(frozen=True)
class Paced:
    """Cost of one step, one every 40 ms, so that caches are as cold as they will be: processor time and wall time."""

    processor_ms: float
    wall_p50_ms: float
    wall_p99_ms: float


def measure_runtimes(setting: Setting) -> Section:
    """Every runtime that the bundle has a file for."""
    section = Section("runtimes")
    folder, graph = commands_of(setting.data / "commands")
    labels = folder.recordings[: min(setting.limit or NUM_ORDERS, NUM_ORDERS)]
    rows, first, costs = [], None, []
    for backend, file in sorted(setting.bundle.files.items()):
        ear = setting.ear.with_backend(backend)
        tracked = setting.progress.track(labels, description=backend)
        heard = [ear.hear(with_silence(read_mono(label.path))).log_posteriors for label in tracked]
        first = first or heard
        right = share_of(right_share(graph, setting, labels, heard))
        paced = pace(Listener(setting.bundle, backend), QUICK_PACED_STEPS if setting.is_quick else PACED_STEPS)
        costs.append(paced.processor_ms)
        same, snr_db = _agreement(np.concatenate(first), np.concatenate(heard))
        rows.append((
            backend,
            f"{file.stat().st_size / 1e6:.2f}",
            str(right),
            f"{100 * same:.2f} %",
            f"{snr_db:.1f}",
            f"{paced.processor_ms:.2f}",
            f"{paced.wall_p50_ms:.2f} / {paced.wall_p99_ms:.2f}",
        ))  # fmt: skip
    headings = (
        "runtime",
        "MB",
        f"orders right, clean ({len(labels)})",
        "same token",
        "SNR dB",
        "step, processor ms",
        "step, wall p50 / p99 ms",
    )
    section.tables.append(Table("runtimes, int8 graphs; agreement is with the first", headings, rows))
    size_mb = sum(path.stat().st_size for path in setting.bundle.files.values()) / 1e6
    section.figures.append(
        Figure("size of all shipped graphs", f"{size_mb:.2f} MB", f"<= {GOAL_MB:g} MB", size_mb <= GOAL_MB)
    )
    cost_ms = min(costs)
    section.figures.append(
        Figure(
            "one 40 ms step, paced, processor time, median",
            f"{cost_ms:.2f} ms",
            f"<= {GOAL_STEP_MS} ms",
            cost_ms <= GOAL_STEP_MS,
        )
    )
    section.notes.append("Float against int8, from the checkpoint: python -m export parity.")
    return section


def _agreement(one: Floats, other: Floats) -> tuple[float, float]:
    """Share of frames with the same best token, and log posteriors' signal to difference in dB."""
    same = float(np.mean(one.argmax(axis=1) == other.argmax(axis=1)))
    return same, float(10.0 * np.log10(np.sum(one**2) / (np.sum((one - other) ** 2) + 1e-12)))


def pace(listener: Listener, num_steps: int) -> Paced:
    """One step every 40 ms of noise that sounds like quiet speech."""
    frames = np.random.default_rng(1).normal(-6.0, 2.0, (num_steps, STRIDE_HOPS, NUM_MELS)).astype(np.float32)
    processor_ms, wall_ms = [], []
    for step in frames:
        time.sleep(STEP_MS / 1000)
        began_processor, began = time.thread_time_ns(), time.perf_counter_ns()
        listener.step(step)
        wall_ms.append((time.perf_counter_ns() - began) / 1e6)
        processor_ms.append((time.thread_time_ns() - began_processor) / 1e6)
    p50_ms, p99_ms = np.quantile(wall_ms, [0.5, 0.99])
    return Paced(float(np.median(processor_ms)), float(p50_ms), float(p99_ms))
