"""How long sound is on its way through the virtual card and back, when the agent needs no time at all.

    python -m benchmarks.sound_way [--latency-ms 20 30 40 60] [--block-ms 10]

A click is spoken into the virtual microphone, and the first hop in which it is heard is answered by a click. The
room's recording has both on one clock, so nothing of the player or the recorder counts. Of that way, the agent's own
rings are what lies between the device callback that brought the click and the one that took the answer; the rest is
PortAudio, ALSA's PulseAudio plugin, PulseAudio and the virtual card, there and back. A real card adds its converters.
"""

import argparse
import os
import re
import subprocess
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.answers import median_ms
from benchmarks.results import append
from edge_agent.audio.device import DeviceDuplex
from edge_agent.profile import AudioProfile
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms
from tests.device.virtual_card import VirtualCard, missing_programs

Samples = NDArray[np.float32]

NUM_CLICKS = 16
CLICK, LEAST_CLICK = 0.5, 0.25
SETTLE_S = 1.0
EVERY_SAMPLES = SAMPLE_RATE_HZ // 2
CLIENT = "ALSA plug-in"


@dataclass(frozen=True)
class Way:
    """Milliseconds, one for each click; and what PulseAudio says of its client."""

    whole_ms: list[float]
    rings_ms: list[float]  # of that: a hop is collected, waits in the capture ring and in the playback ring
    reported_ms: dict[str, float]
    num_xruns: int

    @property
    def summary(self) -> dict[str, float | None]:
        """Figures for the results."""
        whole_ms, rings_ms = median_ms(self.whole_ms), median_ms(self.rings_ms)
        outside_ms = None if whole_ms is None or rings_ms is None else round(whole_ms - rings_ms, 1)
        figures = {"whole_ms": whole_ms, "rings_ms": rings_ms, "outside_ms": outside_ms}
        return figures | {f"reported_{name}": value for name, value in self.reported_ms.items()}


def measure(card: VirtualCard, audio: AudioProfile) -> Way:
    """Takes ten seconds. Raises AudioError when the card cannot be opened."""
    duplex = DeviceDuplex(audio)
    try:
        return way_of(card, duplex)
    finally:
        duplex.close()


def way_of(card: VirtualCard, duplex: DeviceDuplex) -> Way:
    """Of a device that is open."""
    spoken = np.zeros(EVERY_SAMPLES * (NUM_CLICKS + 2), np.float32)
    spoken[EVERY_SAMPLES : EVERY_SAMPLES * (NUM_CLICKS + 1) : EVERY_SAMPLES] = CLICK
    recording = card.record_room()
    answer_clicks(duplex, SETTLE_S)
    duplex.take_xruns()
    player = card.play_samples(spoken)
    hops = answer_clicks(duplex, len(spoken) / SAMPLE_RATE_HZ / 2)
    reporter = subprocess.Popen(
        ["sh", "-c", "pactl list sink-inputs; pactl list source-outputs"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    hops += answer_clicks(duplex, len(spoken) / SAMPLE_RATE_HZ / 2 + SETTLE_S)
    report, _ = reporter.communicate()
    player.wait()
    num_xruns = sum(duplex.take_xruns())
    heard = recording.stop()
    whole_ms = delays_ms(heard[:, 0], heard[:, 1])
    own = np.concatenate(hops)
    return Way(whole_ms, delays_ms(own[:, 0], own[:, 1]), reported_ms(report), num_xruns)


def answer_clicks(duplex: DeviceDuplex, duration_s: float) -> list[Samples]:
    """Every click at once by a click; hops of [HOP_SAMPLES, 2], microphone and what was played in that time."""
    mic, played, out = np.zeros((3, HOP_SAMPLES), np.float32)
    hops, until_s = [], time.monotonic() + duration_s
    while time.monotonic() < until_s:
        duplex.read_hop(mic, played)
        out[0] = CLICK if mic.max() > LEAST_CLICK else 0.0
        duplex.write_hop(out)
        hops.append(np.stack([mic, played], axis=1))
    return hops


def delays_ms(said: Samples, answered: Samples) -> list[float]:
    """From each click to the first answer after it, where there is one before the next."""
    clicks, answers = np.flatnonzero(said > LEAST_CLICK), np.flatnonzero(answered > LEAST_CLICK)
    places = np.searchsorted(answers, clicks)
    known = places < len(answers)
    delays = answers[places[known]] - clicks[known]
    return [samples_to_ms(int(delay)) for delay in delays if delay < EVERY_SAMPLES]


def reported_ms(report: str) -> dict[str, float]:
    """What PulseAudio has buffered for the agent, and what the sides of the card add."""
    reported = {}
    for entry in re.split(r"^(?=Sink Input #|Source Output #)", report, flags=re.MULTILINE):
        side = "playback" if entry.startswith("Sink Input") else "capture"
        if CLIENT in entry:
            for name, microseconds in re.findall(r"(Buffer|Sink|Source) Latency: (\d+) usec", entry):
                reported[f"{side}_{name.lower()}_ms"] = int(microseconds) / 1000
    return reported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency-ms", type=int, nargs="+", default=[20, 30, 40, 60])
    parser.add_argument("--block-ms", type=int, default=10)
    options = parser.parse_args()
    if missing := missing_programs():
        parser.exit(2, f"needs {', '.join(missing)}: apt-get install pulseaudio pulseaudio-utils\n")
    table = Table("asked, ms", "there and back", "p90", "rings", "outside", "PulseAudio's buffer", "clicks", "xruns")
    for latency_ms in options.latency_ms:
        with VirtualCard() as card:
            way = measure(card, AudioProfile(block_ms=options.block_ms, latency_ms=latency_ms))
        figures = way.summary | {
            "whole_p90_ms": median_ms(way.whole_ms, 0.9),
            "num_clicks": len(way.whole_ms),
            "num_xruns": way.num_xruns,
        }
        names = ("whole_ms", "whole_p90_ms", "rings_ms", "outside_ms", "reported_playback_buffer_ms")
        table.add_row(str(latency_ms), *(str(figures.get(name)) for name in (*names, "num_clicks", "num_xruns")))
        append({"benchmark": "sound_way", "latency_ms": latency_ms, "block_ms": options.block_ms} | figures)
    Console().print(table)


if __name__ == "__main__":
    main()
