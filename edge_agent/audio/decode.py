"""Recordings of any format, rate and width to the agent's own: float32 mono at `SAMPLE_RATE_HZ`."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_CUR, SEEK_END, PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge_agent.errors import AudioError
from edge_agent.units import SAMPLE_RATE_HZ

BLOCK_SAMPLES = 2048  # small: of a damaged block nothing is kept
FORMATS = "WAV, FLAC or Ogg"
LARGEST = np.float32(1.0 - 2.0**-24)
# a float file is often a little too loud here and there; so much of it so far beyond full scale was saved wrongly
FAR_BEYOND, MOST_BEYOND_SHARE = 2.0, 0.01


@dataclass(frozen=True)
class Decoded:
    """A whole recording. `notice` is a sentence for the user when it is not all that the file promises."""

    samples: NDArray[np.float32]  # [num_samples]
    notice: str | None = None


def decode(path: str | PathLike[str]) -> Decoded:
    """Read a whole recording. Raises AudioError: missing, empty, or not a sound file."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _decode_open(path, file)
    except OSError as error:
        reason = error.strerror or error
        raise AudioError(f"{path}: cannot be opened ({reason}); give a readable {FORMATS} file") from None


def _decode_open(path: Path, file: BinaryIO) -> Decoded:
    if not file.read(1):
        raise AudioError(f"{path}: is empty (0 bytes); give a {FORMATS} file with sound in it")
    share_there = _share_there(file)
    file.seek(0)
    try:
        sound = soundfile.SoundFile(file)
    except (soundfile.SoundFileError, TypeError, ValueError):
        raise AudioError(f"{path}: is not a sound file; give a {FORMATS} file") from None
    with sound:
        samples = _at_our_rate(sound)
        promised_s = sound.frames / sound.samplerate / max(share_there, 1e-9)
    if not len(samples):
        raise AudioError(f"{path}: holds no sound (0 samples); record it again, or give another file")
    loudest, beyond_share = float(np.abs(samples).max()), float(np.mean(np.abs(samples) > FAR_BEYOND))
    np.clip(samples, -1.0, LARGEST, out=samples)
    there_s = len(samples) / SAMPLE_RATE_HZ
    if there_s <= promised_s - 0.02:
        return Decoded(samples, f"{path}: is cut short, {there_s:.1f} s of {promised_s:.1f} s are there; playing those")
    if beyond_share > MOST_BEYOND_SHARE:
        return Decoded(
            samples, f"{path}: goes up to {loudest:.0f} times full scale; playing it clipped, save it quieter"
        )
    return Decoded(samples)


def _at_our_rate(sound: soundfile.SoundFile) -> NDArray[np.float32]:
    blocks = list(_mono_blocks(sound))
    if sound.samplerate != SAMPLE_RATE_HZ and blocks:
        # a stream, so that an hour at 192 kHz does not have to fit in memory at that rate
        resampler = soxr.ResampleStream(sound.samplerate, SAMPLE_RATE_HZ, 1, dtype="float32")
        blocks = [resampler.resample_chunk(block) for block in blocks]
        blocks.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    # float files may hold anything: no part of the path is to meet a NaN
    np.nan_to_num(samples, copy=False, nan=0.0, posinf=LARGEST, neginf=-1.0)
    return samples


def _mono_blocks(sound: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    while True:
        try:
            block = sound.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            return  # a damaged end: what came before it is good
        if not len(block):
            return
        yield block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)


def _share_there(file: BinaryIO) -> float:
    """Part of a WAV's sound that the file really holds, 0..1; libsndfile silently corrects the length."""
    num_file_bytes = file.seek(0, SEEK_END)
    file.seek(0)
    riff = file.read(12)
    if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        return 1.0
    while len(header := file.read(8)) == 8:
        name, num_bytes = struct.unpack("<4sI", header)
        if name == b"data":
            # programs that write to a pipe leave the length open, as the largest there is
            is_open = num_bytes == 0 or num_bytes >= 0x7FFF0000
            return 1.0 if is_open else min(1.0, (num_file_bytes - file.tell()) / num_bytes)
        file.seek(num_bytes + num_bytes % 2, SEEK_CUR)
    return 1.0
