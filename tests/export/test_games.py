"""Lines and texts are found in the files of the games, and what is no such file is said in one line."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from export.games import Clip, GameError, amazon_queen, drascula, fetch

QUEEN = "usr/share/scummvm/flight-of-the-amazon-queen/queen.1c"
DRASCULA = "usr/share/scummvm/drascula/en"


def write_queen(package: Path, files: dict[str, bytes]) -> None:
    """An archive as the game has it: a mark, a table with offsets, and the files."""
    table_end = 15 + 21 * len(files) + 4
    table, body = b"", b""
    for name, data in files.items():
        table += struct.pack(">12sBII", name.encode(), 1, table_end + len(body), len(data))
        body += data
    path = package / QUEEN
    path.parent.mkdir(parents=True)
    path.write_bytes(b"QTBL" + bytes(9) + struct.pack(">H", len(files)) + table + b"\xff\xff\xff\xff" + body)


def tone(num_samples: int) -> np.ndarray:
    return 0.3 * np.sin(np.arange(num_samples) * 0.2)


def test_lines_and_texts_of_the_archive(tmp_path: Path) -> None:
    sound = tmp_path / "line.mp3"
    soundfile.write(sound, tone(11025), 11025)
    talk = (
        b"\x00\x00\x06"
        + bytes([25])
        + b"Hello there, Joe!*03Who...*01"[:25]
        + b"\x00"
        + bytes([12])
        + b"Mind my ^hat"
        + b"\x00"
    )
    write_queen(tmp_path, {"C1A_011.SB": sound.read_bytes(), "JOE.DOG": talk, "PICTURE.PCX": b"not a text"})
    game = amazon_queen(tmp_path)
    (clip,) = game.clips
    assert (clip.name, clip.rate_hz, game.num_clips) == ("C1A_011.SB", 11025, 1)
    assert len(clip.samples) / clip.rate_hz == pytest.approx(1.0, abs=0.15)
    assert game.texts == ["hello there joe", "mind my hat", "who"]


def test_lines_and_texts_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / DRASCULA
    folder.mkdir(parents=True)
    (folder / "7.ALS").write_bytes(np.uint8(128 + 100 * tone(5000)).tobytes())
    (folder / "drascula.dat").write_bytes(
        b"\x00" + b"h" + b"I'M NOT AFRAID OF A DOOR" + b"\x00\x00" + bytes([9]) + b"HI THERE" + b"\x00"
    )
    game = drascula(tmp_path)
    (clip,) = game.clips
    assert clip.samples.min() < -0.2 < 0.2 < clip.samples.max()
    assert "hi there" in game.texts
    assert any(text.endswith("i'm not afraid of a door") for text in game.texts)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / QUEEN
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(GameError, match=r"queen\.1c is not the game's archive; take it from Debian's package"):
        amazon_queen(tmp_path)


def test_what_apt_cannot_fetch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = tmp_path / "apt.conf"  # with all lists that a machine may have, it takes more than a second
    nothing.write_text(f'Dir::State "{tmp_path}"; Dir::Cache "{tmp_path}";', encoding="utf-8")
    monkeypatch.setenv("APT_CONFIG", str(nothing))
    with pytest.raises(GameError, match=r"cannot fetch no-such-game-of-ours .*by hand"):
        fetch("no-such-game-of-ours", tmp_path)
    assert not (tmp_path / "no-such-game-of-ours").exists()


def band_db(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / 16000)
    return float(10 * np.log10(power[(hz > low_hz) & (hz < high_hz)].sum()))


def test_the_band_above_is_filled_with_the_image_and_nothing_else_changes() -> None:
    rng = np.random.default_rng(0)
    clip = Clip("x", rng.normal(0, 0.1, 11025).astype(np.float32), 11025)
    plain, bright = clip.at_16_khz(), clip.brightened(10.0 ** (-10.0 / 20.0))
    assert len(bright) == len(plain)
    assert band_db(bright, 6000, 7500) == pytest.approx(band_db(plain, 2000, 3500) - 10.0, abs=1.5)
    assert band_db(plain, 6000, 7500) < band_db(plain, 2000, 3500) - 40.0
    assert band_db(bright, 500, 4500) == pytest.approx(band_db(plain, 500, 4500), abs=0.2)
