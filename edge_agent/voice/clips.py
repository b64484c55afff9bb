"""The clip bank: phrases, numbers and names of one voice, joined into replies.

A folder holds `clips.ogg` (all clips, with silence between) and `clips.json` (what is where). A clip knows how it was
cut: from the start of a sentence or out of its middle, up to its end, a comma, or the next word. The join of a text is
the cheapest chain of clips: few, and cut from places like those where they are used.

Clips are decoded when they are wanted (about 1 ms per second of sound), so that opening costs little time and memory.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from edge_agent.errors import VoiceError
from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples
from edge_agent.voice.base import Samples, soften
from edge_agent.voice.text import COMMA, STOP, spoken_tokens

DATA = Path(__file__).with_name("data")
INDEX_NAME = "clips.json"
SOUND_NAME = "clips.ogg"

# How a clip was cut. Left: "start" of a sentence or "cut". Right: "end" of a sentence, "comma", or "cut".
_LEFT_COST = {("start", "cut"): 0.3, ("cut", "start"): 0.15}  # (clip, place)
_RIGHT_COST = {
    ("end", "cut"): 0.6, ("end", "comma"): 0.2, ("comma", "cut"): 0.4, ("comma", "end"): 0.3, ("cut", "end"): 0.4,
    ("cut", "comma"): 0.1,
}  # fmt: skip
_GAP_MS = {COMMA: 110, STOP: 260}
_MISFIT_GAP_MS = 30  # after a clip that was cut at an end, where the sentence goes on
_MAX_DECODED = 100  # clips kept decoded: 5 MB at most
_WORDLESS = ("tone", "alarm")
_OVERLAP_SAMPLES = ms_to_samples(6)


@dataclass(frozen=True, slots=True)
class Clip:
    """Where one phrase lies in the bank's sound."""

    left: str
    right: str
    start: int
    num_samples: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip of a join and the silence after it."""

    clip: Clip
    gap_samples: int


class ClipBank:
    """Says what its clips can be joined to. Thread: one at a time (it seeks in one open file)."""

    name = "clip bank"
    is_available = True

    def __init__(self, folder: Path = DATA) -> None:
        """Raises VoiceError when the bank is missing or altered."""
        index = _read_index(folder)
        self._sound = _open_sound(folder, index["sha256"])
        self._phrases: dict[str, list[Clip]] = {}
        for text, left, right, start, num_samples in index["phrases"]:
            self._phrases.setdefault(text, []).append(Clip(left, right, start, num_samples))
        self._reflexes: dict[str, list[tuple[str, Clip]]] = {
            kind: [(text, Clip("start", "end", start, num_samples)) for text, start, num_samples in variants]
            for kind, variants in index["reflexes"].items()
        }
        for kind, clips in self._reflexes.items():
            if kind not in _WORDLESS:
                for text, clip in clips:
                    self._phrases.setdefault(" ".join(_words_and_marks(spoken_tokens(text))[0]), []).append(clip)
        self._longest_words = max((text.count(" ") + 1 for text in self._phrases), default=0)
        self._decoded: dict[Clip, Samples] = {}

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every phrase that is a clip."""
        return tuple(self._phrases)

    @property
    def reflex_kinds(self) -> tuple[str, ...]:
        """Kinds that `reflexes` knows."""
        return tuple(self._reflexes)

    def reflexes(self, kind: str) -> list[tuple[str, Samples]]:
        """(what is said, its sound) for each variant of a kind; raises VoiceError for an unknown kind."""
        if kind not in self._reflexes:
            raise VoiceError(f"no reflex clips of kind {kind!r}; the clip bank has {', '.join(sorted(self._reflexes))}")
        return [(text, self._read(clip)) for text, clip in self._reflexes[kind]]

    def covers(self, text: str) -> bool:
        """True when every word of a text can be said from clips."""
        return self.plan(text) is not None

    def speak(self, text: str) -> Samples | None:
        """Sound of a text, or None when a word of it is in no clip."""
        pieces = self.plan(text)
        return None if not pieces else self._join(pieces)

    def plan(self, text: str) -> list[Piece] | None:
        """The cheapest chain of clips that says a text; empty for an empty text, None when there is no chain."""
        words, marks = _words_and_marks(spoken_tokens(text))
        count = len(words)
        best: list[tuple[float, list[Piece]] | None] = [None] * count + [(0.0, [])]
        for first in range(count - 1, -1, -1):
            for last in range(first, min(count, first + self._longest_words)):
                rest = best[last + 1]
                if rest is not None:
                    self._try(best, rest, words, marks, first, last)
                if marks[last] == STOP:
                    break
        return None if best[0] is None else best[0][1]

    def _try(
        self,
        best: list[tuple[float, list[Piece]] | None],
        rest: tuple[float, list[Piece]],
        words: list[str],
        marks: list[str],
        first: int,
        last: int,
    ) -> None:
        left = "start" if first == 0 or marks[first - 1] == STOP else "cut"
        right = {COMMA: "comma", STOP: "end", "": "cut"}[marks[last]] if last + 1 < len(words) else "end"
        for clip in self._phrases.get(" ".join(words[first : last + 1]), ()):
            cost = 1.0 + _LEFT_COST.get((clip.left, left), 0.0) + _RIGHT_COST.get((clip.right, right), 0.0) + rest[0]
            known = best[first]
            if known is None or cost < known[0]:
                misfit_ms = _MISFIT_GAP_MS if clip.right != "cut" else 0
                gap_ms = 0 if last + 1 == len(words) else _GAP_MS.get(marks[last], misfit_ms)
                best[first] = (cost, [Piece(clip, ms_to_samples(gap_ms)), *rest[1]])

    def _join(self, pieces: list[Piece]) -> Samples:
        sounds = [self._read(piece.clip) for piece in pieces]
        joined = np.zeros(sum(len(sound) for sound in sounds) + sum(piece.gap_samples for piece in pieces), np.float32)
        end = 0
        for piece, sound in zip(pieces, sounds, strict=True):
            joined[end : end + len(sound)] += sound
            end += len(sound) + (piece.gap_samples or -min(_OVERLAP_SAMPLES, len(sound)))
        return joined[: end + (0 if pieces[-1].gap_samples else min(_OVERLAP_SAMPLES, len(sounds[-1])))]

    def _read(self, clip: Clip) -> Samples:
        known = self._decoded.get(clip)
        if known is not None:
            return known
        self._sound.seek(clip.start)
        sound = soften(self._sound.read(clip.num_samples, dtype="float32"))
        if len(self._decoded) >= _MAX_DECODED:
            self._decoded.clear()
        self._decoded[clip] = sound
        return sound


def _words_and_marks(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Words, and for each the pause after it (COMMA, STOP or empty)."""
    words = [token for token in tokens if token not in (COMMA, STOP)]
    marks = [""] * len(words)
    place = -1
    for token in tokens:
        if token in (COMMA, STOP):
            marks[place] = token
        else:
            place += 1
    return words, marks


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX_NAME
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VoiceError(
            f"no clip bank at {path} ({error.strerror}): reinstall, or run python -m export clips"
        ) from None
    except ValueError:
        raise VoiceError(f"{path} is not JSON: reinstall, or run python -m export clips") from None
    if index.get("rate_hz") != SAMPLE_RATE_HZ:
        raise VoiceError(f"{path} is at {index.get('rate_hz')} Hz, not {SAMPLE_RATE_HZ}: run python -m export clips")
    return index


def _open_sound(folder: Path, sha256: str) -> soundfile.SoundFile:
    path = folder / SOUND_NAME
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise VoiceError(
            f"no clip bank at {path} ({error.strerror}): reinstall, or run python -m export clips"
        ) from None
    if found != sha256:
        raise VoiceError(
            f"{path} is not the file that {INDEX_NAME} was made with: reinstall, or run python -m export clips"
        )
    return soundfile.SoundFile(path)
