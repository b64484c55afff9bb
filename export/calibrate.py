"""Fits the decoder's confidence to recordings, and shows how far it can be believed.

    python -m export.calibrate --labelled ../shared/data/commands --commands coffee.yaml \
        --negatives ../shared/data/speech/many --other-commands edge_agent/data/commands/household.yaml

Labelled recordings are decoded with the commands that they are about: what is right there counts as right. Negatives,
and labelled recordings decoded with other commands, hold no command: whatever is found in them is wrong. The printed
parameters go into `edge_agent/models/confidence.py` and, from `--sweep`, `edge_agent/models/search.py`. Needs no torch.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_agent.models.commands import load_commands
from edge_agent.models.confidence import NUM_FEATURES, ConfidenceModel, Features
from edge_agent.models.decoder import Decoder, DecoderSettings, Hypothesis
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph
from export.posteriors import Posteriors, posteriors_of

BLANK_COSTS = (0.0, 1.0, 2.0, 3.0, 4.0)
FILLER_COSTS = (2.0, 3.5, 5.0)
RIDGE = 1e-2  # keeps the weights finite where the classes can be told apart without error
NUM_ITERATIONS = 50


@dataclass(frozen=True)
class Label:
    """What was said; no intent: nothing that is a command."""

    intent: str | None
    slots: dict[str, object]


NO_COMMAND = Label(None, {})
Example = tuple[Posteriors, Label]


def is_right(heard: Hypothesis, label: Label) -> bool:
    """Intent and every labelled slot match; extra slots are not punished."""
    return heard.intent == label.intent and all(heard.slots.get(name) == value for name, value in label.slots.items())


def decode(graph: PhoneGraph, examples: Iterable[Example], settings: DecoderSettings) -> list[tuple[Hypothesis, bool]]:
    """Final hypothesis of each example, and whether it is right."""
    decoder, results = Decoder(graph, settings), []
    for posteriors, label in examples:
        decoder.reset()
        decoder.step(posteriors)
        heard = decoder.final_hypothesis()
        results.append((heard, label.intent is not None and is_right(heard, label)))
    return results


def fit(features: Sequence[Features], is_right: Sequence[bool], weights: Sequence[float]) -> ConfidenceModel:
    """Weighted logistic regression by Newton's method. ValueError unless there are right and wrong ones."""
    if len(set(is_right)) < 2:
        raise ValueError("nothing to tell apart: give recordings that are understood and recordings that are not")
    inputs = np.column_stack([np.ones(len(features)), np.array(features, np.float64).reshape(-1, NUM_FEATURES)])
    target, weight = np.array(is_right, np.float64), np.array(weights, np.float64)
    ridge = RIDGE * np.diag([0.0] + [1.0] * NUM_FEATURES)
    parameters = np.zeros(1 + NUM_FEATURES)
    for _ in range(NUM_ITERATIONS):
        p_right = 1.0 / (1.0 + np.exp(-np.clip(inputs @ parameters, -30, 30)))
        gradient = inputs.T @ (weight * (p_right - target)) + ridge @ parameters
        curvature = (inputs * (weight * p_right * (1 - p_right) + 1e-9)[:, None]).T @ inputs + ridge
        step = np.linalg.solve(curvature, gradient)
        parameters -= step * min(1.0, 5.0 / (np.abs(step).max() + 1e-12))
    return ConfidenceModel(*map(float, parameters))


def reliability(confidences: NDArray[np.float64], is_right: NDArray[np.bool_], num_bins: int = 10) -> list[list[float]]:
    """Per bin of confidence that is not empty: its lower edge, count, mean confidence, share that is right."""
    bins = np.minimum((confidences * num_bins).astype(int), num_bins - 1)
    rows = []
    for index in np.unique(bins):
        inside = bins == index
        rows.append([index / num_bins, int(inside.sum()), confidences[inside].mean(), is_right[inside].mean()])
    return rows


