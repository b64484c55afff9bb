"""What happened in the conversations of `barge_in.py`, counted alike for the agent and for the rules of others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.barge_in_talk import Condition, Placed, Scene
from edge_agent.events import BargeIn
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms

MISSED_AFTER_MS = 1_000.0
ALONE_AFTER_MS = 3_000.0  # since the last sound: what the agent does then, it does because of its own echo
STOPS_AFTER_MS = 300.0  # a stop so long after a sound that was no speech is not for that sound
RECOVERED_MS = 500.0
SOUNDING = 1e-4
GOALS = {"p50_ms": 60.0, "p99_ms": 120.0, "missed_percent": 3.0, "own_echo_stops": 0.0, "recovered_percent": 95.0}


@dataclass
class Tally:
    """Counts, and what they are made of; JSON as it is."""

    latencies_ms: list[float] = field(default_factory=list)
    num_spoken: int = 0
    num_given_back: int = 0  # the agent went on while the person still spoke
    recoveries_ms: list[float] = field(default_factory=list)  # after the end of a sound that was no speech
    alone_s: float = 0.0
    num_alone_ducks: int = 0
    num_alone_stops: int = 0
    talk_s: float = 0.0
    worst: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Adds the counts of other conversations."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def figures(self) -> dict[str, float]:
        """The table, one number for each row."""
        latencies, recoveries = np.array(self.latencies_ms), np.array(self.recoveries_ms)
        num_missed = self.num_spoken - len(latencies)
        return {
            "p50_ms": float(np.percentile(latencies, 50)) if len(latencies) else np.inf,
            "p99_ms": float(np.percentile(latencies, 99)) if len(latencies) else np.inf,
            "missed_percent": 100.0 * num_missed / max(1, self.num_spoken),
            "own_echo_stops": float(self.num_alone_stops),
            "recovered_percent": 100.0 * float(np.mean(recoveries <= RECOVERED_MS)) if len(recoveries) else 0.0,
            "given_back_percent": 100.0 * self.num_given_back / max(1, self.num_spoken),
            "own_echo_ducks": float(self.num_alone_ducks),
            "num_spoken": float(self.num_spoken),
            "num_no_speech": float(len(recoveries)),
            "alone_min": self.alone_s / 60.0,
            "talk_min": self.talk_s / 60.0,
        }

    def spoke(self, one: Placed, condition: Condition, latency_ms: float) -> bool:
        """Someone spoke, and the agent was silent so much later; False when that was too late."""
        self.num_spoken += 1
        is_heard = latency_ms <= MISSED_AFTER_MS
        if is_heard:
            self.latencies_ms.append(latency_ms)
        if latency_ms > GOALS["p99_ms"]:
            self.worst.append(f"{latency_ms:.0f} ms: {one.sound.name} ({condition})")
        return is_heard

    def made_a_sound(self, one: Placed, condition: Condition, recovery_ms: float) -> None:
        """A sound that was no speech, and so much after its end the agent went on; 0: it never stopped."""
        self.recoveries_ms.append(recovery_ms)
        if recovery_ms > RECOVERED_MS:
            self.worst.append(f"on after {recovery_ms:.0f} ms: {one.sound.name} ({condition})")


def sounding_hops(played: NDArray[np.float32]) -> NDArray[np.bool_]:
    """In which hops the loudspeaker sounds."""
    hops = np.abs(played[: len(played) // HOP_SAMPLES * HOP_SAMPLES]).reshape(-1, HOP_SAMPLES)
    return np.asarray(hops.max(axis=1) > SOUNDING)


def talked_over(placed: Sequence[Placed], is_sounding: NDArray[np.bool_]) -> list[Placed]:
    """The sounds that met the agent speaking; else there was nothing to interrupt."""
    hops = [(one, one.onset_sample // HOP_SAMPLES) for one in placed]
    return [one for one, hop in hops if is_sounding[hop - 10 : hop + 1].any() and is_sounding[hop : hop + 12].any()]


def alone_hops(placed: Sequence[Placed], is_sounding: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """In which hops the agent sounds and nobody has made a sound for a while."""
    alone = is_sounding.copy()
    for one in placed:
        last = one.end_sample + ms_to_samples(ALONE_AFTER_MS)
        alone[one.at_sample // HOP_SAMPLES : last // HOP_SAMPLES] = False
    return np.asarray(alone)


def tally_of(scene: Scene, conversation: NDArray[np.float32], stages: Sequence[BargeIn]) -> Tally:
    """Of the agent in one conversation."""
    is_sounding = sounding_hops(conversation[:, 1])
    alone = alone_hops(scene.placed, is_sounding)
    tally = Tally(alone_s=_seconds(alone), talk_s=len(conversation) / SAMPLE_RATE_HZ)
    for one in talked_over(scene.placed, is_sounding):
        after = [event for event in stages if event.at_sample >= one.onset_sample]
        if one.sound.kind == "speech":
            _count_speech(tally, one, after, scene.condition)
        else:
            tally.made_a_sound(one, scene.condition, _recovery_ms(one, after))
    for event in stages:
        hop = event.at_sample // HOP_SAMPLES
        if hop < len(alone) and alone[hop]:
            tally.num_alone_ducks += event.stage == "duck"
            tally.num_alone_stops += event.stage == "stop"
    return tally


def _seconds(hops: NDArray[np.bool_]) -> float:
    return float(np.sum(hops)) * HOP_SAMPLES / SAMPLE_RATE_HZ


def _count_speech(tally: Tally, one: Placed, after: Sequence[BargeIn], condition: Condition) -> None:
    stop = next((event for event in after if event.stage in ("stop", "drop")), None)
    latency_ms = samples_to_ms(stop.at_sample + HOP_SAMPLES - one.onset_sample) if stop else np.inf  # the fade is a hop
    if not tally.spoke(one, condition, latency_ms) or stop is None:
        return
    last = _next_after(stop, after)
    tally.num_given_back += last is not None and last.stage == "resume" and last.at_sample < one.end_sample


def _recovery_ms(one: Placed, after: Sequence[BargeIn]) -> float:
    stop = next((event for event in after if event.stage == "stop"), None)
    if stop is None or stop.at_sample > one.end_sample + ms_to_samples(STOPS_AFTER_MS):
        return 0.0
    last = _next_after(stop, after)
    is_back = last is not None and last.stage == "resume"
    return max(0.0, samples_to_ms(last.at_sample - one.end_sample)) if last and is_back else np.inf


def _next_after(stop: BargeIn, after: Sequence[BargeIn]) -> BargeIn | None:
    return next((one for one in after if one.stage in ("resume", "drop") and one.at_sample > stop.at_sample), None)
