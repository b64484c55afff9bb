"""Sentences of the corpus by a neural synthesiser's talkers, in shards like the others; parallel and resumable.

Slower than the rest (two seconds of sound in one of a core), and much nearer to people.
"""

import multiprocessing
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.progress import track

from edge_agent.units import SAMPLE_RATE_HZ
from export.corpus import MAX_S, Shard, with_lead
from export.neural_spelling import spell, stressed_vowels
from export.neural_voices import Kokoro, draw_talker, fetch
from export.texts import Texts

UTTERANCES_PER_SHARD = 128


def build(data: Path, packages: Path, out: Path, num_shards: int, seed: int) -> None:
    """Make the missing shards of `num_shards` under `out`, `neural_K.npz`. Raises NeuralVoiceError."""
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(out / f"neural_{index:05d}.npz", [seed, index]) for index in range(num_shards)]
    todo = [job for job in jobs if not job[0].exists()]
    if not todo:
        return
    folder, texts = fetch(packages / "kokoro"), Texts(data)
    stress = stressed_vowels(texts.words)
    # a process for each shard, or the network's buffers would fill the memory
    with multiprocessing.Pool(os.cpu_count(), _begin, (folder, texts, stress), maxtasksperchild=1) as pool:
        for _ in track(pool.imap_unordered(_make_shard, todo), total=len(todo), description="neural shards"):
            pass


_kokoro: Kokoro
_texts: Texts
_stress: dict[str, int]


def _begin(folder: Path, texts: Texts, stress: dict[str, int]) -> None:
    global _kokoro, _texts, _stress
    _kokoro, _texts, _stress = Kokoro(folder), texts, stress


def _make_shard(job: tuple[Path, list[int]]) -> None:
    path, seed = job
    rng = np.random.default_rng(seed)
    shard = Shard()
    while len(shard) < UTTERANCES_PER_SHARD:
        text, talker = _texts.draw(rng), draw_talker(rng, _kokoro.voices)
        words = _texts.pronounced(text)
        close = with_lead(_kokoro.speak(spell(words, _stress, talker.speech(), rng), talker), rng)
        if len(close) <= MAX_S * SAMPLE_RATE_HZ:
            shard.add(close, text, [phone for _, phones in words for phone in phones], str(asdict(talker)), rng)
    shard.save(path)
