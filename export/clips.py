"""Builds the clip bank that the package ships: carrier sentences said by flite (voice slt), cut, levelled, packed.

Raises VoiceError when flite is not installed or a carrier cannot be cut.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import yaml
from numpy.typing import NDArray
from rich.progress import track

from edge_agent.errors import VoiceError
from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples
from edge_agent.voice.base import level, trim
from edge_agent.voice.clips import INDEX_NAME, SOUND_NAME
from edge_agent.voice.text import spoken_tokens
from export.phrases import REFLEXES, Lists, carriers
from export.tones import alarm, chime, hmm, mm_hm

VOICE = "slt"
_STRETCH = "0.93"  # the voice reads slowly; replies are short
_OPUS_COMPRESSION = 0.955  # about 16 kbit/s, where the voice is still itself
_SPACE_SAMPLES = ms_to_samples(60)  # silence between clips, so that none hears its neighbour through the codec
_SEARCH_SAMPLES = ms_to_samples(12)
_SEGMENT = re.compile(r"(\S+):([\d.]+)")
_KEPT = re.compile(r"\{(.*?)\}")


@dataclass(frozen=True)
class Said:
    """A carrier's sound and its phones with end times; pauses are phones named pau."""

    samples: NDArray[np.float64]
    phones: list[tuple[str, float]]


@dataclass(frozen=True)
class Kept:
    """A part of a carrier that goes into the bank."""

    text: str
    left: str
    right: str
    samples: NDArray[np.floating]


@lru_cache(maxsize=2000)  # many carriers begin alike
def say(text: str) -> Said:
    """One sentence by flite, with the end time of each phone."""
    with tempfile.TemporaryDirectory(prefix="clips") as folder:
        path = Path(folder) / "said.wav"
        arguments = [
            "flite",
            "-voice",
            VOICE,
            "-psdur",
            "--setf",
            f"duration_stretch={_STRETCH}",
            "-t",
            f" {text}",
            "-o",
        ]
        done = subprocess.run([*arguments, str(path)], capture_output=True, check=True, timeout=30)
        samples, _ = soundfile.read(path, dtype="float64")
    phones = [(phone, float(end_s)) for phone, end_s in _SEGMENT.findall(done.stdout.decode())]
    return Said(samples, phones)


def cut(carrier: str) -> list[Kept]:
    """The parts of a carrier that are kept."""
    plain = carrier.replace("{", "").replace("}", "")
    said = say(plain)
    sound = level(said.samples).astype(np.float64)
    kept = []
    for found in _KEPT.finditer(carrier):
        before = carrier[: found.start()].replace("{", "").replace("}", "")
        after = carrier[found.end() :]
        first = _boundary(said, sound, before) if before.strip() else 0
        last = _boundary(said, sound, before + found[1]) if after.strip() else len(sound)
        kept.append(Kept(" ".join(_words(found[1])), *_sides(found[1], before, after), trim(sound[first:last])))
    return kept


def _words(text: str) -> list[str]:
    return [token for token in spoken_tokens(text) if token.isalpha() or "'" in token]


def _sides(text: str, before: str, after: str) -> tuple[str, str]:
    left = "start" if not before.strip() or before.rstrip()[-1] in ".!?" else "cut"
    mark = text.rstrip()[-1]
    right = "comma" if mark == "," else "end" if mark in ".!?" or not after.strip() else "cut"
    return left, right


def _boundary(said: Said, sound: NDArray[np.float64], before: str) -> int:
    """Sample where the phones of `before` end, moved to the quietest place nearby."""
    num_phones = sum(phone != "pau" for phone, _ in say(before).phones)
    ends_s = [end_s for phone, end_s in said.phones if phone != "pau"]
    if not 0 < num_phones < len(ends_s):
        raise VoiceError(f"cannot cut after {before!r}: the carrier has {len(ends_s)} phones, that part {num_phones}")
    place = round(ends_s[num_phones - 1] * SAMPLE_RATE_HZ)
    power = np.convolve(sound**2, np.ones(ms_to_samples(4)), mode="same")
    first = max(0, place - _SEARCH_SAMPLES)
    return first + int(np.argmin(power[first : place + _SEARCH_SAMPLES]))


