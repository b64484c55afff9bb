"""Echo cancellers in rooms x loudspeakers x levels: echo removed, the talker kept, time to converge, cost of a hop.

    python -m benchmarks.echo ../shared/data/speech/many [--peer-python PYTHON] [--paced-s 20]

Peers in the same run, over the same scenes (`echo_scenes.py`): WebRTC's third canceller and speexdsp (`echo_peer.py`);
PYTHON is one with `pip install livekit numpy`. Each scene: 10 s the agent alone, 6 s a person over it, 4 s the agent
again, 5 s the person alone. Then clocks that drift (`echo_drift.py`). About three minutes.

- echo removed, dB: agent alone from the 4th second, and again after the person
- converged after, s: first 200 ms in a row with 10 dB removed, from the first sound
- talker over the echo ("both") and alone: dB above all else, after any gain and a delay up to 30 ms are taken out;
  their level against what was at the microphone; and, since a canceller may turn phases, how far the log-mel frames go
  with those of the talker alone (correlation)
"nothing" is the microphone as it is.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path
from time import monotonic, perf_counter_ns, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import echo_drift
from benchmarks.echo_peer import PEERS
from benchmarks.echo_scenes import Hops, Scene, scenes
from benchmarks.results import append
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.dsp.reference_mel import log_mel
from edge_agent.units import HOP_MS

PEER_SCRIPT = Path(__file__).resolve().with_name("echo_peer.py")
CONVERGED_DB, CONVERGED_HOPS = 10.0, 20
MAX_DELAY_SAMPLES = 480
NEAR_DB = 10.0  # of `EchoCanceller.near_db`
LOUD_DB = -15.0  # a hop of the talker, against their loudest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", type=Path, help="folder of recordings of people")
    parser.add_argument("--peer-python", type=Path, help="a Python that has livekit; without it peers are left out")
    parser.add_argument("--paced-s", type=float, default=20.0)
    options = parser.parse_args()
    rooms = list(scenes(options.speech))
    ours, evidence = run_ours(rooms)
    outs = {"edge-agent": ours, "nothing": [scene.mic for scene in rooms]}
    costs: dict[str, NDArray[np.float64]] = {}
    for peer in PEERS if options.peer_python else ():
        outs[peer], costs[peer] = run_peer(options.peer_python, peer, rooms)
    figures: dict[str, Any] = {name: mean_figures(rooms, out) for name, out in outs.items()}
    for name, hop_us in costs.items():
        figures[name]["hop_us_p50"] = round(float(np.median(hop_us)), 1)
    figures["edge-agent"] |= evidence | paced(rooms[0], options.paced_s)
    show(rooms, ours, figures)
    drifts = echo_drift.measure(options.speech, echo_drift.MINUTES, echo_drift.DRIFTS_PPM)
    echo_drift.show(drifts)
    append({"benchmark": "echo", "num_scenes": len(rooms), **figures, "drift": drifts})


def run_ours(rooms: list[Scene]) -> tuple[list[Hops], dict[str, float]]:
    """Cleaned microphones, and how well `near_db` tells a talker from echo, hop by hop."""
    outs, own, talker = [], [], []
    for scene in rooms:
        canceller, out, near_db = EchoCanceller(), np.zeros_like(scene.mic), np.zeros(len(scene.mic))
        for hop in range(len(out)):
            canceller.step(scene.mic[hop], scene.played[hop], out[hop])
            near_db[hop] = canceller.near_db if canceller.is_converged else 0.0
        outs.append(out)
        own += [near_db[scene.part(phase)] for phase in ("learning", "echo", "echo again")]
        power = np.mean(scene.near[scene.part("both")] ** 2, axis=1)
        talker.append(near_db[scene.part("both")][power > np.max(power) * 10.0 ** (LOUD_DB / 10.0)])
    return outs, {
        "own_echo_hops_taken_for_a_talker_percent": round(100.0 * float(np.mean(np.concatenate(own) > NEAR_DB)), 3),
        "talker_hops_seen_over_echo_percent": round(100.0 * float(np.mean(np.concatenate(talker) > NEAR_DB)), 1),
    }


def run_peer(python: Path, peer: str, rooms: list[Scene]) -> tuple[list[Hops], NDArray[np.float64]]:
    """Cleaned microphones and the time of each hop, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(
            source,
            **{f"{i:02}/mic": scene.mic for i, scene in enumerate(rooms)},
            **{f"{i:02}/played": scene.played for i, scene in enumerate(rooms)},
        )
        subprocess.run([str(python), str(PEER_SCRIPT), peer, str(source), str(target)], check=True)
        answer = np.load(target)
        return [answer[f"{i:02}/out"] for i in range(len(rooms))], answer["hop_us"]


def mean_figures(rooms: list[Scene], outs: list[Hops]) -> dict[str, float]:
    """Of all scenes."""
    each = [figures_of(scene, out) for scene, out in zip(rooms, outs, strict=True)]
    return {name: round(float(np.mean([figures[name] for figures in each])), 2) for name in each[0]}


