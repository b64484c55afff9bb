"""Two talking adventure games of Debian's main section: the sound of their lines, and the texts, in no order.

A third is in `steel_sky.py`. All licences (beside the packages) let anybody use, change and pass on the game, for
nothing or as a part of something sold. They are fetched by apt and laid out beside the corpus, not installed.
"""

import io
import re
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge_agent.errors import EdgeAgentError
from edge_agent.units import SAMPLE_RATE_HZ

_ENTRY = struct.Struct(">12sBII")
_FIRST_ENTRY = 15
_TEXT_KINDS = ("DOG", "CUT", "JAS", "LUM")
_DRASCULA_RATE_HZ = 11025
_LENGTH_PADDING = 5  # a length may count zeros after the text
Floats = NDArray[np.float32]


class GameError(EdgeAgentError):
    """A game is not there or not what it should be."""


@dataclass(frozen=True)
class Clip:
    """samples: float32 [n] at rate_hz; text: what is said, in lower-case words, where the game tells."""

    name: str
    samples: Floats
    rate_hz: int
    text: str | None = None

    def at_16_khz(self) -> Floats:
        """The same at our rate, with nothing above its own band."""
        return np.asarray(soxr.resample(self.samples, self.rate_hz, SAMPLE_RATE_HZ), np.float32)

    def brightened(self, image_gain: float) -> Floats:
        """With its mirror image in the band above, so that not every person in the training lacks an S."""
        twice = np.asarray(soxr.resample(self.samples, self.rate_hz, 2 * self.rate_hz), np.float32)
        stuffed = np.zeros_like(twice)
        stuffed[: 2 * len(self.samples) : 2] = 2.0 * self.samples[: (len(twice) + 1) // 2]
        bright = twice + np.float32(image_gain) * (stuffed - twice)
        return np.asarray(soxr.resample(bright, 2 * self.rate_hz, SAMPLE_RATE_HZ), np.float32)


@dataclass(frozen=True)
class Game:
    """clips: every spoken line, made as it is asked for; texts: lower-case words, each text once."""

    clips: Iterator[Clip]
    num_clips: int
    texts: list[str]


def fetch(name: str, folder: Path) -> Path:
    """Debian's package of this name, unpacked under `folder`; the folder it lies in. Raises GameError."""
    unpacked = folder / name
    if not unpacked.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{name}.part"
        try:
            subprocess.run(["apt-get", "download", name], cwd=folder, check=True, capture_output=True)
            (archive,) = folder.glob(f"{name}_*.deb")
            subprocess.run(["dpkg", "-x", archive, temporary], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            raise GameError(
                f"cannot fetch {name} ({error}); lay Debian's package out under {unpacked} by hand"
            ) from None
        temporary.rename(unpacked)
    return unpacked


def amazon_queen(package: Path) -> Game:
    """One archive: a table of files, lines as MP3. Raises OSError or GameError."""
    files = _read_archive((package / "usr/share/scummvm/flight-of-the-amazon-queen/queen.1c").read_bytes())
    names = [name for name in files if name.endswith(".SB")]
    texts = {
        text
        for name, data in files.items()
        if name.rpartition(".")[2] in _TEXT_KINDS
        for run in _strings(data)
        for text in map(words, re.split(r"\*..", run))  # a mark of three characters parts sentences
    }
    return Game((Clip(name, *_decoded(files[name])) for name in names), len(names), sorted(texts - {""}))


def drascula(package: Path) -> Game:
    """A file of 8-bit samples for each line, and one with all texts. Raises OSError."""
    folder = package / "usr/share/scummvm/drascula/en"
    paths = sorted(folder.glob("*.ALS"))
    texts = {words(run) for run in _strings((folder / "drascula.dat").read_bytes())}
    return Game((_raw_clip(path) for path in paths), len(paths), sorted(texts - {""}))


def from_unsigned(data: bytes) -> Floats:
    """Samples of 8 bits."""
    return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0


def words(text: str) -> str:
    """The words of a text of a game, in lower case; its digits and stops are lost."""
    return " ".join(word.strip("'") for word in re.findall(r"[a-z']+", text.lower().replace("^", "")) if word != "'")


def _decoded(data: bytes) -> tuple[Floats, int]:
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    return samples, rate_hz


def _raw_clip(path: Path) -> Clip:
    return Clip(path.name, from_unsigned(path.read_bytes()), _DRASCULA_RATE_HZ)


def _read_archive(data: bytes) -> dict[str, bytes]:
    if data[:4] != b"QTBL":
        raise GameError("queen.1c is not the game's archive; take it from Debian's package flight-of-the-amazon-queen")
    files, position = {}, _FIRST_ENTRY
    while re.fullmatch(rb"[\w.\-]+", (entry := _ENTRY.unpack_from(data, position))[0].rstrip(b"\0")):
        name, _, offset, size = entry
        if offset + size > len(data):
            break
        files[name.rstrip(b"\0").decode("ascii")] = data[offset : offset + size]
        position += _ENTRY.size
    return files


def _strings(data: bytes) -> Iterator[str]:
    """Runs of printable bytes, less the byte before them that tells their length, where that is printable too."""
    for match in re.finditer(rb"[\x20-\x7e]{4,}", data):
        run = match.group()
        lead = next((j for j in range(min(4, len(run))) if 0 <= run[j] - (len(run) - j - 1) <= _LENGTH_PADDING), -1)
        yield run[lead + 1 :].decode("ascii")