def read_lists(commands_path: Path) -> Lists:
    """Values of each text list of a commands file."""
    lists = yaml.safe_load(commands_path.read_text(encoding="utf-8"))["lists"]
    return {
        name: [str(value["out"] if isinstance(value, dict) else value) for value in entry["values"]]
        for name, entry in lists.items()
        if "range" not in entry
    }


class _Tape:
    """Clips one after the other, with silence between."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.floating]] = []
        self._end = 0

    def add(self, samples: NDArray[np.floating]) -> tuple[int, int]:
        """(start, num_samples) of the clip on the tape."""
        start = self._end + _SPACE_SAMPLES
        self._parts += [np.zeros(_SPACE_SAMPLES), samples]
        self._end = start + len(samples)
        return start, len(samples)

    def sound(self) -> NDArray[np.float32]:
        """The whole tape."""
        return np.concatenate([*self._parts, np.zeros(_SPACE_SAMPLES)]).astype(np.float32)


def build(commands_path: Path, folder: Path) -> dict[str, float]:
    """Write clips.ogg and clips.json; returns what they measure."""
    if shutil.which("flite") is None:
        raise VoiceError("flite is not installed, and the clip bank is made with it: apt-get install flite")
    tape = _Tape()
    sentences = carriers(read_lists(commands_path))
    with ThreadPoolExecutor(1) as pool:
        pieces = track(pool.map(cut, sentences), "clips", total=len(sentences))
        kept = {(piece.text, piece.left, piece.right): piece for parts in pieces for piece in parts}
    phrases = [[*key, *tape.add(piece.samples)] for key, piece in kept.items()]
    reflexes = {kind: [[text, *tape.add(sound)] for text, sound in variants] for kind, variants in _reflexes().items()}
    return _write(folder, tape.sound(), phrases, reflexes)


def build_whole(texts: Sequence[str], folder: Path) -> dict[str, float]:
    """The same for texts that are only said as they are: a bank beside the other, which need not be made again."""
    tape = _Tape()
    phrases = [[" ".join(_words(text)), "start", "end", *tape.add(trim(level(say(text).samples)))] for text in texts]
    return _write(folder, tape.sound(), phrases, {})


def _reflexes() -> dict[str, list[tuple[str, NDArray[np.floating]]]]:
    made = {kind: [(text, trim(level(say(text).samples))) for text in texts] for kind, texts in REFLEXES.items()}
    made["back_channel"] += [(text, mm_hm(say, variant)) for variant, text in enumerate(("Mm-hm.", "Mhm."))]
    made["filler"] += [("Hmm.", hmm(say))]
    made["tone"] = [("chime", chime())]
    made["alarm"] = [("alarm", alarm())]
    return made


def _write(
    folder: Path, sound: NDArray[np.float32], phrases: list[list[object]], reflexes: dict[str, list[list[object]]]
) -> dict[str, float]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"new.{SOUND_NAME}"
    soundfile.write(path, sound, SAMPLE_RATE_HZ, "OPUS", format="OGG", compression_level=_OPUS_COMPRESSION)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    index = {"rate_hz": SAMPLE_RATE_HZ, "voice": f"flite {VOICE}", "sha256": digest}
    lines = ",\n".join(json.dumps(phrase) for phrase in phrases)
    head = json.dumps(index, indent=1)[:-2]
    text = f'{head},\n "reflexes": {json.dumps(reflexes)},\n "phrases": [\n{lines}\n]}}\n'
    path.replace(folder / SOUND_NAME)
    (folder / INDEX_NAME).write_text(text, encoding="utf-8")
    size_bytes = (folder / SOUND_NAME).stat().st_size
    return {"clips": len(phrases), "sound_s": len(sound) / SAMPLE_RATE_HZ, "size_bytes": size_bytes}
