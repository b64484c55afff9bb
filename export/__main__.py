"""Command line of training and export: python -m export COMMAND."""

import json
from pathlib import Path

import click

WORK = Path("work")
DATA = Path("../shared/data")
_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)


def _data_option(help_text: str = "Texts and recordings.") -> click.Option:
    return click.option("--data", type=_folder, default=DATA, show_default=True, help=help_text)  # type: ignore[return-value]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train the listener from nothing and put it into a bundle.

    In order: corpus, people, train, calibrate, publish, parity. Every step resumes where it was killed.
    """


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
@click.option("--out", type=_folder, default=WORK / "corpus", show_default=True)
@click.option("--seed", default=1, show_default=True)
def people(data: Path, out: Path, seed: int) -> None:
    """Add recordings of people to the corpus: labelled phrases, and read speech that pocketsphinx labels."""
    from export.people import build

    build(data, out, seed)


@main.command()
@click.option("--corpus", "corpus_folder", type=_folder, default=WORK / "corpus", show_default=True)
@click.option("--noise", "noise_folder", type=_folder, default=DATA / "noise", show_default=True)
@click.option("--out", type=_folder, default=WORK / "listener", show_default=True, help="Where the checkpoint lies.")
@click.option(
    "--minutes", default=75.0, show_default=True, help="Time budget over all runs; the learning rate follows it."
)
@click.option("--seed", default=1, show_default=True)
def train(corpus_folder: Path, noise_folder: Path, out: Path, minutes: float, seed: int) -> None:
    """Train, or go on training, until the time budget is used.

    On several cores or machines: torchrun --nproc-per-node 2 -m export train.
    """
    from export.train import Settings
    from export.train import train as run

    run(corpus_folder, noise_folder, out, Settings(minutes=minutes, seed=seed))


@main.command()
@click.option("--checkpoint", type=_file, default=WORK / "listener" / "checkpoint.pt", show_default=True)
@click.option("--out", type=_folder, default=Path("edge_agent/models/bundles/default"), show_default=True)
@click.option("--measured", type=_file, default=None, help="JSON object of measured accuracy for the manifest.")
def publish(checkpoint: Path, out: Path, measured: Path | None) -> None:
    """Quantise a checkpoint for every runtime and write the bundle with its manifest."""
    from export.publish import publish as run

    run(checkpoint, out, json.loads(measured.read_text("utf-8")) if measured else {})


@main.command()
@click.option("--checkpoint", type=_file, default=WORK / "listener" / "checkpoint.pt", show_default=True)
@click.option(
    "--recordings", type=_folder, default=DATA / "commands", show_default=True, help="Read, never trained on."
)
@click.option("--seconds", default=60.0, show_default=True, help="How much of them.")
def parity(checkpoint: Path, recordings: Path, seconds: float) -> None:
    """Compare torch, ONNX and LiteRT, float and int8, on the same recordings."""
    from export.parity import compare

    compare(checkpoint, recordings, seconds)


if __name__ == "__main__":
    main()
