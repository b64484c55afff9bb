"""What is fitted to: sentences spoken by synthesisers, people who say phrases or read aloud, and noise, as one listener
hears them. The people and the noise that are kept for evaluation are in none of it.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import track

from edge_agent.evaluation.hearing import Ear, Heard
from edge_agent.evaluation.recordings import (
    Floats,
    Labelled,
    held_out_noise_paths,
    is_held_out_talker,
    mix,
    read_labelled,
    read_mono,
    sounds_of,
    with_silence,
)
from edge_agent.evaluation.wake import FRAMES_PER_STEP
from edge_agent.models.lexicon import full_dictionary
from export.effects import KEPT
from export.fit_confusions import Utterance, phones_of
from export.fit_search import Example
from export.fit_wake import Said

NOISY_EVERY = 2
NOISY_SNR_DB = (4.0, 14.0)
# Of `phrases/`, those that are long enough to be a wake phrase, and of words that people say alike.
PEOPLES_PHRASES = ("hey_archie", "trick_or_treat", "goodnight", "how_are_you", "hey_fenrir")
CHATTER_FRAMES = 300  # of each recording: 6 s are longer than any command
WORD_LENGTHS, WORDS_PER_LENGTH = range(2, 9), 4


@dataclass
class Material:
    """Recordings as this listener hears them, quiet and noisy in turn."""

    ear: Ear
    noises: list[Floats]

    def labelled(self, folder: Path) -> list[Example]:
        """A folder as `spoken-set` writes it, less the people in it, who are kept for evaluation."""
        recordings = [one for one in read_labelled(folder).recordings if one.name.startswith("said_")]
        return [
            Example(self._heard(one.path, index % NOISY_EVERY == 0).log_posteriors, one)
            for index, one in enumerate(track(recordings, folder.name, transient=True))
        ]

    def phrases(self, folder: Path, data: Path) -> list[Said]:
        """Wake phrases, by synthesisers and by people."""
        paths = [(one.intent or "", one.path) for one in read_labelled(folder).recordings]
        paths += [(name, path) for name in PEOPLES_PHRASES for path in sounds_of(data / "phrases" / name)]
        return [
            (name.replace("_", " "), self._heard(path, index % NOISY_EVERY == 0))
            for index, (name, path) in enumerate(track(paths, "phrases", transient=True))
        ]

    def people(self, data: Path) -> list[Example]:
        """Short phrases by people, each once in quiet and once in noise; the intent is the folder's name."""
        paths = sounds_of(data / "phrases")
        return [
            Example(self._heard(path, is_noisy).log_posteriors, Labelled(path, path.parent.name, {}))
            for path in track(paths, "people", transient=True)
            for is_noisy in (False, True)
        ]

    def chatter(self, data: Path) -> list[Heard]:
        """People who read aloud, less those who are kept for evaluation."""
        paths = [path for path in sounds_of(data / "speech") if not is_held_out_talker(path)]
        return [
            self._heard(path, index % NOISY_EVERY == 0)
            for index, path in enumerate(track(paths, "chatter", transient=True))
        ]

    def noise(self) -> list[Heard]:
        """Sounds of no voice, which must wake nobody."""
        return [self.ear.hear(noise) for noise in self.noises]

    def _heard(self, path: Path, is_noisy: bool) -> Heard:
        sound = with_silence(read_mono(path))
        if is_noisy:
            rng = np.random.default_rng(zlib.crc32(path.name.encode()))  # the same whatever else is heard
            noise = self.noises[int(rng.integers(len(self.noises)))]
            sound = mix(sound, noise, float(rng.uniform(*NOISY_SNR_DB)))
        return self.ear.hear(sound)


def noises_to_fit(folder: Path, effects: Path | None) -> list[Floats]:
    """All recordings of noise that are not held out, and what the training kept apart of `effects.py`."""
    held_out = set(held_out_noise_paths(folder))
    kept = sounds_of(effects / KEPT) if effects is not None else []
    return [read_mono(path) for path in (*sounds_of(folder), *kept) if path not in held_out]


def as_chatter(examples: list[Example]) -> list[Example]:
    """The same sentences where none of them is a command."""
    return [replace(example, label=Labelled(example.label.path, None, {})) for example in examples]


def without_command(sounds: Iterable[Heard]) -> list[Example]:
    """The beginnings of recordings in which nobody gives a command."""
    return [Example(one.log_posteriors[:CHATTER_FRAMES], Labelled(Path(), None, {})) for one in sounds]


def as_heard(examples: list[Example]) -> list[Heard]:
    """The same where nothing but the phones matters."""
    return [
        Heard(one.log_posteriors, np.ones(len(one.log_posteriors) // FRAMES_PER_STEP, np.float32)) for one in examples
    ]


def known_words(folder: Path, examples: list[Example]) -> Iterator[Utterance]:
    """Sentences of a folder whose every word is in the dictionary."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    for example in examples:
        phones = phones_of(labels[example.label.name]["text"])
        if phones is not None:
            yield phones, example.log_posteriors


def words_by_length() -> dict[int, list[str]]:
    """A few words of the dictionary for each number of phones."""
    words: dict[int, list[str]] = {length: [] for length in WORD_LENGTHS}
    rng, dictionary = np.random.default_rng(3), full_dictionary()
    names = sorted(word for word in dictionary if word.isalpha())
    for index in rng.permutation(len(names)):
        some = words.get(len(dictionary[names[index]][0]))
        if some is not None and len(some) < WORDS_PER_LENGTH:
            some.append(names[index])
    return words
