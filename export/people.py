"""People in the corpus: short phrases that come with their text, and read speech that a free recogniser labels.

`phrases/` (CC BY 4.0) is labelled by its folders. `speech/` (LibriSpeech excerpts, CC BY 4.0) has no transcripts here:
pocketsphinx's large-vocabulary decoder (BSD licence; called, not shipped) writes them, each stretch between pauses is
one utterance, and `train` later drops the ones that the network itself finds least likely. One talker in five of
`speech/many` is held out for evaluation, by a hash of the talker's name. Nothing of `commands/`, `wake/`, `household/`
or `vocal/` is used.
"""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track

from edge_agent.models.lexicon import full_dictionary
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from export.corpus import Shard

_BY_HAND = {
    "archie": "AA R CH IY",
    "dracarys": "D R AH K AA R IH S",
    "fenrir": "F EH N R IH R",
    "hadouken": "HH AH D UW K AH N",
    "goodnight": "G UH D N AY T",
}
MIN_PHONES, MAX_S, _MARGIN_S = 5, 9.0, 0.08
Utterance = tuple[NDArray[np.float32], str]
Pronounce = Callable[[str], list[str] | None]


def held_out(path: Path) -> bool:
    """Is this recording of `speech/many` kept for evaluation."""
    return zlib.crc32(path.stem.encode()) % 5 == 0


def build(data: Path, out: Path, seed: int, num_rooms: int = 3) -> None:
    """Write `people_phrases_K.npz` and `people_read_K.npz`, one file for each of `num_rooms` random rooms."""
    out.mkdir(parents=True, exist_ok=True)
    for name, utterances in (("phrases", list(_phrases(data))), ("read", list(_read_speech(data)))):
        for room in range(num_rooms):
            path = out / f"people_{name}_{room}.npz"
            if not path.exists():
                write(path, utterances, _phones, np.random.default_rng([seed, room]))


def _phrases(data: Path) -> Iterator[Utterance]:
    for path in sorted((data / "phrases").rglob("*.flac")):
        yield _read(path), path.parent.name.replace("_", " ")


def _read_speech(data: Path) -> Iterator[Utterance]:
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=SAMPLE_RATE_HZ, loglevel="FATAL")
    paths = [path for path in sorted((data / "speech").rglob("*.flac")) if not held_out(path)]
    for path in track(paths, description="labelling read speech"):
        samples = _read(path)
        decoder.start_utt()
        decoder.process_raw((samples * 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        segments = [(s.word.split("(")[0], s.start_frame, s.end_frame) for s in (decoder.seg() or ())]
        yield from _between_pauses(samples, segments)


def _between_pauses(samples: NDArray[np.float32], segments: list[tuple[str, int, int]]) -> Iterator[Utterance]:
    """Stretches of words between silences; a stretch with a noise token or of one short word is left out."""
    words: list[tuple[str, int, int]] = []
    for segment in [*segments, ("<sil>", 0, 10**6)]:
        name, start, end = segment
        if name in ("<s>", "</s>", "<sil>"):
            if end - start < 8 and words:  # a stop gap, not a pause
                continue
            if words and not any(word[0].startswith(("[", "<", "+")) for word in words):
                first = max(0, int((words[0][1] / 100 - _MARGIN_S) * SAMPLE_RATE_HZ))
                last = int((words[-1][2] / 100 + _MARGIN_S) * SAMPLE_RATE_HZ)
                yield samples[first:last], " ".join(word[0] for word in words)
            words = []
        else:
            words.append(segment)


def _read(path: Path) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == SAMPLE_RATE_HZ, path
    return samples  # type: ignore[no-any-return]


def _phones(text: str) -> list[str] | None:
    dictionary = full_dictionary()
    phones: list[str] = []
    for word in text.split():
        said = _BY_HAND[word].split() if word in _BY_HAND else dictionary.get(word, [()])[0]
        if not said:
            return None
        phones.extend(said)
    return phones


def write(path: Path, utterances: list[Utterance], pronounce: Pronounce, rng: np.random.Generator) -> None:
    """One file of the corpus: each utterance as it was recorded and in a random room, if its words can be said."""
    shard = Shard()
    for samples, text in utterances:
        phones = pronounce(text)
        if phones is None or len(phones) < MIN_PHONES or len(samples) > MAX_S * SAMPLE_RATE_HZ:
            continue
        close = samples[: len(samples) // HOP_SAMPLES * HOP_SAMPLES]
        shard.add(close * np.float32(0.08 / (np.sqrt(np.mean(close**2)) + 1e-6)), text, phones, "people", rng)
    shard.save(path)
