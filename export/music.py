"""Pieces of music by sampled instruments: chords, tunes and drums at random, played by fluidsynth."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError
from edge_agent.units import SAMPLE_RATE_HZ

CHOIRS = (52, 53, 54)  # of General MIDI's programs: too like a voice to be called none
NUM_PROGRAMS = 128
_DRUM_CHANNEL, _DRUMS = 9, range(35, 82)
_TICKS_PER_S = 960  # 480 a beat, two beats a second
_ALL_OFF = 120  # the controller that silences a channel
_SCALE = (0, 2, 4, 5, 7, 9, 11)
_GAP_S = 0.01  # between two notes of one pitch
_LAST_START_S = 0.1  # before the end
Floats = NDArray[np.float32]
Timed = tuple[float, mido.Message]  # seconds from the very beginning


class MusicError(EdgeAgentError):
    """Nothing here plays music."""


def play(num: int, piece_s: float, programs: Sequence[int], font: Path, folder: Path, seed: list[int]) -> list[Floats]:
    """Pieces at 16 kHz, float32 [piece_s], by the instruments `programs` of a SoundFont. Raises MusicError.

    All are played in one go, since reading the instruments takes long; `folder` has the score meanwhile.
    """
    rng = np.random.default_rng(seed)
    score, sound = folder / "music.mid", folder / "music.wav"
    _write_score(score, [one for index in range(num) for one in _piece(index * piece_s, piece_s, programs, rng)])
    _perform(score, sound, font)
    samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    score.unlink()
    sound.unlink()
    length = int(piece_s * SAMPLE_RATE_HZ)
    whole = np.zeros(num * length, np.float32)
    kept = samples[: len(whole)].mean(axis=1)
    whole[: len(kept)] = kept
    return list(whole.reshape(num, length))


def _perform(score: Path, sound: Path, font: Path) -> None:
    rate = str(SAMPLE_RATE_HZ)
    command = ["fluidsynth", "-ni", "-q", "-g", "0.6", "-r", rate, "-F", str(sound), str(font), str(score)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MusicError(f"cannot play music ({error}); install Debian's fluidsynth") from None


def _write_score(path: Path, messages: list[Timed]) -> None:
    track, now = mido.MidiTrack(), 0
    for at_s, message in sorted(messages, key=lambda one: one[0]):
        ticks = round(at_s * _TICKS_PER_S)
        track.append(message.copy(time=ticks - now))
        now = ticks
    mido.MidiFile(tracks=[track]).save(path)


def _piece(begin_s: float, piece_s: float, programs: Sequence[int], rng: np.random.Generator) -> Iterator[Timed]:
    """One to four instruments in one key, and often drums; all are silent at the end."""
    beat_s, key = float(rng.uniform(0.15, 0.6)), int(rng.integers(12))
    for channel in range(int(rng.integers(1, 5))):
        yield begin_s, mido.Message("program_change", channel=channel, program=int(rng.choice(programs)))
        yield from _tune(channel, begin_s, piece_s, beat_s, 12 * int(rng.integers(3, 7)) + key, rng)
        yield begin_s + piece_s, mido.Message("control_change", channel=channel, control=_ALL_OFF)
    if rng.random() < 0.6:
        kit = rng.choice(_DRUMS, 4)
        for start_s in np.arange(begin_s, begin_s + piece_s - _LAST_START_S, beat_s / 2):
            if rng.random() < 0.6:
                yield from _note(_DRUM_CHANNEL, int(rng.choice(kit)), start_s, 0.1, rng)


def _tune(
    channel: int, begin_s: float, piece_s: float, beat_s: float, base: int, rng: np.random.Generator
) -> Iterator[Timed]:
    """Single notes or chords of thirds, on some of the beats."""
    num_notes, share = int(rng.choice([1, 1, 2, 3])), float(rng.uniform(0.3, 1.0))
    for start_s in np.arange(begin_s, begin_s + piece_s - _LAST_START_S, beat_s * rng.choice([0.5, 1.0, 2.0])):
        degree, length_s = int(rng.integers(7)), beat_s * float(rng.choice([0.5, 1.0, 2.0, 4.0]))
        for step in range(degree, degree + 2 * num_notes, 2) if rng.random() < share else ():
            note = base + _SCALE[step % 7] + 12 * (step // 7)
            yield from _note(channel, note, start_s, min(length_s, begin_s + piece_s - start_s), rng)


def _note(channel: int, note: int, start_s: float, length_s: float, rng: np.random.Generator) -> Iterator[Timed]:
    yield start_s, mido.Message("note_on", channel=channel, note=note, velocity=int(rng.integers(30, 127)))
    yield start_s + max(length_s, 2 * _GAP_S) - _GAP_S, mido.Message("note_off", channel=channel, note=note)
