"""Batches for training: shards in memory, and the augmentation that the mel domain allows.

Noise, a microphone's colour and automatic gain, level, babble, tempo, formant shift and masks are applied anew each
time an utterance is drawn, and hesitations are put into it; rooms and clipping were put in when the corpus was made
(`rooms.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from edge_agent.dsp.reference_mel import LOG_FLOOR
from edge_agent.units import NUM_MELS, STRIDE_HOPS
from export.noises import SOUNDS, Noise

LENGTH_UNIT_HOPS = 48
QUIET_TEACHING = 0.5  # of the draws: the teacher is spared the noise
LOW_CUT_SHARE, HIGH_CUT_SHARE = 0.2, 0.1  # of the draws: the talker's lowest or highest bands are missing
NOBODY_SHARE = 0.09  # of the draws: only noise
NOISE_SHARE, NOISE_DB = 0.75, (-3.0, 27.0)  # of the draws, below the speech
LEVELLED_SHARE = 0.25  # of the draws: the microphone raises what is quiet
LEAST_LOUD = 10.0**-3.5  # against the mean: what is quieter is not raised any more
SOUND_HEARD_DB = -13.0  # against the speech of the same hop: below this nobody would notice it
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """log_mel, taught float32 [B, 4 T, 40]: as the student and as its teacher hear it; heads
    [B, T, 2 + sounds]: voice, end of turn, sounds, NaN where it does not matter;
    tokens [sum of lengths]; lengths in steps and in tokens [B]."""

    log_mel: Floats
    taught: Floats
    heads: Floats
    num_steps: NDArray[np.int64]
    tokens: NDArray[np.int64]
    num_tokens: NDArray[np.int64]
    ids: NDArray[np.int64]


class Example(NamedTuple):
    """log_mel and taught [hops, 40]; heads per hop [hops, 2 + sounds]."""

    log_mel: Floats
    taught: Floats
    heads: Floats
    tokens: NDArray[np.uint8]
    index: int


class Corpus:
    """Utterances of some shards, in memory as float16."""

    def __init__(self, paths: list[Path]) -> None:
        shards = [np.load(path) for path in paths]
        self.variants = [np.concatenate([shard[name] for shard in shards]) for name in ("close", "room")]
        self.voiced = np.concatenate([shard["voiced"] for shard in shards])
        self.tokens = np.concatenate([shard["tokens"] for shard in shards])
        self.num_hops = np.concatenate([shard["num_hops"] for shard in shards])
        self.num_tokens = np.concatenate([shard["num_tokens"] for shard in shards])
        self.first_hop = np.concatenate([[0], np.cumsum(self.num_hops)])
        self.first_token = np.concatenate([[0], np.cumsum(self.num_tokens)])

    def __len__(self) -> int:
        return len(self.num_hops)

    def utterance(self, index: int, room: bool) -> tuple[Floats, Flags, NDArray[np.uint8]]:
        """Log-mel of one variant, voiced flags per hop, tokens."""
        hops = slice(self.first_hop[index], self.first_hop[index + 1])
        tokens = self.tokens[self.first_token[index] : self.first_token[index + 1]]
        return self.variants[room][hops].astype(np.float32), self.voiced[hops], tokens


class Augment:
    """Draws one training example from an utterance; every draw is another room colour, noise, level and pace."""

    def __init__(self, corpus: Corpus, noises: list[Noise], rng: np.random.Generator) -> None:
        self._corpus, self._noises, self._rng = corpus, noises, rng

    def example(self, index: int) -> Example:
        """One draw of an utterance."""
        rng = self._rng
        log_mel, voiced, tokens = self._corpus.utterance(index, bool(rng.random() < 0.6))
        log_mel, voiced = self._tempo(log_mel, voiced, len(tokens))
        if rng.random() < 0.5:
            log_mel = log_mel @ _formant_shift(float(rng.uniform(0.93, 1.07)))
        power = np.maximum(np.exp(log_mel) - LOG_FLOOR, 0.0) * self._colour(6.0) * self._narrowed()
        power, voiced = self._paused(power, voiced)
        speech = power[voiced].mean() if voiced.any() else 1.0
        if rng.random() < NOBODY_SHARE:
            power, voiced, tokens = np.zeros_like(power), np.zeros_like(voiced), tokens[:0]
        heads = np.concatenate([turn_targets(voiced), np.zeros((len(voiced), len(SOUNDS)), np.float32)], 1)
        quiet = power
        if rng.random() < NOISE_SHARE:
            noise, sound = self._noise(len(power))
            noise *= speech * 10.0 ** (-rng.uniform(*NOISE_DB) / 10.0)
            if sound >= 0:
                heads[:, 2 + sound] = noise.mean(1) > 10.0 ** (SOUND_HEARD_DB / 10.0) * (power.mean(1) + 0.02 * speech)
            power = power + noise
        if rng.random() < 0.15:
            power = power + speech * 10.0 ** (-rng.uniform(3.0, 25.0) / 10.0) * self._babble(len(power))
        if rng.random() < LEVELLED_SHARE:
            power = self._levelled(power)
        level = 10.0 ** (rng.uniform(-32.0, 14.0) / 10.0)
        hiss = rng.uniform(0.0, 3e-5)
        log_mel, quiet = (np.log(p * level + hiss + LOG_FLOOR).astype(np.float32) for p in (power, quiet))
        taught = quiet if rng.random() < QUIET_TEACHING else log_mel.copy()
        return Example(self._masked(log_mel), taught, heads, tokens, index)

    def _paused(self, power: Floats, voiced: Flags) -> tuple[Floats, Flags]:
        """Quiet before and after, and now and then a hesitation in the middle, where the talker is least loud."""
        rng, spoken = self._rng, np.flatnonzero(voiced)
        if len(spoken) > 60 and rng.random() < 0.3:
            start = int(rng.integers(spoken[0] + 15, spoken[-1] - 30))
            cut = start + int(power[start : start + 25].sum(1).argmin())
            num_hops = int(rng.integers(10, 120))
            decay = np.exp(-np.arange(num_hops, dtype=np.float32) / rng.uniform(1.0, 10.0))[:, None]
            power = np.concatenate([power[:cut], power[cut] * decay, power[cut:]])
            voiced = np.concatenate([voiced[:cut], np.zeros(num_hops, np.bool_), voiced[cut:]])
        before = int(rng.integers(0, 300)) if rng.random() < 0.35 else 0
        after = int(rng.integers(0, 60)) if rng.random() < 0.4 else 0
        return np.pad(power, ((before, after), (0, 0))), np.pad(voiced, (before, after))

    def _tempo(self, log_mel: Floats, voiced: Flags, num_tokens: int) -> tuple[Floats, Flags]:
        rate = float(self._rng.uniform(0.88, 1.15))
        num_hops = max(int(len(log_mel) / rate), 2 * num_tokens + 8)
        picked = np.minimum(np.arange(num_hops) * len(log_mel) // num_hops, len(log_mel) - 1)
        return log_mel[picked], voiced[picked]

    def _colour(self, depth_db: float) -> Floats:
        band = np.linspace(0.0, np.pi, NUM_MELS)
        curve_db = sum(
            self._rng.normal() * depth_db / (1 + k) * np.cos(k * band + self._rng.uniform(0, 6.3)) for k in range(1, 5)
        )
        return (10.0 ** (np.asarray(curve_db) / 10.0)).astype(np.float32)

    def _narrowed(self) -> Floats:
        """Of a band that is left out: a microphone that hears nothing low, a line that carries nothing high."""
        rng, band, cut_db = self._rng, np.arange(NUM_MELS), np.zeros(NUM_MELS)
        if rng.random() < LOW_CUT_SHARE:
            cut_db += np.maximum(rng.uniform(1.0, 9.0) - band, 0.0) * rng.uniform(3.0, 15.0)
        if rng.random() < HIGH_CUT_SHARE:
            cut_db += np.maximum(band - rng.uniform(26.0, 38.0), 0.0) * rng.uniform(3.0, 15.0)
        return (10.0 ** (-np.minimum(cut_db, 50.0) / 10.0)).astype(np.float32)

    def _levelled(self, power: Floats) -> Floats:
        """As a microphone that sets its gain by itself hears it, by what was loud within some tens of ms before."""
        forget = np.exp(-1.0 / self._rng.uniform(3.0, 40.0))
        loud = scipy.signal.lfilter([1.0 - forget], [1.0, -forget], power.mean(1))
        against_mean = np.maximum(loud / (loud.mean() + 1e-12), LEAST_LOUD)
        return power * (against_mean ** -self._rng.uniform(0.2, 0.7)).astype(np.float32)[:, None]

    def _noise(self, num_hops: int) -> tuple[Floats, int]:
        noise = self._noises[int(self._rng.integers(len(self._noises)))]
        start = int(self._rng.integers(len(noise.power)))
        picked = (start + np.arange(num_hops)) % len(noise.power)
        return noise.power[picked] * self._colour(4.0), noise.sound

    def _babble(self, num_hops: int) -> Floats:
        mixed = np.zeros((num_hops, NUM_MELS), np.float32)
        for _ in range(int(self._rng.integers(2, 7))):
            log_mel, _, _ = self._corpus.utterance(int(self._rng.integers(len(self._corpus))), True)
            picked = (int(self._rng.integers(len(log_mel))) + np.arange(num_hops)) % len(log_mel)
            mixed += np.exp(log_mel[picked])
        return mixed / (mixed.mean() + 1e-9)

    def _masked(self, log_mel: Floats) -> Floats:
        rng, quiet = self._rng, np.float32(log_mel.mean())
        for _ in range(2):
            first = int(rng.integers(NUM_MELS))
            log_mel[:, first : first + int(rng.integers(0, 7))] = quiet
        for _ in range(1 + len(log_mel) // 200):
            first = int(rng.integers(len(log_mel)))
            log_mel[first : first + int(rng.integers(0, 10))] = quiet
        return log_mel


def turn_targets(voiced: Flags) -> Floats:
    """[hops, 2]: voice, and end of turn: 1 after the last voiced hop, 0 before it, NaN before the first."""
    spoken = np.flatnonzero(voiced)
    ended = np.full(len(voiced), np.nan, np.float32)
    if len(spoken):
        ended[spoken[0] : spoken[-1] + 1] = 0.0
        ended[spoken[-1] + 1 :] = 1.0
    return np.stack([voiced.astype(np.float32), ended], 1)


def _formant_shift(factor: float) -> Floats:
    """Matrix [NUM_MELS, NUM_MELS] that reads band b at b * factor, linearly interpolated."""
    read = np.clip(np.arange(NUM_MELS) * factor, 0, NUM_MELS - 1)
    low = np.minimum(read.astype(int), NUM_MELS - 2)
    matrix = np.zeros((NUM_MELS, NUM_MELS), np.float32)
    matrix[low, np.arange(NUM_MELS)] = 1.0 - (read - low)
    matrix[low + 1, np.arange(NUM_MELS)] = read - low
    return matrix


def batches(augment: Augment, chances: NDArray[np.float64], num_hops: NDArray[np.int32], rng: np.random.Generator,
            hops_per_batch: int) -> Iterator[Batch]:  # fmt: skip
    """Endless batches of utterances of like length, drawn by `chances`, of about `hops_per_batch` hops.

    Lengths are rounded up so that only some thirty shapes occur: the matrix library compiles code for each.
    """
    waiting: dict[int, list[Example]] = {}
    while True:
        for index in rng.choice(len(num_hops), 1024, p=chances):
            example = augment.example(int(index))
            longest = -(-len(example.log_mel) // LENGTH_UNIT_HOPS) * LENGTH_UNIT_HOPS
            bucket = waiting.setdefault(longest, [])
            bucket.append(example)
            if len(bucket) == max(1, hops_per_batch // longest):
                yield _collate(bucket, longest)
                bucket.clear()


def _collate(examples: list[Example], longest: int) -> Batch:
    log_mel, taught = np.full((2, len(examples), longest, NUM_MELS), np.log(LOG_FLOOR), np.float32)
    heads = np.full((len(examples), longest, 2 + len(SOUNDS)), np.nan, np.float32)
    for row, example in enumerate(examples):
        num_hops = len(example.log_mel)
        log_mel[row, :num_hops] = example.log_mel
        taught[row, :num_hops] = example.taught
        heads[row, :num_hops] = example.heads
    return Batch(
        log_mel,
        taught,
        heads[:, STRIDE_HOPS - 1 :: STRIDE_HOPS],  # what is true when a step ends
        np.array([-(-len(example.log_mel) // STRIDE_HOPS) for example in examples]),
        np.concatenate([example.tokens for example in examples]).astype(np.int64),
        np.array([len(example.tokens) for example in examples]),
        np.array([example.index for example in examples]),
    )