def calibration_error(confidences: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    """Expected calibration error: how far confidence and truth differ, mean over examples."""
    return sum(count * abs(mean - share) for _, count, mean, share in reliability(confidences, is_right)) / len(
        is_right
    )


def with_costs(settings: DecoderSettings, blank_cost: float, filler_cost: float) -> DecoderSettings:
    """The same settings with other costs."""
    search = replace(settings.search, blank_cost=blank_cost, filler_cost=filler_cost, end_filler_cost=filler_cost)
    return replace(settings, search=search)


def sweep(
    graph: PhoneGraph, examples: Sequence[Example], settings: DecoderSettings
) -> list[tuple[float, float, float]]:
    """Blank cost, filler cost and share of examples right, best first."""
    rows = []
    for blank_cost in track(BLANK_COSTS, "trying costs", transient=True):
        for filler_cost in FILLER_COSTS:
            results = decode(graph, examples, with_costs(settings, blank_cost, filler_cost))
            rows.append((blank_cost, filler_cost, float(np.mean([right for _, right in results]))))
    return sorted(rows, key=lambda row: -row[2])


def read_labelled(folder: Path, bundle: Path) -> list[Example]:
    """Recordings of a folder laid out as `commands/` (labels.json beside audio/)."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    sounds = posteriors_of([folder / "audio" / name for name in sorted(labels)], bundle)
    return [
        (sound, Label(labels[name]["intent"], labels[name]["slots"]))
        for name, sound in zip(sorted(labels), sounds, strict=True)
    ]


def report(console: Console, results: Sequence[tuple[Hypothesis, bool]], model: ConfidenceModel, title: str) -> None:
    """Print a reliability table."""
    found = [(heard, right) for heard, right in results if heard.is_complete]
    confidences = np.array([model.p_right(heard.features) for heard, _ in found])
    is_right = np.array([right for _, right in found])
    table = Table("confidence", "recordings", "mean confidence", "right", title=title)
    for low, count, mean, share in reliability(confidences, is_right):
        table.add_row(f"{low:.1f}-{low + 0.1:.1f}", f"{count:.0f}", f"{mean:.3f}", f"{share:.3f}")
    console.print(table)
    accepted = confidences >= 0.5
    console.print(
        f"calibration error {calibration_error(confidences, is_right):.3f}; at 0.5: "
        f"{is_right[accepted].sum()} of {is_right.sum()} right ones kept, "
        f"{(~is_right[accepted]).sum()} of {(~is_right).sum()} wrong ones taken"
    )


_file = click.Path(path_type=Path, exists=True, dir_okay=False)
_folder = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.option("--labelled", type=_folder, required=True, help="labels.json beside audio/.")
@click.option("--commands", type=_file, required=True, help="The commands that the labels are about.")
@click.option("--negatives", type=_folder, multiple=True, help="Recordings without any command.")
@click.option("--other-commands", type=_file, multiple=True, help="Commands that no recording is about.")
@click.option("--bundle", type=_folder, default=Path("edge_agent/models/bundles/default"), show_default=True)
@click.option("--sweep", "wants_sweep", is_flag=True, help="Try costs of blank and filler first, and use the best.")
def main(
    labelled: Path,
    commands: Path,
    negatives: tuple[Path, ...],
    other_commands: tuple[Path, ...],
    bundle: Path,
    wants_sweep: bool,
) -> None:
    """Fit the confidence of the decoder and print it with a reliability table."""
    console, settings = Console(), DecoderSettings()
    examples = read_labelled(labelled, bundle)
    files = sorted(path for folder in negatives for path in folder.rglob("*.flac"))
    nothing = [(sound, NO_COMMAND) for sound in posteriors_of(files, bundle)]
    graph = compile_commands(load_commands(commands))
    if wants_sweep:
        rows = sweep(graph, examples, settings)
        settings = with_costs(settings, *rows[0][:2])
        for blank_cost, filler_cost, share in rows:
            console.print(f"blank_cost {blank_cost:g}  filler_cost {filler_cost:g}  right {share:.1%}")
    about = decode(graph, examples, settings)
    beside = decode(graph, nothing, settings)
    unlabelled = [(sound, NO_COMMAND) for sound, _ in examples] + nothing
    for path in other_commands:
        beside += decode(compile_commands(load_commands(path)), unlabelled, settings)
    found = [(heard, right, weight) for heard, right, weight in _weighted(about, beside) if heard.is_complete]
    model = fit([heard.features for heard, _, _ in found], [right for _, right, _ in found], [w for _, _, w in found])
    console.print(f"{len(about)} about commands, {sum(right for _, right in about)} right; {len(beside)} are not")
    for field in fields(model):
        console.print(f"{field.name}: float = {getattr(model, field.name):.3f}")
    report(console, [*about, *beside], settings.confidence, "with the present parameters")
    report(console, [*about, *beside], model, "fitted")


Result = tuple[Hypothesis, bool]


def _weighted(about: Sequence[Result], beside: Sequence[Result]) -> list[tuple[Hypothesis, bool, float]]:
    """Commands and other speech count the same in all, however many recordings of each there are."""
    heavier = len(about) / max(1, len(beside))
    return [(*result, 1.0) for result in about] + [(*result, heavier) for result in beside]


if __name__ == "__main__":
    main()
