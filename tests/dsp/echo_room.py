"""An agent that talks all the time in a simulated room, and a person who talks over it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import edge_agent.voice
from edge_agent.audio.decode import decode
from edge_agent.audio.room import RoomDuplex, level_dbfs
from edge_agent.audio.room_response import Shoebox, room_response
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain

Sound = NDArray[np.float32]
Hops = NDArray[np.float32]  # [num_hops, HOP_SAMPLES]
Change = Callable[[int, RoomDuplex], None]  # before each hop

CLIPS = Path(__file__).resolve().parents[2] / "demo" / "clips"
VOICE = Path(edge_agent.voice.__file__).parent / "data" / "clips.ogg"
LEVEL_DBFS = -26.0
REPLY_S = 3


@dataclass(frozen=True)
class Scene:
    """What the microphone heard, what of it was the talker and what was played."""

    mic: Hops
    near: Hops
    played: Hops

    @property
    def echo(self) -> Hops:
        return self.mic - self.near


@dataclass(frozen=True)
class Heard:
    """What a canceller made of a scene, a value for each hop."""

    out: Hops
    delay_ms: NDArray[np.float64]
    drift_ppm: NDArray[np.float64]
    is_converged: NDArray[np.bool_]
    echo_db: NDArray[np.float64]
    near_db: NDArray[np.float64]


@cache
def voice() -> Sound:
    """The agent's own voice, with its pauses."""
    samples, rate_hz = soundfile.read(VOICE, 60 * SAMPLE_RATE_HZ, dtype="float32")
    assert rate_hz == SAMPLE_RATE_HZ
    return at_level(samples, LEVEL_DBFS)


@cache
def people() -> Sound:
    """Requests of a person, one behind the other."""
    return at_level(
        np.concatenate([_spoken(decode(path).samples) for path in sorted(CLIPS.glob("*.flac"))]), LEVEL_DBFS
    )


@cache
def response(reverberation_s: float) -> Sound:
    """From the loudspeaker to the microphone."""
    return room_response(Shoebox(reverberation_s=reverberation_s))


def _spoken(clip: Sound) -> Sound:
    """From its first loud sample to its last."""
    loud = np.flatnonzero(np.abs(clip) > 0.1 * np.max(np.abs(clip)))
    return clip[loud[0] : loud[-1]]


def at_level(sound: Sound, level: float) -> Sound:
    return (sound * db_to_gain(level - level_dbfs(sound))).astype(np.float32)


def scene(
    seconds: float,
    *,
    near_from_s: float = np.inf,
    near_to_s: float = np.inf,
    near_db: float = 0.0,
    reverberation_s: float = 0.35,
    played_db: float = 0.0,
    pause_s: float = 0.0,
    change: Change | None = None,
    **room: float,
) -> Scene:
    """The agent talks all the time, or 3 s after each pause; a person from `near_from_s` on, `near_db` above it."""
    num_hops = round(seconds * SAMPLE_RATE_HZ) // HOP_SAMPLES
    said = np.resize(voice(), num_hops * HOP_SAMPLES).reshape(-1, HOP_SAMPLES) * np.float32(db_to_gain(played_db))
    if pause_s:
        said[np.arange(num_hops) % round(100 * (REPLY_S + pause_s)) >= 100 * REPLY_S] = 0.0
    near = np.zeros(num_hops * HOP_SAMPLES, np.float32)
    begin, end = (round(min(at_s, seconds) * SAMPLE_RATE_HZ) for at_s in (near_from_s, near_to_s))
    near[begin:end] = np.resize(people(), end - begin) * db_to_gain(near_db)
    duplex = RoomDuplex(near, response(reverberation_s), **{"echo_db": 0.0, **room})
    mic, played = np.zeros(HOP_SAMPLES, np.float32), np.zeros(HOP_SAMPLES, np.float32)
    for hop in range(num_hops):
        if change is not None:
            change(hop, duplex)
        duplex.read_hop(mic, played)
        duplex.write_hop(said[hop])
    sound = duplex.conversation.reshape(-1, HOP_SAMPLES, 2)
    return Scene(sound[..., 0].copy(), near.reshape(-1, HOP_SAMPLES), sound[..., 1].copy())


def cancel(heard: Scene, canceller: EchoCanceller | None = None) -> Heard:
    """The scene through a canceller."""
    echo = canceller or EchoCanceller()
    out = np.zeros_like(heard.mic)
    figures = np.zeros((len(out), 5))
    for hop, (mic, played) in enumerate(zip(heard.mic, heard.played, strict=True)):
        echo.step(mic, played, out[hop])
        figures[hop] = echo.delay_ms, echo.drift_ppm, echo.is_converged, echo.echo_db, echo.near_db
    delay_ms, drift_ppm, is_converged, echo_db, near_db = figures.T
    return Heard(out, delay_ms, drift_ppm, is_converged > 0, echo_db, near_db)


def power_db(hops: Hops) -> NDArray[np.float64]:
    """Level of each hop."""
    return np.asarray(10.0 * np.log10(np.mean(hops.astype(np.float64) ** 2, axis=1) + 1e-12))


def ratio_db(wanted: Hops, unwanted: Hops) -> float:
    """Of the energies."""
    return float(10.0 * np.log10(np.sum(wanted.astype(np.float64) ** 2) / np.sum(unwanted.astype(np.float64) ** 2)))


def erle_db(heard: Scene, got: Heard, begin_s: float, end_s: float) -> float:
    """Echo to what is left of it, the talker set aside."""
    part = slice(round(begin_s * 100), round(end_s * 100))
    return ratio_db(heard.echo[part], (got.out - heard.near)[part])
