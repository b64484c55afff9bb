"""Refits all that depends on the listener: costs of the search, confidence, wake phrases. Writes it into the manifest.

    python -m export spoken-set --out work/spoken
    python -m export spoken-set --commands export/data/long_orders.yaml --others 0 --out work/spoken_long
    python -m export spoken-set --commands export/data/wake_phrases.yaml --others 0 --out work/spoken_wake
    python -m export calibrate --bundle edge_agent/models/bundles/default

Everything is fitted to synthesised sentences, of which every second gets more noise, and to people who read aloud or
say the phrases of `phrases/`. No recording of `commands/` or `wake/`, by which the result is measured, is heard.
Needs no torch.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

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
from edge_agent.evaluation.statistics import calibration_error, reliability
from edge_agent.evaluation.wake import FRAMES_PER_STEP
from edge_agent.models.bundle import MANIFEST, Bundle
from edge_agent.models.commands import load_commands
from edge_agent.models.decoder import DecoderSettings
from edge_agent.models.fitted import Fitted
from edge_agent.models.grammar import compile_commands
from edge_agent.models.lexicon import full_dictionary
from edge_agent.models.phone_graph import PhoneGraph
from export.fit_confusions import Utterance, fit_confusions, phones_of
from export.fit_search import Example, decode, fit_commit_beam, fit_search
from export.fit_wake import Said, false_wakes_by_length, fit_wake, miss_rate, strict
from export.manifest import as_json

LONG_ORDERS = Path(__file__).parent / "data" / "long_orders.yaml"
NOISY_EVERY = 2
CHATTER_FRAMES = 300  # of each recording: 6 s are longer than any command
NOISY_SNR_DB = (4.0, 14.0)
# Of `phrases/`, those that are long enough to be a wake phrase, and of words that people say alike.
PEOPLES_PHRASES = ("hey_archie", "trick_or_treat", "goodnight", "how_are_you", "hey_fenrir")
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


def training_noises(folder: Path) -> list[Floats]:
    """All recordings of noise that are not held out."""
    held_out = set(held_out_noise_paths(folder))
    return [read_mono(path) for path in sounds_of(folder) if path not in held_out]


def as_chatter(examples: list[Example]) -> list[Example]:
    """The same sentences where none of them is a command."""
    return [replace(example, label=Labelled(example.label.path, None, {})) for example in examples]


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


def fit_decoder(name: str, graph: PhoneGraph, examples: list[Example], base: DecoderSettings) -> DecoderSettings:
    """Costs, confidence, and how soon words are committed; prints how far the confidence can be believed."""
    with Progress(transient=True) as progress:
        settings = fit_search(graph, examples, base, progress)
    settings = fit_commit_beam(graph, examples, settings)
    outcomes = decode(graph, examples, settings)
    commands = [outcome for outcome in outcomes if outcome.is_command]
    found = [outcome for outcome in outcomes if outcome.heard.is_complete]
    confidences = np.array([outcome.heard.confidence for outcome in found])
    are_right = np.array([outcome.is_right for outcome in found])
    table = Table("confidence", "sentences", "mean confidence", "right", title=name)
    for low, count, mean, share in reliability(confidences, are_right):
        table.add_row(f"{low:.1f}-{low + 0.1:.1f}", f"{count}", f"{mean:.3f}", f"{share:.3f}")
    Console().print(table)
    num_right = sum(outcome.is_right for outcome in commands)
    click.echo(
        f"{name}: {num_right} of {len(commands)} right; {settings.search}; commit beam {settings.commit_beam:g}; "
        f"calibration error {calibration_error(confidences, are_right):.3f}"
    )
    return settings


def write_manifest(folder: Path, fitted: Fitted) -> None:
    """Put the settings into the bundle's manifest, whole or not at all."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text("utf-8")) | {"decoder": fitted.as_json()}
    temporary = path.with_suffix(".tmp")
    temporary.write_text(as_json(manifest), "utf-8")
    temporary.rename(path)


_folder = click.Path(path_type=Path, exists=True, file_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)
_SHIPPED = Path("edge_agent")


@click.command()
@click.option("--bundle", type=_folder, default=_SHIPPED / "models/bundles/default", show_default=True)
@click.option("--data", type=_folder, default=Path("../shared/data"), show_default=True)
@click.option("--spoken", type=_folder, default=Path("work/spoken"), show_default=True, help="Orders and others.")
@click.option("--spoken-long", type=_folder, default=Path("work/spoken_long"), show_default=True)
@click.option("--spoken-wake", type=_folder, default=Path("work/spoken_wake"), show_default=True)
@click.option("--commands", type=_file, default=_SHIPPED / "data/commands/household.yaml", show_default=True)
@click.option("--cache", type=click.Path(path_type=Path), default=Path("work/heard"), show_default=True)
def main(
    bundle: Path, data: Path, spoken: Path, spoken_long: Path, spoken_wake: Path, commands: Path, cache: Path
) -> None:
    """Fit the decoder and the wake phrases to a bundle's listener, and write them into its manifest."""
    material = Material(Ear(Bundle.open(bundle), cache), training_noises(data / "noise"))
    short, long = material.labelled(spoken), material.labelled(spoken_long)
    said, chatter = material.phrases(spoken_wake, data), material.chatter(data)
    base = Fitted()
    household = compile_commands(load_commands(commands))
    orders = compile_commands(load_commands(LONG_ORDERS))
    nothing = [Example(heard.log_posteriors[:CHATTER_FRAMES], Labelled(Path(), None, {})) for heard in chatter]
    utterances = [*known_words(spoken, short), *known_words(spoken_long, long)]
    utterances += [(phones, one.log_posteriors) for text, one in said if (phones := phones_of(text)) is not None]
    confusions = fit_confusions(utterances, (heard.log_posteriors for heard in chatter))
    elsewhere = [*chatter, *material.noise(), *as_heard(short), *as_heard(long)]
    wake, trials = fit_wake(replace(base.wake, confusions=confusions), said, elsewhere)
    click.echo(
        f"wake phrases: {miss_rate(wake, trials):.1%} of {len(said)} missed, half of them in noise, at the threshold "
        f"{wake.min_p_wake:.3f}; {miss_rate(strict(wake, trials), trials):.1%} at one false wake in 10 h; "
        f"{trials.num_phrase_hours:.1f} phrase-hours of other speech"
    )
    of_one_phone, fewer = false_wakes_by_length(wake, words_by_length(), chatter)
    fitted = Fitted(
        short_sentences=fit_decoder("short sentences", household, short + nothing, base.short_sentences),
        long_sentences=fit_decoder("long sentences", orders, long + nothing + as_chatter(short), base.long_sentences),
        wake=replace(wake, false_wakes_of_one_phone=of_one_phone, fewer_per_phone=fewer),
    )
    write_manifest(bundle, fitted)
    click.echo(f"{bundle / MANIFEST}: settings written")


if __name__ == "__main__":
    main()