def figures_of(scene: Scene, out: Hops) -> dict[str, float]:
    """Of one scene."""
    delay_samples = delay_of(out[scene.part("talker")].ravel(), scene.near[scene.part("talker")].ravel())
    aligned = np.roll(out.ravel(), -delay_samples).reshape(out.shape)
    kept_db, level_db = talker_of(aligned[scene.part("both")], scene.near[scene.part("both")])
    alone_db, alone_level_db = talker_of(aligned[scene.part("talker")], scene.near[scene.part("talker")])
    return {
        "removed_db": removed_db(scene, out, "echo"),
        "removed_again_db": removed_db(scene, out, "echo again"),
        "converged_after_s": converged_after_s(scene, out),
        "both_talker_db": kept_db,
        "both_level_db": level_db,
        "both_frames_correlation": frames_correlation(scene, aligned, "both"),
        "alone_talker_db": alone_db,
        "alone_level_db": alone_level_db,
        "alone_frames_correlation": frames_correlation(scene, aligned, "talker"),
    }


def removed_db(scene: Scene, out: Hops, phase: str) -> float:
    """Echo to what is left of it; nobody else speaks."""
    part = scene.part(phase)
    return float(10.0 * np.log10(np.sum(scene.mic[part] ** 2) / (np.sum(out[part] ** 2) + 1e-12)))


def converged_after_s(scene: Scene, out: Hops) -> float:
    """The learning phase and the next, at most 10 s."""
    end = scene.part("echo").stop
    mic, left = (np.sum(sound[:end].astype(np.float64) ** 2, axis=1) for sound in (scene.mic, out))
    first = int(np.argmax(mic > 1e-3 * np.max(mic)))
    window = np.ones(CONVERGED_HOPS)
    ratio_db = 10.0 * np.log10(np.convolve(mic, window, "valid") / (np.convolve(left, window, "valid") + 1e-12))
    is_there = ratio_db[first:] > CONVERGED_DB
    return (int(np.argmax(is_there)) + CONVERGED_HOPS) * HOP_MS / 1000 if is_there.any() else 10.0


def delay_of(out: NDArray[np.float32], near: NDArray[np.float32]) -> int:
    """Samples by which a canceller delays its microphone."""
    spectrum = np.fft.rfft(out, 2 * len(out)) * np.fft.rfft(near, 2 * len(near)).conj()
    return int(np.argmax(np.fft.irfft(spectrum)[:MAX_DELAY_SAMPLES]))


def talker_of(out: Hops, near: Hops) -> tuple[float, float]:
    """The talker to everything else in `out`, and their level in it; dB."""
    heard, said = out.ravel().astype(np.float64), near.ravel().astype(np.float64)
    gain = float(heard @ said / (said @ said))
    rest = float(np.sum((heard - gain * said) ** 2))
    kept_db = 10.0 * np.log10(gain**2 * float(said @ said) / (rest + 1e-12))
    return float(kept_db), float(20.0 * np.log10(abs(gain) + 1e-6))


def frames_correlation(scene: Scene, out: Hops, phase: str) -> float:
    """Of the log-mel frames in which the talker is loud."""
    heard, said = (log_mel(sound[scene.part(phase)].ravel().astype(np.float64)) for sound in (out, scene.near))
    power = np.mean(scene.near[scene.part(phase)] ** 2, axis=1)
    is_loud = power > np.max(power) * 10.0 ** (LOUD_DB / 10.0)
    return float(np.corrcoef(heard[is_loud].ravel(), said[is_loud].ravel())[0, 1])


def paced(scene: Scene, seconds: float) -> dict[str, float]:
    """Cost of a hop that comes every 10 ms, when caches are cold and clocks low."""
    canceller, out, hop_us = EchoCanceller(), np.zeros_like(scene.mic[0]), []
    begin_s = monotonic()
    for number in range(round(seconds * 1000 / HOP_MS)):
        hop = number % scene.part("echo again").stop
        began_ns = perf_counter_ns()
        canceller.step(scene.mic[hop], scene.played[hop], out)
        hop_us.append((perf_counter_ns() - began_ns) / 1000)
        sleep(max(0.0, begin_s + (number + 1) * HOP_MS / 1000 - monotonic()))
    return {"hop_us_p50": round(float(np.median(hop_us)), 1), "hop_us_p99": round(float(np.quantile(hop_us, 0.99)), 1)}


def show(rooms: list[Scene], ours: list[Hops], figures: dict[str, Any]) -> None:
    """One table of the cancellers, one of ours in each scene."""
    console = Console(width=180)
    table = Table("mean of all scenes", *figures)
    for name in figures["edge-agent"]:
        table.add_row(name, *(str(of.get(name, "")) for of in figures.values()))
    console.print(table)
    each = Table(
        "edge-agent", "distortion, dB", "removed, dB", "converged, s", "talker in double talk, dB", "before, dB"
    )
    for scene, out in zip(rooms, ours, strict=True):
        own = figures_of(scene, out)
        before_db = talker_of(scene.mic[scene.part("both")], scene.near[scene.part("both")])[0]
        values = (scene.distortion_db, own["removed_db"], own["converged_after_s"], own["both_talker_db"], before_db)
        each.add_row(scene.name, *(f"{value:.1f}" for value in values))
    console.print(each)


if __name__ == "__main__":
    main()
