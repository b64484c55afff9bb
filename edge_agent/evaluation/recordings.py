"""Recordings to measure on: labels beside sound, noise that no training heard, and the rule by which they are mixed.

FOLDER/labels.json   {"one.flac": {"intent": "LightOn", "slots": {"area": "kitchen"}}, ...}; null: no command
FOLDER/audio/one.flac
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_agent.errors import AudioError
from edge_agent.units import SAMPLE_RATE_HZ

Floats = NDArray[np.float32]

LEAD_S, TAIL_S = 0.3, 0.8  # silence before and after each recording
LOUDEST_FRAME_SAMPLES = 2048
HELD_OUT_CLASSES = ("chainsaw", "rooster")
HELD_OUT_EVERY = 4  # of the other classes, every fourth recording
_SOUNDS = (".flac", ".wav", ".opus", ".ogg")


@dataclass(frozen=True)
class Labelled:
    """A recording and what was said in it; no intent means no command."""

    path: Path
    intent: str | None
    slots: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.name

    def matches(self, intent: str | None, slots: Mapping[str, Any]) -> bool:
        """Is this what was said: the intent and every labelled slot; extra slots are not punished."""
        return intent == self.intent and not self.wrong_slots(slots)

    def wrong_slots(self, slots: Mapping[str, Any]) -> list[str]:
        """Names of the labelled slots that have another value here, or none."""
        return [name for name, value in self.slots.items() if slots.get(name) != value]


@dataclass(frozen=True)
class LabelledFolder:
    """What can be measured on, and what does not fit together."""

    recordings: tuple[Labelled, ...]
    without_sound: tuple[str, ...]  # labels whose recording is missing
    without_label: tuple[str, ...]  # recordings that no label names

    @property
    def complaints(self) -> list[str]:
        """One line per kind of fault, with all names; empty when all fits."""
        kinds = {
            "labelled, but there is no such sound": self.without_sound,
            "sound without a label": self.without_label,
        }
        return [f"{len(names)} {what}: {', '.join(names)}" for what, names in kinds.items() if names]


def read_labelled(folder: Path) -> LabelledFolder:
    """A folder of labelled recordings, in order of their names. Raises AudioError if its labels cannot be read."""
    path = folder / "labels.json"
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
        wanted = {str(name): (label["intent"], dict(label["slots"])) for name, label in labels.items()}
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); put labels.json beside audio/") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise AudioError(f"{path}: not as labels are written ({error!r}); see data/README.md") from error
    present = {sound.name for sound in sounds_of(folder / "audio")}
    recordings = tuple(Labelled(folder / "audio" / name, *wanted[name]) for name in sorted(wanted) if name in present)
    if not recordings:
        raise AudioError(f"{path}: none of its {len(wanted)} recordings is in {folder / 'audio'}; copy them there")
    return LabelledFolder(recordings, tuple(sorted(set(wanted) - present)), tuple(sorted(present - set(wanted))))


def sounds_of(folder: Path) -> list[Path]:
    """All recordings below a folder, sorted; none where there is no such folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix in _SOUNDS)


def read_mono(path: Path) -> Floats:
    """A recording's first channel, float32 in [-1, 1). Raises AudioError if it is not at the agent's rate."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path}: cannot be read ({error}); give FLAC or WAV") from error
    if rate_hz != SAMPLE_RATE_HZ:
        raise AudioError(f"{path} is at {rate_hz} Hz; evaluation recordings are at {SAMPLE_RATE_HZ} Hz")
    return np.ascontiguousarray(samples[:, 0])


def with_silence(samples: Floats) -> Floats:
    """Silence before and after."""
    return np.pad(samples, (round(LEAD_S * SAMPLE_RATE_HZ), round(TAIL_S * SAMPLE_RATE_HZ)))


def is_held_out_talker(path: Path) -> bool:
    """One talker in five of `speech/many` is in no training."""
    return path.parent.name == "many" and zlib.crc32(path.stem.encode()) % 5 == 0


def held_out_noises(folder: Path) -> list[Floats]:
    """Noise that no training heard: two whole classes, and every fourth recording of each other class."""
    return [read_mono(path) for path in held_out_noise_paths(folder)]


def held_out_noise_paths(folder: Path) -> list[Path]:
    """Their paths, one class after the other taken in turn. Raises AudioError where there is none."""
    chosen: list[tuple[int, Path]] = []
    for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sounds_of(kind)
        if kind.name not in HELD_OUT_CLASSES:
            paths = paths[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
        chosen += enumerate(paths)
    if not chosen:
        raise AudioError(f"{folder}: no noise; give a folder with one folder for each kind of noise")
    return [path for _, path in sorted(chosen)]


def loudest_frame(samples: Floats) -> float:
    """Largest energy of the frames of 2048 samples; a shorter sound is one frame."""
    num_frames = max(1, len(samples) // LOUDEST_FRAME_SAMPLES)
    frames = samples[: num_frames * LOUDEST_FRAME_SAMPLES].reshape(num_frames, -1)
    return float((frames**2).sum(axis=1).max())


def mix(speech: Floats, noise: Floats, snr_db: float) -> Floats:
    """Noise scaled by the ratio of the largest 2048-sample frame energies, the mix scaled to half of full range."""
    noise = np.resize(noise, len(speech))
    scale = np.sqrt(loudest_frame(speech) / (loudest_frame(noise) * 10.0 ** (snr_db / 10.0) + 1e-12))
    mixed = speech + noise * np.float32(scale)
    return np.asarray(mixed * (0.5 / (np.abs(mixed).max() + 1e-9)), np.float32)
