"""The training corpus: synthetic speech as log-mel shards, made in parallel and resumable.

A shard holds `UTTERANCES_PER_SHARD` sentences, each heard twice (close to the microphone, and in a random room). It is
written under a temporary name and renamed, so a run killed at any point goes on where it stopped. Same seed, same
shards.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from edge_agent.dsp.reference_mel import LOG_FLOOR, mel_power
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from export.rooms import faulty, in_room
from export.texts import Texts
from export.voices import draw_talker, espeak_variants, speak

UTTERANCES_PER_SHARD = 256
RECIPE_FILES = (
    "texts.py", "voices.py", "accents.py", "rooms.py", "corpus.py",
    "neural.py", "neural_spelling.py", "neural_voices.py",
)  # fmt: skip
MAX_S = 12.0
Sound = NDArray[np.float32]
_texts: Texts | None = None


def recipe_hash() -> str:
    """Hash of the code that makes the corpus; goes into the manifest of what is trained on it."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in RECIPE_FILES)).hexdigest()[:16]


def build(data: Path, out: Path, num_shards: int, seed: int, num_workers: int | None = None) -> None:
    """Make the missing shards of `num_shards` under `out`, using texts from `data`."""
    out.mkdir(parents=True, exist_ok=True)
    todo = [index for index in range(num_shards) if not shard_path(out, index).exists()]
    with multiprocessing.Pool(num_workers or os.cpu_count(), _open_texts, (data,)) as pool:
        jobs = pool.imap_unordered(_make_shard, ((out, index, seed) for index in todo))
        for _ in track(jobs, total=len(todo), description="corpus shards"):
            pass


def shard_path(out: Path, index: int) -> Path:
    """File of one shard."""
    return out / f"shard_{index:05d}.npz"


def _open_texts(data: Path) -> None:
    global _texts
    _texts = Texts(data)


def _make_shard(job: tuple[Path, int, int]) -> None:
    out, index, seed = job
    assert _texts is not None
    rng = np.random.default_rng([seed, index])
    variants, shard = espeak_variants(), Shard()
    while len(shard) < UTTERANCES_PER_SHARD:
        text, talker = _texts.draw(rng), draw_talker(rng, variants)
        try:
            close = with_lead(speak(text, talker), rng)
        except RuntimeError:
            continue
        if len(close) <= MAX_S * SAMPLE_RATE_HZ:
            shard.add(close, text, _texts.pronounce(text), str(asdict(talker)), rng)
    shard.save(shard_path(out, index))


def with_lead(samples: Sound, rng: np.random.Generator) -> Sound:
    """Level the sound, with silence before and after, in whole hops."""
    before, after = (np.zeros(int(rng.uniform(0.05, high) * SAMPLE_RATE_HZ), np.float32) for high in (0.5, 0.6))
    level = 0.08 / (np.sqrt(np.mean(samples**2)) + 1e-6)
    padded = np.concatenate([before, samples * np.float32(level), after])
    return padded[: len(padded) // HOP_SAMPLES * HOP_SAMPLES]


def _log_mel(samples: NDArray[np.float32]) -> NDArray[np.float16]:
    return np.log(mel_power(samples) + LOG_FLOOR).astype(np.float16)


def voiced_hops(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Per hop: is the clean sound within 32 dB of its loud parts, with gaps under 80 ms closed."""
    energy = np.mean(samples.reshape(-1, HOP_SAMPLES) ** 2, axis=1)
    loud = energy > np.percentile(energy, 95) * 10.0 ** (-3.2)
    reach = 4
    padded = np.pad(loud, reach)
    dilated = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).any(axis=1)
    return np.lib.stride_tricks.sliding_window_view(np.pad(dilated, reach, constant_values=True), 2 * reach + 1).all(
        axis=1
    )


class Shard:
    """Utterances on their way into one file, each as it was said and as a microphone in a random room hears it."""

    def __init__(self) -> None:
        self._sounds: list[tuple[Sound, Sound]] = []
        self._voiced: list[NDArray[np.bool_]] = []
        self._tokens: list[NDArray[np.uint8]] = []
        self._texts: list[str] = []
        self._talkers: list[str] = []

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, close: Sound, text: str, phones: Sequence[str], talker: str, rng: np.random.Generator) -> None:
        """`close`: float32 at 16 kHz, whole hops, without noise."""
        self._voiced.append(voiced_hops(close))
        self._sounds.append((close, faulty(in_room(close, rng), rng)))
        self._tokens.append(np.array([TOKEN_OF_PHONE[phone] for phone in phones], np.uint8))
        self._texts.append(text)
        self._talkers.append(talker)

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        temporary = path.with_suffix(".tmp.npz")
        np.savez(
            temporary,
            close=np.concatenate([_log_mel(close) for close, _ in self._sounds]),
            room=np.concatenate([_log_mel(room) for _, room in self._sounds]),
            voiced=np.concatenate(self._voiced),
            num_hops=np.array([len(flags) for flags in self._voiced], np.int32),
            tokens=np.concatenate(self._tokens),
            num_tokens=np.array([len(labels) for labels in self._tokens], np.int32),
            texts=np.array(self._texts),
            talkers=np.array(self._talkers),
        )
        temporary.rename(path)
