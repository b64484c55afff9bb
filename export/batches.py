"""Batches for training: shards in memory, and the augmentation that the mel domain allows.

Noise, microphone colour, level, babble, tempo, formant shift and masks are applied anew each time an utterance is
drawn, and hesitations are put into it; rooms and clipping were put in when the corpus was made (`rooms.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from edge_agent.dsp.reference_mel import LOG_FLOOR, mel_power
from edge_agent.units import HOP_SAMPLES, NUM_MELS, SAMPLE_RATE_HZ, STRIDE_HOPS

SOUNDS = ("baby_cry", "dog_bark")  # the classes whose recordings may train what we ship
# "chainsaw", "rooster" and every fourth recording of the others are kept for evaluation.
TRAINING_NOISE = ("rain", "sea_waves", "helicopter", "fire_crackling", "clock_tick", "dog_bark", "baby_cry")
LENGTH_UNIT_HOPS = 48
SOUND_HEARD_DB = -13.0  # against the speech of the same hop: below this nobody would notice it
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """log_mel float32 [B, 4 T, 40]; heads [B, T, 2 + sounds]: voice, end of turn, sounds, NaN where it does not matter;
    tokens [sum of lengths]; lengths in steps and in tokens [B]."""

    log_mel: Floats
    heads: Floats
    num_steps: NDArray[np.int64]
    tokens: NDArray[np.int64]
    num_tokens: NDArray[np.int64]
    ids: NDArray[np.int64]


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


@dataclass(frozen=True)
class Noise:
    """Mel powers at unit mean power; `sound` is its place in SOUNDS, -1 for other noise."""

    power: Floats
    sound: int = -1


def kept_for_evaluation(index: int) -> bool:
    """Of the sorted recordings of a noise class."""
    return index % 4 == 3


def noise_bank(folder: Path, rng: np.random.Generator, minutes_each: float = 6.0) -> list[Noise]:
    """Recorded classes, coloured noise, hum, clatter, and tunes."""
    bank = []
    for name in TRAINING_NOISE:
        paths = [path for index, path in enumerate(sorted((folder / name).iterdir())) if not kept_for_evaluation(index)]
        sound = SOUNDS.index(name) if name in SOUNDS else -1
        bank += [Noise(_recorded(path), sound) for path in paths]
    num_made = int(minutes_each * 60 / 5.0)
    for make in (_coloured, _clatter, _tune):
        bank += [Noise(_unit(make(rng))) for _ in range(num_made)]
    return bank


def _recorded(path: Path) -> Floats:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    if rate_hz != SAMPLE_RATE_HZ:
        samples = scipy.signal.resample_poly(samples, SAMPLE_RATE_HZ, rate_hz).astype(np.float32)
    return _unit(samples)


def _unit(samples: Floats) -> Floats:
    power = mel_power(samples[: len(samples) // HOP_SAMPLES * HOP_SAMPLES])
    return (power / (power.mean() + 1e-9)).astype(np.float32)


def _coloured(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    spectrum = np.fft.rfft(rng.standard_normal(int(seconds * SAMPLE_RATE_HZ)))
    frequency = np.linspace(0.01, 1.0, len(spectrum))
    samples = np.fft.irfft(spectrum * frequency ** -rng.uniform(0.0, 1.3))
    swell = 1.0 + rng.uniform(0.0, 0.9) * np.sin(
        np.arange(len(samples)) * rng.uniform(0.5, 30.0) / SAMPLE_RATE_HZ * 6.3
    )
    return (samples / np.std(samples) * swell * 0.1).astype(np.float32)


def _clatter(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Dishes, doors and cutlery: bursts of decaying resonances over a little broadband noise."""
    samples = 0.01 * _coloured(rng, seconds)
    for _ in range(int(rng.integers(4, 40))):
        decay_s = np.exp(rng.uniform(np.log(0.005), np.log(0.25)))
        time_s = np.arange(int(min(4 * decay_s, 0.8) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        burst = rng.standard_normal(len(time_s)) * rng.uniform(0.0, 0.5)
        for _ in range(int(rng.integers(1, 6))):
            burst += np.sin(6.283 * np.exp(rng.uniform(np.log(150), np.log(7000))) * time_s + rng.uniform(0, 6.3))
        burst *= np.exp(-time_s / decay_s) * rng.uniform(0.05, 1.0)
        start = int(rng.integers(0, len(samples) - len(burst)))
        samples[start : start + len(burst)] += burst.astype(np.float32) * 0.2
    return samples


def _tune(rng: np.random.Generator, seconds: float = 5.0) -> Floats:
    """Chords of a few harmonics over a beat: enough like music to be no speech."""
    samples = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    beat = int(rng.uniform(0.15, 0.6) * SAMPLE_RATE_HZ)
    for start in range(0, len(samples) - beat, beat):
        time_s = np.arange(beat) / SAMPLE_RATE_HZ
        for _ in range(int(rng.integers(1, 5))):
            note_hz = 55.0 * 2.0 ** (int(rng.integers(0, 48)) / 12.0)
            partials = sum(np.sin(6.283 * note_hz * k * time_s) / k for k in range(1, 9) if note_hz * k < 7500)
            samples[start : start + beat] += (partials * np.exp(-time_s * rng.uniform(0.5, 8.0))).astype(np.float32)
        if rng.random() < 0.5:
            samples[start : start + beat] += rng.standard_normal(beat).astype(np.float32) * np.exp(-time_s * 40) * 2
    return samples * np.float32(0.05)


class Augment:
    """Draws one training example from an utterance; every draw is another room colour, noise, level and pace."""

    def __init__(self, corpus: Corpus, noises: list[Noise], rng: np.random.Generator) -> None:
        self._corpus, self._noises, self._rng = corpus, noises, rng

    def example(self, index: int) -> tuple[Floats, Floats, NDArray[np.uint8]]:
        """Log-mel [hops, 40], heads per hop [hops, 2 + sounds], tokens."""
        rng = self._rng
        log_mel, voiced, tokens = self._corpus.utterance(index, bool(rng.random() < 0.6))
        log_mel, voiced = self._tempo(log_mel, voiced, len(tokens))
        if rng.random() < 0.5:
            log_mel = log_mel @ _formant_shift(float(rng.uniform(0.93, 1.07)))
        power = np.maximum(np.exp(log_mel) - LOG_FLOOR, 0.0) * self._colour(6.0)
        power, voiced = self._paused(power, voiced)
        speech = power[voiced].mean() if voiced.any() else 1.0
        if rng.random() < 0.04:  # only noise: nobody speaks
            power, voiced, tokens = np.zeros_like(power), np.zeros_like(voiced), tokens[:0]
        heads = np.concatenate([turn_targets(voiced), np.zeros((len(voiced), len(SOUNDS)), np.float32)], 1)
        if rng.random() < 0.7:
            noise, sound = self._noise(len(power))
            noise *= speech * 10.0 ** (-rng.uniform(0.0, 30.0) / 10.0)
            if sound >= 0:
                heads[:, 2 + sound] = noise.mean(1) > 10.0 ** (SOUND_HEARD_DB / 10.0) * (power.mean(1) + 0.02 * speech)
            power = power + noise
        if rng.random() < 0.15:
            power = power + speech * 10.0 ** (-rng.uniform(3.0, 25.0) / 10.0) * self._babble(len(power))
        level = 10.0 ** (rng.uniform(-32.0, 14.0) / 10.0)
        log_mel = np.log(power * level + rng.uniform(0.0, 3e-5) + LOG_FLOOR).astype(np.float32)
        return self._masked(log_mel), heads, tokens

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
        before = int(rng.integers(0, 250)) if rng.random() < 0.25 else 0
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
    waiting: dict[int, list[tuple[Floats, Floats, NDArray[np.uint8], int]]] = {}
    while True:
        for index in rng.choice(len(num_hops), 1024, p=chances):
            example = (*augment.example(int(index)), int(index))
            longest = -(-len(example[0]) // LENGTH_UNIT_HOPS) * LENGTH_UNIT_HOPS
            bucket = waiting.setdefault(longest, [])
            bucket.append(example)
            if len(bucket) == max(1, hops_per_batch // longest):
                yield _collate(bucket, longest)
                bucket.clear()


def _collate(examples: list[tuple[Floats, Floats, NDArray[np.uint8], int]], longest: int) -> Batch:
    num_steps = np.array([-(-len(log_mel) // STRIDE_HOPS) for log_mel, _, _, _ in examples])
    log_mel = np.full((len(examples), longest, NUM_MELS), np.log(LOG_FLOOR), np.float32)
    heads = np.full((len(examples), longest, 2 + len(SOUNDS)), np.nan, np.float32)
    for row, (frames, targets, _, _) in enumerate(examples):
        log_mel[row, : len(frames)] = frames
        heads[row, : len(targets)] = targets
    return Batch(
        log_mel,
        heads[:, STRIDE_HOPS - 1 :: STRIDE_HOPS],  # what is true when a step ends
        num_steps,
        np.concatenate([tokens for _, _, tokens, _ in examples]).astype(np.int64),
        np.array([len(tokens) for _, _, tokens, _ in examples]),
        np.array([index for _, _, _, index in examples]),
    )
