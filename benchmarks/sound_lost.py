"""How much sound is lost while a Python thread holds a GIL for 300 ms, again and again.

    python -m benchmarks.sound_lost [--seconds 9.9]

Noise is played on the virtual card and heard back from it, digitally; a window of 100 ms is intact when it was heard
bit by bit. Ours: the busy thread is in the link process, where the design puts everything slow. The peers have one
process: sounddevice with a Python callback, and a C callback with all the noise queued beforehand.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import sounddevice
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.results import append
from edge_agent.audio.device import DeviceDuplex
from edge_agent.audio.device_handle import CAPTURE_HOP_BYTES, PLAYBACK_HOP_BYTES
from edge_agent.audio.device_process import be_preferred
from edge_agent.audio.portaudio import DeviceStream, Wanted
from edge_agent.processes.realtime import enter_realtime
from edge_agent.profile import RealtimeProfile
from edge_agent.profile_file import load_profile
from edge_agent.ring import Ring
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from tests.device.virtual_card import VirtualCard

HELD_MS = 300
PAUSE_MS = 250
WINDOW_SAMPLES = SAMPLE_RATE_HZ // 10
LEAD_HOPS = 50
TAIL_HOPS = 100
AUDIO = load_profile("generic_x86").audio
RUNNING: list[object] = []  # what the device thread uses until the process ends

Samples = NDArray[np.float32]


def hold_gil() -> None:
    """For ever: hold this process's GIL, let go, sleep."""
    usleep = ctypes.PyDLL(None).usleep  # PyDLL, unlike CDLL, keeps the GIL during the call
    while True:
        usleep(HELD_MS * 1000)
        time.sleep(PAUSE_MS / 1000)


def start_holder() -> None:
    threading.Thread(target=hold_gil, daemon=True).start()


def ours(sound: Samples) -> Samples:
    """The device process, this hop process, and a link process whose GIL is held."""
    link = subprocess.Popen([sys.executable, "-c", "from benchmarks.sound_lost import hold_gil; hold_gil()"])
    enter_realtime(RealtimeProfile(lock_memory=False))
    duplex = DeviceDuplex(AUDIO)
    hops = sound.reshape(-1, HOP_SAMPLES)
    heard = np.zeros_like(hops)
    played = np.zeros(HOP_SAMPLES, np.float32)
    for mic, out in zip(heard, hops, strict=True):
        duplex.read_hop(mic, played)
        duplex.write_hop(out)
    duplex.close()
    link.kill()
    link.wait()
    return heard.reshape(-1)


def python_callback(sound: Samples) -> Samples:
    """sounddevice as its documentation shows it."""
    heard: list[Samples] = []
    position = 0

    def callback(indata: Samples, outdata: Samples, frames: int, _time: object, _status: object) -> None:
        nonlocal position
        heard.append(indata[:, 0].copy())
        outdata.fill(0.0)
        piece = sound[position : position + frames]
        outdata[: len(piece), 0] = piece
        position += frames

    be_preferred()
    start_holder()
    options = {
        "samplerate": SAMPLE_RATE_HZ,
        "blocksize": HOP_SAMPLES,
        "channels": 1,
        "latency": AUDIO.latency_ms / 1000,
    }
    with sounddevice.Stream(device="default", dtype="float32", callback=callback, **options):
        time.sleep(len(sound) / SAMPLE_RATE_HZ)
    return np.concatenate(heard)


def c_callback(sound: Samples) -> Samples:
    """Our callback in one process with the thread that holds the GIL; nothing is to be done in time."""
    be_preferred()
    num_hops = len(sound) // HOP_SAMPLES
    capture, playback = Ring.create(CAPTURE_HOP_BYTES, num_hops), Ring.create(PLAYBACK_HOP_BYTES, num_hops)
    playback.write(sound)
    stream = DeviceStream(Wanted(AUDIO.device, AUDIO.block_ms, AUDIO.latency_ms), capture, playback)
    start_holder()
    time.sleep(len(sound) / SAMPLE_RATE_HZ)
    assert stream.is_active
    RUNNING.extend((stream, capture, playback))
    pairs = np.zeros((capture.readable() * HOP_SAMPLES, 2), np.float32)
    capture.read_into(pairs)
    return pairs[:, 0]


VARIANTS: dict[str, Callable[[Samples], Samples]] = {
    "ours": ours,
    "C callback alone": c_callback,
    "sounddevice, Python callback": python_callback,
}


def make_noise(duration_s: float) -> Samples:
    levels = np.random.default_rng(5).integers(-9000, 9000, round(duration_s * SAMPLE_RATE_HZ))
    return (levels / 32768).astype(np.float32)


def num_intact(windows: NDArray[np.float32], heard: Samples) -> int:
    """Windows that were heard bit by bit, wherever."""
    found = 0
    for window in windows:
        starts = np.flatnonzero(heard[: len(heard) - WINDOW_SAMPLES] == window[0])
        found += any(np.array_equal(heard[start : start + WINDOW_SAMPLES], window) for start in starts)
    return found


def measure(variant: str, duration_s: float) -> dict[str, Any]:
    """In a process of its own; the figures of one variant."""
    noise = make_noise(duration_s)
    quiet = np.zeros(HOP_SAMPLES, np.float32)
    heard = VARIANTS[variant](np.concatenate([np.tile(quiet, LEAD_HOPS), noise, np.tile(quiet, TAIL_HOPS)]))
    windows = noise[: len(noise) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    intact = num_intact(windows, heard)
    return {"variant": variant, "num_windows": len(windows), "num_lost": len(windows) - intact}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=9.9)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.variant:
        sys.stdout.write(json.dumps(measure(chosen.variant, chosen.seconds)) + "\n")
        sys.stdout.flush()
        os._exit(0)  # PortAudio's clean-up would wait for the GIL
    figures = []
    with VirtualCard():
        os.environ["PULSE_SOURCE"] = "spk.monitor"
        for variant in VARIANTS:
            figures.append(_measure_apart(variant, chosen.seconds))
    table = Table(title=f"sound lost while a GIL is held {HELD_MS} ms, then free {PAUSE_MS} ms")
    for heading in ("", "windows of 100 ms", "lost"):
        table.add_column(heading, justify="left" if not heading else "right")
    for figure in figures:
        table.add_row(figure["variant"], str(figure["num_windows"]), str(figure["num_lost"]))
    Console().print(table)
    append(
        {
            "benchmark": "sound_lost",
            "held_ms": HELD_MS,
            "pause_ms": PAUSE_MS,
            "latency_ms": AUDIO.latency_ms,
            "figures": figures,
        }
    )


def _measure_apart(variant: str, duration_s: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.sound_lost", "--variant", variant, "--seconds", str(duration_s)]
    # ALSA tells there of every underrun that the Python callback causes
    silent = subprocess.DEVNULL
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=silent, text=True, check=True)
    figure: dict[str, Any] = json.loads(answer.stdout)
    return figure


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
