"""The whole agent on the virtual sound card: latency from sound to sound, and what all its processes cost.

    python -m benchmarks.paced_live [--minutes 2]

Recordings of people are spoken into the virtual microphone; one recorder hears what is spoken and what the loudspeaker
plays on one clock, so that a latency holds everything on the way: sound server, device, rings, hop, models, answer.
Reflex sounds are off, so the first sound after the last word is the answer's.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.processes import cost_of, descendants
from benchmarks.results import append
from benchmarks.room import COMMANDS, room
from edge_agent.profile import load_profile
from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from tests.device.running_agent import running_agent
from tests.device.virtual_card import VirtualCard, missing_programs

Samples = NDArray[np.float32]

MAX_MINUTES = 4.5  # then the first timer of five minutes rings
MEASURED = {"edge_agent.hop_process": "hop", "edge_agent.audio.device_process": "device", "edge_agent.link": "link"}
FINGERPRINT_SAMPLES = ms_to_samples(20)
QUIET_MS = 50  # of silence part one sound from the next
LONGEST_ANSWER_MS = 4000
SETTLE_S = 2.0


def profile_text(name: str) -> str:
    """The profile on the virtual card, with ordinary scheduling: whoever measures may not own the machine."""
    profile: dict[str, Any] = load_profile(name).model_dump(mode="json")
    profile["audio"] |= {"device": "default", "loudspeaker": "isolated"}
    profile["realtime"]["priority"] = 0
    profile["wake"]["phrases"] = []
    for reflex in ("back_channel", "filler"):
        profile["reflexes"][reflex]["enabled"] = False
    return yaml.safe_dump(profile)


def measure(minutes: float, profile_name: str) -> dict[str, Any]:
    """Figures of so many minutes; needs PulseAudio's programs."""
    sound, ends = room(COMMANDS)
    num_loops = max(1, round(min(minutes, MAX_MINUTES) * 60 * SAMPLE_RATE_HZ / len(sound)))
    spoken = np.rint(np.tile(sound, num_loops) * 32768).astype(np.int16).astype(np.float32) / 32768
    all_ends = [loop * len(sound) + end for loop in range(num_loops) for end in ends]
    with (
        tempfile.TemporaryDirectory() as folder,
        VirtualCard() as card,
        running_agent(Path(folder), profile_text(profile_name)) as agent,
    ):
        recording = card.record_room()
        time.sleep(SETTLE_S)
        pids = {kind: pid for pid, kind in _measured(agent.process.pid)}
        before, began_s = {kind: cost_of(pid) for kind, pid in pids.items()}, time.monotonic()
        card.play_samples(spoken).wait()
        after, lasted_s = {kind: cost_of(pid) for kind, pid in pids.items()}, time.monotonic() - began_s
        heard = recording.stop()
        intents = [event["intent"] for event in agent.events if event["event"] == "intent"]
        num_xruns = sum(event["event"] == "xrun" for event in agent.events)
    latencies_ms = answer_latencies_ms(spoken, all_ends, heard)
    costs = {
        kind: {
            "cpu_percent": 100 * (after[kind].cpu_s - before[kind].cpu_s) / lasted_s,
            "resident_mb": after[kind].resident_mb,
            "proportional_mb": after[kind].proportional_mb,
        }
        for kind in pids
    }
    for what in ("cpu_percent", "resident_mb", "proportional_mb"):
        costs.setdefault("hop_and_device", {})[what] = costs["hop"][what] + costs["device"][what]
    return {
        "minutes": round(lasted_s / 60, 2),
        **{f"{kind}_{what}": round(value, 2) for kind, cost in costs.items() for what, value in cost.items()},
        "num_commands": len(all_ends),
        "num_intents": len(intents),
        "num_answers": len(latencies_ms),
        "num_xruns": num_xruns,
        "sound_to_sound_p50_ms": round(float(np.median(latencies_ms)), 1) if latencies_ms else None,
        "sound_to_sound_p90_ms": round(float(np.quantile(latencies_ms, 0.9)), 1) if latencies_ms else None,
    }


def answer_latencies_ms(spoken: Samples, ends: list[int], heard: Samples) -> list[float]:
    """For each command that was answered: its last sample to the first sample that the loudspeaker plays.

    heard: [n, 2], what was spoken and what the loudspeaker played; `ends`: where commands end in `spoken`.
    """
    onsets = _onsets(heard[:, 1])
    latencies, shift = [], int(np.flatnonzero(heard[:, 0])[0]) - int(np.flatnonzero(spoken)[0])
    for end in ends:
        at = _find(heard[:, 0], spoken[end - FINGERPRINT_SAMPLES : end], end - FINGERPRINT_SAMPLES + shift)
        if at is None:
            continue  # the player left a gap there, so nobody knows when the command ended
        last = at + FINGERPRINT_SAMPLES
        shift = last - end
        after = onsets[(onsets >= last) & (onsets < last + ms_to_samples(LONGEST_ANSWER_MS))]
        if len(after):
            latencies.append(samples_to_ms(int(after[0]) - last))
    return latencies


def _onsets(played: Samples) -> NDArray[np.intp]:
    """Where sounds begin."""
    sounding = np.flatnonzero(played)
    is_first = np.diff(sounding, prepend=-SAMPLE_RATE_HZ) > ms_to_samples(QUIET_MS)
    onsets: NDArray[np.intp] = sounding[is_first]
    return onsets


def _find(heard: Samples, piece: Samples, expected: int, within_samples: int = SAMPLE_RATE_HZ) -> int | None:
    """Where exactly these samples were heard, near where they are expected."""
    first = max(0, expected - within_samples)
    stretch = heard[first : expected + within_samples + len(piece)]
    if len(stretch) < len(piece):
        return None
    windows = np.lib.stride_tricks.sliding_window_view(stretch, len(piece))
    found = np.flatnonzero((windows == piece).all(axis=1))
    return first + int(found[0]) if len(found) else None


def _measured(pid: int) -> list[tuple[int, str]]:
    return [
        (child, kind)
        for child, line in descendants(pid).items()
        for module, kind in MEASURED.items()
        if f"-m {module} " in line
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--profile", default="generic_x86")
    options = parser.parse_args()
    if missing := missing_programs():
        parser.exit(
            2, f"the virtual sound card needs {', '.join(missing)}: apt-get install pulseaudio pulseaudio-utils\n"
        )
    figures = measure(options.minutes, options.profile)
    for name, value in figures.items():
        print(f"{name:32s} {value}")
    append({"benchmark": "paced_live", "profile": options.profile} | figures)


if __name__ == "__main__":
    main()
