"""The agent of `paced.py`, in a process of its own: recordings of people in a loop, paced like a microphone.

Prints one JSON object with what this process cost, at its end. Everything that a live agent runs is on: features,
listener, decoder, wake phrase, reflexes, skills, voice, mixer; only the sound device is not there.
"""

import argparse
import gc
import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.agent import Agent, load_kit
from edge_agent.audio.base import NO_XRUNS, State, Xruns
from edge_agent.audio.decode import decode
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate
from edge_agent.events import Event
from edge_agent.profile import load_profile
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms

WAKE_PHRASE = "computer"
GAP_S = 5.0
ROOM_RMS = 0.0003  # a quiet room is not digital silence
SPOKEN_OVER_NOISE = 2.5  # of the level of a recording's quiet fifth: where speech ends


class Loop:
    """Recordings one after the other, for ever, each followed by room noise; a Duplex that keeps time and answers."""

    def __init__(self, clips: list[NDArray[np.float32]]) -> None:
        self._sound, self._ends = _arrange(clips)
        self._num_read = 0
        self._began_s = 0.0
        self._was_sounding = False
        self.latencies_ms: list[float] = []
        self.num_late_hops = 0

    state: State = "ok"

    def read_hop(self, mic: NDArray[np.float32], played: NDArray[np.float32]) -> bool:
        """Waits until a microphone would have heard it."""
        now_s = time.monotonic()
        if self._num_read == 0:
            self._began_s = now_s
        left_s = self._began_s + (self._num_read + 1) * HOP_MS / 1000 - now_s
        if left_s > 0:
            time.sleep(left_s)
        else:
            self.num_late_hops += 1
        place = self._num_read * HOP_SAMPLES % len(self._sound)
        np.copyto(mic, self._sound[place : place + HOP_SAMPLES])
        played.fill(0.0)
        self._num_read += 1
        return True

    def write_hop(self, out: NDArray[np.float32]) -> None:
        """Notes when the agent begins to sound, against the end of the last recording."""
        is_sounding = bool(out.any())
        if is_sounding and not self._was_sounding:
            self._note(self._num_read * HOP_SAMPLES + int(np.flatnonzero(out)[0]))
        self._was_sounding = is_sounding

    def take_xruns(self) -> Xruns:
        return NO_XRUNS

    def close(self) -> None:
        """Nothing to give back."""

    def _note(self, at_sample: int) -> None:
        since = at_sample % len(self._sound) - np.array(self._ends)
        if (since >= 0).any():
            self.latencies_ms.append(samples_to_ms(int(since[since >= 0].min())))


def _arrange(clips: list[NDArray[np.float32]]) -> tuple[NDArray[np.float32], list[int]]:
    """All clips with room noise between, in whole hops; and the last sample spoken of each."""
    pieces, ends, length = [], [], 0
    for clip in clips:
        ends.append(length + last_spoken_sample(clip))
        gap = np.zeros(ms_to_samples(1000 * GAP_S) - len(clip) % HOP_SAMPLES, np.float32)
        pieces += [clip, gap]
        length += len(clip) + len(gap)
    sound = np.concatenate(pieces)
    sound = sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES]
    # a chirp that wraps around sounds like noise, and needs no generator in a process whose memory is measured
    for first in range(0, len(sound), SAMPLE_RATE_HZ):
        place = np.arange(first, min(first + SAMPLE_RATE_HZ, len(sound)), dtype=np.float64)
        sound[first : first + SAMPLE_RATE_HZ] += 1.4 * ROOM_RMS * np.sin(0.61 * place**2)
    return sound, ends


def last_spoken_sample(clip: NDArray[np.float32]) -> int:
    """End of the last 10 ms that are well above the recording's own noise; no model is asked."""
    blocks = clip[: len(clip) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
    level = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    floor = max(float(np.quantile(level, 0.2)), 0.01 * float(level.max()))
    return (int(np.flatnonzero(level > SPOKEN_OVER_NOISE * floor)[-1]) + 1) * HOP_SAMPLES


def run(clips: list[Path], minutes: float, profile_name: str) -> dict[str, object]:
    """Figures of so many minutes."""
    chosen = load_profile(profile_name).with_choices(wake_phrases=[WAKE_PHRASE])
    # once awake for good, so that the decoder has as much to do as it can
    profile = chosen.model_copy(update={"wake": chosen.wake.model_copy(update={"awake_s": 600.0})})
    kit, loop, events = load_kit(profile), Loop([decode(path).samples for path in clips]), list[Event]()
    agent = Agent(
        kit,
        loop,
        events.append,
        clock=FakeClock(datetime.now()),
        gate=Gate(profile.privacy.state),
        is_live=True,
        hears_over_itself=True,
    )
    gc.collect()
    gc.freeze()
    gc.disable()
    began_s, began_cpu_s = time.monotonic(), _cpu_s()
    for _ in range(round(minutes * 60 * SAMPLE_RATE_HZ / HOP_SAMPLES)):
        agent.hop.tick()
    cpu_percent = 100 * (_cpu_s() - began_cpu_s) / (time.monotonic() - began_s)
    agent.close()
    summary = agent.meters.summary(agent.hop.at_sample)
    return {
        "minutes": minutes,
        "backend": kit.listener.backend,
        "cpu_percent_of_one_core": round(cpu_percent, 2),
        "resident_mb": _resident_mb("VmRSS"),
        "resident_peak_mb": _resident_mb("VmHWM"),
        "hop_p50_ms": round(summary.hop_p50_ms, 3),
        "hop_p99_ms": round(summary.hop_p99_ms, 3),
        "hop_max_ms": round(summary.hop_max_ms, 3),
        "num_late_hops": loop.num_late_hops,
        "num_wakes": sum(event.name == "wake" for event in events),
        "num_turns": summary.num_turns,
        "num_intents": summary.num_intents,
        "num_answers": len(loop.latencies_ms),
        "first_answer_p50_ms": round(float(np.median(loop.latencies_ms)), 1) if loop.latencies_ms else None,
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _resident_mb(entry: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith(entry + ":"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--profile", required=True)
    parser.add_argument("clips", nargs="+", type=Path)
    options = parser.parse_args()
    json.dump(run(options.clips, options.minutes, options.profile), sys.stdout)


if __name__ == "__main__":
    main()
