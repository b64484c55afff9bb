"""Noise out of free sounds: what an archive holds is read; what is kept apart is in no noise of the training."""

import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from export import effects
from export.effects import KEPT, TRAINING, build

NUM_SAMPLES = 8000
MUSIC_HZ = 3000.0


def tone(frequency_hz: float, num_samples: int = NUM_SAMPLES, rate_hz: int = 16000) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(num_samples) / rate_hz)


def write_game(package: Path, sounds: dict[str, np.ndarray]) -> None:
    """An archive as the game has it: sounds, other things, and a table of both at the end."""
    body, table = b"", b""
    for name, samples in {**sounds, "PLAYPAL": np.zeros(50)}.items():
        lump = bytes(16) + np.uint8(128 + 100 * samples).tobytes() + bytes(16)
        data = struct.pack("<HHI", 3, 11025, len(lump)) + lump
        table += struct.pack("<ii8s", 12 + len(body), len(data), name.encode())
        body += data
    path = package / "usr/share/games/doom/freedoom2.wad"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"IWAD" + struct.pack("<ii", len(sounds) + 1, 12 + len(body)) + body + table)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six sounds of sonic-pi's and two of a game, each of a pitch of its own, and a player of one note."""
    folder = tmp_path / "packages"
    samples = folder / "sonic-pi-samples/usr/share/sonic-pi/samples"
    samples.mkdir(parents=True)
    for index in range(6):
        soundfile.write(samples / f"s{index}.flac", 0.5 * tone(400.0 + 100 * index), 16000)
    soundfile.write(samples / "ambi_choir.flac", 0.5 * tone(7000.0), 16000)
    write_game(folder / "freedoom", {f"DS{name}": tone(100.0, 5000, 11025) for name in "AB"})
    (folder / "fluid-soundfont-gm").mkdir()

    def play(num: int, piece_s: float, programs: list[int], *_: object) -> list[np.ndarray]:
        assert 53 not in programs
        played.append(set(programs))
        return [tone(MUSIC_HZ, int(piece_s * 16000))] * num

    played: list[set[int]] = []
    monkeypatch.setitem(
        sys.modules, "export.music", SimpleNamespace(CHOIRS=(52, 53, 54), NUM_PROGRAMS=128, play=play, played=played)
    )
    monkeypatch.setattr(effects, "NUM_TRAINING", 12)
    monkeypatch.setattr(effects, "NUM_KEPT", 6)
    return folder


def test_effects_of_the_game_are_read_at_our_rate(packages: Path) -> None:
    found = effects._effects(packages / "freedoom")
    assert len(found) == 2
    loudest_hz = np.abs(np.fft.rfft(found[0])).argmax() * 16000 / len(found[0])
    assert loudest_hz == pytest.approx(100.0, abs=3.0)
    assert len(found[0]) / 16000 == pytest.approx(5000 / 11025, abs=0.01)


def test_what_is_kept_is_in_no_noise_of_the_training(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = []
    scene = effects._scene
    monkeypatch.setattr(
        effects, "_scene", lambda pool, rng: pools.append([len(one) for one in pool]) or scene(pool, rng)
    )
    build(packages, tmp_path / "effects", 5)
    trained, kept = sys.modules["export.music"].played  # type: ignore[attr-defined]
    assert not trained & kept
    assert len(trained | kept) == 125
    assert (len(pools[0]), len(pools[-1])) == (6, 2)
    files = {name: sorted(path.name for path in (tmp_path / "effects" / name).iterdir()) for name in (TRAINING, KEPT)}
    assert len(files[TRAINING]) == 24
    assert len(files[KEPT]) == 12
    for path in (tmp_path / "effects" / KEPT).iterdir():
        samples, rate_hz = soundfile.read(path)
        assert (len(samples), rate_hz) == (80000, 16000)
        assert np.abs(samples).max() == pytest.approx(0.5, abs=0.01)


def test_what_is_there_is_not_made_again_and_a_half_is(packages: Path, tmp_path: Path) -> None:
    out = tmp_path / "effects"
    (out / f"{KEPT}.part").mkdir(parents=True)
    (out / TRAINING).mkdir()
    build(packages, out, 5)
    assert list((out / TRAINING).iterdir()) == []
    assert len(list((out / KEPT).iterdir())) == 12
    assert not (out / f"{KEPT}.part").exists()
