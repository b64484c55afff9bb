"""The stage of a scenario: a microphone that hears the lines as they fall due, the room's echo of the agent, and noise.

Time is the capture clock; a line that waits for the agent is placed when its event comes. Thread: one.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.marking import voiced_spans
from edge_agent.audio.base import NO_XRUNS, Hop, State, Xruns
from edge_agent.audio.decode import decode
from edge_agent.events import Event
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain, ms_to_samples
from edge_agent.voice.flite import Flite
from tests.dialogue import scenario as s
from tests.dialogue.fakes import Said, babble

Sound = NDArray[np.float32]

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
LONGEST_S = 90


@dataclass(frozen=True)
class Spoken:
    """The sound of a line, and where in it the voice begins and ends."""

    sound: Sound
    begin_sample: int
    end_sample: int


@dataclass(frozen=True)
class Placed:
    """A line on the capture clock: `at_sample` its sound, `begin_sample` and `end_sample` its voice."""

    at_sample: int
    begin_sample: int
    end_sample: int


@lru_cache(maxsize=64)
def recording(path: str) -> Sound:
    """A recording, by its path in the repository, or beside it under shared (`data/...`)."""
    where = (SHARED if path.startswith("data/") else REPOSITORY) / path
    if path.startswith("data/") and not SHARED.exists():
        pytest.skip(f"{where} is not here: this scenario needs the evaluation recordings")
    return decode(where).samples


def synthetic(text: str) -> Sound:
    """Words by flite; the test is skipped where it is not installed."""
    flite = Flite()
    if not flite.is_available:
        pytest.skip("flite is not installed")
    spoken = flite.speak(text)
    assert spoken is not None
    return spoken


@lru_cache(maxsize=64)
def voiced(path: str | None, text: str) -> Spoken:
    """A recording, or words by flite, and where in it somebody speaks."""
    sound = recording(path) if path is not None else synthetic(text)
    spans = voiced_spans(sound)
    assert spans, f"nobody speaks in {path or text}"
    return Spoken(sound, spans[0].begin_sample, spans[-1].end_sample)


def spoken_line(line: s.Line) -> Spoken:
    """What a line sounds like at the microphone."""
    if line.words is not None:
        sound = babble(line.words)
        spoken = Spoken(sound, 0, len(sound))
    else:
        spoken = voiced(line.recording, line.speech or "")
    return replace(spoken, sound=spoken.sound * np.float32(db_to_gain(line.level_db)))


class Stage:
    """A `Duplex`, and the lines of a scenario."""

    def __init__(self, scenario: s.Scenario) -> None:
        self.placed: dict[int, Placed] = {}
        self.said: list[Said] = []  # the lines by script that were placed, for those who hear by script
        self._lines = scenario.talk
        self._spoken = [spoken_line(line) for line in scenario.talk]
        self._background = _background(scenario.noise)
        # memory of zeros is made when it is touched, and few scenarios last so long
        self._mic, self._played = np.zeros((2, len(self._background)), np.float32)
        self._room = scenario.room
        self._response = _response(scenario.room)
        self._disturbances = sorted(scenario.disturb, key=lambda one: one.at_ms)
        self._is_dead = False
        self._num_read = 0
        self._last_end_sample = 0
        self._seen: dict[int, int] = {}
        self._place_followers()

    state: State = "ok"

    @property
    def is_over(self) -> bool:
        """Every line that can still come has been said."""
        return len(self.placed) == len(self._lines) and self._num_read * HOP_SAMPLES >= self._last_end_sample

    @property
    def conversation(self) -> Sound:
        """float32 [samples so far, 2]: microphone, loudspeaker."""
        end = self._num_read * HOP_SAMPLES
        return np.stack([self._mic[:end] + self._background[:end], self._played[:end]], axis=1)

    def notice(self, event: Event) -> None:
        """Something happened: lines that waited for it begin."""
        for index, line in enumerate(self._lines):
            if line.when is None or index in self.placed or not matches(line.when, event):
                continue
            self._seen[index] = self._seen.get(index, 0) + 1
            if self._seen[index] == line.when.nth:
                voice_at = event.at_sample + ms_to_samples(line.when.plus_ms)
                self._place(index, max(self._num_read * HOP_SAMPLES, voice_at - self._spoken[index].begin_sample))
        self._place_followers()

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`."""
        begin = self._num_read * HOP_SAMPLES
        if begin + HOP_SAMPLES > len(self._mic):
            return False
        self._disturb(begin)
        if self._is_dead:
            np.negative(self._background[begin : begin + HOP_SAMPLES], out=self._mic[begin : begin + HOP_SAMPLES])
        np.add(self._mic[begin : begin + HOP_SAMPLES], self._background[begin : begin + HOP_SAMPLES], out=mic)
        np.maximum(mic, -1.0, out=mic)
        np.minimum(mic, 1.0, out=mic)
        np.copyto(played, self._played[begin : begin + HOP_SAMPLES])
        self._num_read += 1
        return True

    def write_hop(self, out: Hop) -> None:
        """See `Duplex`. Played with the next hop, and heard again through the room."""
        begin = self._num_read * HOP_SAMPLES
        if begin + HOP_SAMPLES > len(self._mic):
            return
        self._played[begin : begin + HOP_SAMPLES] = out
        if len(self._response) and out.any():
            heard = np.convolve(out, self._response)[: len(self._mic) - begin]
            self._mic[begin : begin + len(heard)] += heard.astype(np.float32)

    def take_xruns(self) -> Xruns:
        """Nothing is lost here."""
        return NO_XRUNS

    def close(self) -> None:
        """Nothing to give back."""

    def _disturb(self, at_sample: int) -> None:
        while self._disturbances and ms_to_samples(self._disturbances[0].at_ms) <= at_sample:
            change = self._disturbances.pop(0)
            if change.is_dead is not None:
                self._is_dead = change.is_dead
            if self._room is not None:
                given = change.model_dump(include={"echo_db", "delay_ms"}, exclude_none=True)
                self._room = self._room.model_copy(update=given)
                self._response = _response(self._room)

    def _place_followers(self) -> None:
        """Lines whose moment is known: the first ones, and those that follow a placed line."""
        for index, line in enumerate(self._lines):
            if index in self.placed or line.when is not None:
                continue
            if line.at_ms is not None:
                self._place(index, ms_to_samples(line.at_ms))
            elif index == 0:
                self._place(0, ms_to_samples(line.pause_ms))
            elif index - 1 in self.placed:
                voice_at = self.placed[index - 1].end_sample + ms_to_samples(line.pause_ms)
                self._place(index, max(self._num_read * HOP_SAMPLES, voice_at - self._spoken[index].begin_sample))

    def _place(self, index: int, at_sample: int) -> None:
        spoken, line = self._spoken[index], self._lines[index]
        room = self._mic[at_sample : at_sample + len(spoken.sound)]
        room += spoken.sound[: len(room)]
        self.placed[index] = Placed(at_sample, at_sample + spoken.begin_sample, at_sample + spoken.end_sample)
        self._last_end_sample = max(self._last_end_sample, at_sample + spoken.end_sample)
        if line.words is not None:
            at_s = at_sample / SAMPLE_RATE_HZ
            asked = {"is_begun": line.is_begun, "can_continue": line.can_continue, "already": line.already}
            self.said.append(Said(at_s, line.words, line.intent, dict(line.slots), **asked))  # type: ignore[arg-type]


