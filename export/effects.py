"""Noise made of sounds that anybody may use: scenes of single sounds, and music by sampled instruments.

Single sounds are sonic-pi's samples (CC0) and the effects of Freedoom (BSD), instruments those of FluidR3 (MIT); Debian
has all three. A quarter of the sounds and of the instruments is in no noise of the training: what is fitted to a
trained network needs noise that this network never heard.
"""

import struct
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge_agent.units import SAMPLE_RATE_HZ
from export.games import fetch, from_unsigned

TRAINING, KEPT = "training", "kept"
NUM_TRAINING, NUM_KEPT = 240, 80  # scenes, and as many pieces of music
PIECE_S = 5.0
KEPT_EVERY = 4
_ENTRY = struct.Struct("<ii8s")
_EFFECT_HEAD = struct.Struct("<HHI")
_EFFECT_PADDING = 16  # bytes at either end
_LEFT_OUT = ("ambi_choir", "bass_vox", "mehackit_robot", "loop_safari")  # too like a voice to be called none
Floats = NDArray[np.float32]


def build(packages: Path, out: Path, seed: int) -> None:
    """Write both sets under `out`, recordings of 5 s, unless they are there. Raises GameError, MusicError."""
    from export.music import CHOIRS, NUM_PROGRAMS, play  # here: who fits to this noise plays none

    sounds = [*_samples(fetch("sonic-pi-samples", packages)), *_effects(fetch("freedoom", packages))]
    font = fetch("fluid-soundfont-gm", packages) / "usr/share/sounds/sf2/FluidR3_GM.sf2"
    for name, num, is_kept in ((TRAINING, NUM_TRAINING, False), (KEPT, NUM_KEPT, True)):
        if (out / name).is_dir():
            continue
        temporary = out / f"{name}.part"
        temporary.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([seed, is_kept])
        pool = [sound for index, sound in enumerate(sounds) if _is_kept(index) == is_kept]
        for index in range(num):
            _write(temporary / f"scene_{index:03d}.flac", _scene(pool, rng))
        programs = [number for number in range(NUM_PROGRAMS) if _is_kept(number) == is_kept and number not in CHOIRS]
        for index, piece in enumerate(play(num, PIECE_S, programs, font, temporary, [seed, is_kept])):
            _write(temporary / f"music_{index:03d}.flac", piece)
        temporary.rename(out / name)


def _is_kept(index: int) -> bool:
    return index % KEPT_EVERY == KEPT_EVERY - 1


def _write(path: Path, samples: Floats) -> None:
    soundfile.write(path, 0.5 * samples / (np.abs(samples).max() + 1e-9), SAMPLE_RATE_HZ)


def _samples(package: Path) -> list[Floats]:
    """Of sonic-pi, one a file."""
    paths = sorted((package / "usr/share/sonic-pi/samples").glob("*.flac"))
    read = [
        soundfile.read(path, dtype="float32", always_2d=True) for path in paths if not path.name.startswith(_LEFT_OUT)
    ]
    return [np.asarray(soxr.resample(both.mean(axis=1), rate_hz, SAMPLE_RATE_HZ), np.float32) for both, rate_hz in read]


def _effects(package: Path) -> list[Floats]:
    """Of Freedoom, samples of 8 bits in one archive, with a table of their names at its end."""
    data = (package / "usr/share/games/doom/freedoom2.wad").read_bytes()
    num_entries, table = struct.unpack_from("<ii", data, 4)
    entries = [_ENTRY.unpack_from(data, table + _ENTRY.size * index) for index in range(num_entries)]
    sounds = []
    for offset, size, name in sorted(entries, key=lambda entry: entry[2]):
        if name.startswith(b"DS") and size > _EFFECT_HEAD.size + 2 * _EFFECT_PADDING:
            _, rate_hz, num_samples = _EFFECT_HEAD.unpack_from(data, offset)
            padded = data[offset + _EFFECT_HEAD.size :][:num_samples]
            samples = from_unsigned(padded[_EFFECT_PADDING:-_EFFECT_PADDING])
            sounds.append(np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32))
    return sounds


def _scene(pool: list[Floats], rng: np.random.Generator) -> Floats:
    """Some sounds, slower or faster, here and there over a faint hiss."""
    scene = rng.standard_normal(int(PIECE_S * SAMPLE_RATE_HZ)).astype(np.float32) * np.float32(
        10.0 ** rng.uniform(-4, -2)
    )
    for _ in range(int(rng.integers(1, 9))):
        sound = pool[int(rng.integers(len(pool)))]
        sound = soxr.resample(sound, SAMPLE_RATE_HZ * float(np.exp(rng.uniform(-0.5, 0.5))), SAMPLE_RATE_HZ)
        first = int(rng.integers(0, len(scene) - SAMPLE_RATE_HZ // 4))
        sound = sound[: len(scene) - first] / (np.abs(sound).max() + 1e-9)
        scene[first : first + len(sound)] += sound * np.float32(10.0 ** rng.uniform(-1.3, 0.0))
    return scene
