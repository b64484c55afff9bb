"""What a stand-in says and how it behaves, and the peer it talks with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import soxr

from edge_agent.link.cloud_sim.faults import FaultPlan
from edge_agent.units import SAMPLE_RATE_HZ
from edge_agent.voice.flite import Flite

ANSWER = "This is a simulated answer, made on this machine. Nothing has left it."
QUESTION = "a question that a stand-in cannot understand"
PART_MS = 40
_TONES_HZ = (440, 554, 659)
_TONE_S = 0.3
_FULL_SCALE = 32_767
_FRAME_MS = 20
_LOUD = 300


class PeerGone(Exception):
    """The client left, or was cut off."""


class Refused(Exception):
    """The client broke the protocol or may not be here: closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Peer(Protocol):
    """A client, as its server sees it."""

    @property
    def path(self) -> str:
        """With the query."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name."""

    async def send(self, message: str | bytes) -> None:
        """Raises PeerGone."""

    async def receive(self) -> str | bytes:
        """Raises PeerGone."""

    async def close(self, code: int, reason: str) -> None:
        """With a close frame."""

    def abort(self) -> None:
        """Without a word."""

    def hold(self, seconds: float) -> None:
        """Read nothing, and so answer no ping, for so long."""


@dataclass(frozen=True, slots=True)
class Scene:
    """How a stand-in behaves when nothing goes wrong."""

    answer: str = ANSWER
    question: str = QUESTION  # what it claims to have heard
    key: str = ""  # empty: any key, or none
    models: tuple[str, ...] = ()  # empty: any
    is_quota_used: bool = False
    is_strange: bool = True  # sends messages and words that no client knows, as providers do when they add something
    think_s: float = 0.3
    pace: float = 8.0  # times faster than it is played
    session_s: float = 600.0
    notice_s: float = 10.0  # how long before the end of the session it is announced
    call: tuple[str, Mapping[str, Any]] | None = None  # a tool it calls in each turn, where it is offered
    num_calls: int = 1  # how often: some models repeat themselves
    slow_pong_s: float = 12.0
    seed: int = 1


@dataclass(slots=True)
class Stage:
    """One stand-in: its scene, what is to go wrong, and what outlives a connection."""

    scene: Scene = field(default_factory=Scene)
    faults: FaultPlan = field(default_factory=FaultPlan)
    handles: dict[str, bool] = field(default_factory=dict)  # of sessions to resume: whether it is still connected
    num_turns: int = 0
    num_heard_bytes: int = 0
    pictures: list[bytes] = field(default_factory=list)  # as they came, JPEG
    tool_results: list[Any] = field(default_factory=list)  # as they came


@lru_cache(maxsize=16)
def spoken(text: str, rate_hz: int) -> bytes:
    """A text as PCM16: by a voice of this machine, or as three tones where it has none."""
    voice = Flite()
    samples = voice.speak(text) if voice.is_available else None
    if samples is None:
        seconds = np.arange(int(_TONE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        samples = np.concatenate([0.2 * np.sin(2 * math.pi * hz * seconds) for hz in _TONES_HZ]).astype(np.float32)
    if rate_hz != SAMPLE_RATE_HZ:
        samples = soxr.resample(samples, SAMPLE_RATE_HZ, rate_hz)
    return bytes((np.clip(samples, -1.0, 1.0) * _FULL_SCALE).astype("<i2").tobytes())


def parts(sound: bytes, rate_hz: int) -> list[bytes]:
    """Sound in the pieces in which it is sent."""
    size = 2 * rate_hz * PART_MS // 1000
    return [sound[at : at + size] for at in range(0, len(sound), size)]


class Detector:
    """Where a talker begins and ends, by loudness: what the providers' own detectors are here."""

    def __init__(self, rate_hz: int, end_ms: float) -> None:
        """end_ms: silence that ends a turn."""
        self._frame_bytes = 2 * rate_hz * _FRAME_MS // 1000
        self._end_frames = int(end_ms / _FRAME_MS)
        self._is_speaking = False
        self._num_quiet = 0

    def hear(self, pcm16: bytes) -> list[bool]:
        """True for each beginning, False for each end, in order."""
        found = []
        for at in range(0, len(pcm16) - 1, self._frame_bytes):
            is_loud = _is_loud(pcm16[at : at + self._frame_bytes])
            self._num_quiet = 0 if is_loud else self._num_quiet + 1
            if is_loud != self._is_speaking and (is_loud or self._num_quiet >= self._end_frames):
                self._is_speaking = is_loud
                found.append(is_loud)
        return found


def _is_loud(pcm16: bytes) -> bool:
    samples = np.frombuffer(pcm16[: len(pcm16) & ~1], dtype="<i2").astype(np.float32)
    return float(np.sqrt(np.mean(samples**2))) > _LOUD