def matches(wanted: s.Event, event: Event) -> bool:
    """Whether this is the event that is meant, by name and by what its fields are (a number: or more, or between)."""
    return wanted.event == event.name and has(event, wanted.where)


def has(event: Event, where: dict[str, object]) -> bool:
    """Whether fields have these values; `{min: ..., max: ...}` for numbers, `{has: ...}` for texts."""
    return all(_is(getattr(event, name), wanted) for name, wanted in where.items())


def _is(value: object, wanted: object) -> bool:
    if not isinstance(wanted, dict) or isinstance(value, dict):
        return value == wanted
    if "has" in wanted:
        return isinstance(value, str) and str(wanted["has"]) in value
    assert isinstance(value, int | float), f"{value!r} is no number"
    return bool(wanted.get("min", -np.inf) <= value <= wanted.get("max", np.inf))


@lru_cache(maxsize=8)
def _background(noise: s.Noise | None) -> Sound:
    """What the microphone hears when nobody speaks: never digital silence, which no room has."""
    num_samples = LONGEST_S * SAMPLE_RATE_HZ
    noise = noise or s.Noise()
    white = np.random.default_rng(3).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    made = {"white": white, "music": _music()}
    sound = made[noise.recording] if noise.recording in made else recording(noise.recording)
    level = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return np.resize(sound * np.float32(db_to_gain(noise.level_dbfs) / level), num_samples)


def _music() -> Sound:
    """Four chords of half a second, float32: three notes each, with overtones, struck and fading."""
    place_s = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    chords_hz = ((220.0, 277.2, 329.6), (185.0, 220.0, 277.2), (146.8, 185.0, 220.0), (164.8, 207.7, 246.9))
    struck = [
        sum(np.sin(2 * np.pi * k * note_hz * place_s) / k for note_hz in chord for k in range(1, 6))
        for chord in chords_hz
    ]
    return np.concatenate([chord * np.exp(-3.0 * place_s) for chord in struck]).astype(np.float32)


def _response(room: s.Room | None) -> Sound:
    """Impulse response from the loudspeaker to the microphone: a direct path and an echo that fades."""
    if room is None:
        return np.zeros(0, np.float32)
    delay = ms_to_samples(room.delay_ms) - HOP_SAMPLES  # a hop that is written is played one hop later
    tail = np.random.default_rng(7).standard_normal(ms_to_samples(room.decay_ms) + 1)
    tail *= 0.25 * 10.0 ** (-3.0 * np.arange(len(tail)) / max(1, len(tail)))
    tail[0] = 1.0
    tail *= db_to_gain(room.echo_db) / np.sqrt(np.square(tail).sum())
    return np.concatenate([np.zeros(max(0, delay)), tail]).astype(np.float32)
