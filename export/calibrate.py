"""Refits all that depends on the listener: costs of the search, confidence, wake phrases. Writes it into the manifest.

    python -m export spoken-set --out work/spoken
    python -m export spoken-set --commands export/data/long_orders.yaml --others 0 --out work/spoken_long
    python -m export spoken-set --commands export/data/wake_phrases.yaml --others 0 --out work/spoken_wake
    python -m export calibrate --bundle edge_agent/models/bundles/default

Everything is fitted to synthesised sentences, of which every second gets more noise, and to people who read aloud or
say the phrases of `phrases/`. No recording of `commands/` or `wake/`, by which the result is measured, is heard.
Needs no torch.
"""

from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from edge_agent.evaluation.hearing import Ear
from edge_agent.evaluation.statistics import calibration_error, reliability
from edge_agent.models.bundle import MANIFEST, Bundle
from edge_agent.models.commands import load_commands
from edge_agent.models.decoder import DecoderSettings
from edge_agent.models.fitted import Fitted
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph
from export.fit_confusions import fit_confusions, phones_of
from export.fit_search import PEOPLES_BLANK_COST, Example, decode, fit_bias, fit_commit_beam, fit_search, with_cost
from export.fit_spoken import Spoken, fit_spoken
from export.fit_wake import false_wakes_by_length, fit_wake, miss_rate, strict
from export.manifest import update_manifest
from export.material import (
    Material,
    as_chatter,
    as_heard,
    known_words,
    noises_to_fit,
    without_command,
    words_by_length,
)

LONG_ORDERS = Path(__file__).parent / "data" / "long_orders.yaml"
PEOPLES_PHRASES = Path(__file__).parent / "data" / "peoples_phrases.yaml"


def fit_costs(graph: PhoneGraph, examples: list[Example], base: DecoderSettings) -> DecoderSettings:
    """Costs and, with them, how a sentence that was said is told from another."""
    with Progress(transient=True) as progress:
        return fit_search(graph, examples, base, progress)


def fit_commitment(name: str, graph: PhoneGraph, examples: list[Example], settings: DecoderSettings) -> DecoderSettings:
    """How soon words are committed; prints how far the confidence can be believed."""
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


def _for_people(settings: DecoderSettings) -> DecoderSettings:
    return replace(settings, search=with_cost(settings.search, "blank_cost", PEOPLES_BLANK_COST))


def write_manifest(folder: Path, fitted: Fitted) -> None:
    """Put the settings into the bundle's manifest; what was measured with others no longer holds."""
    update_manifest(folder, {"decoder": fitted.as_json(), "measured": {}})


_folder = click.Path(path_type=Path, exists=True, file_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)
_SHIPPED = Path("edge_agent")


@click.command()
@click.option("--bundle", type=_folder, default=_SHIPPED / "models/bundles/default", show_default=True)
@click.option("--data", type=_folder, default=Path("../shared/data"), show_default=True)
@click.option(
    "--effects", type=_folder, default=Path("work/effects"), show_default=True, help="Noise no training heard."
)
@click.option("--spoken", type=_folder, default=Path("work/spoken"), show_default=True, help="Orders and others.")
@click.option("--spoken-long", type=_folder, default=Path("work/spoken_long"), show_default=True)
@click.option("--spoken-wake", type=_folder, default=Path("work/spoken_wake"), show_default=True)
@click.option("--commands", type=_file, default=_SHIPPED / "data/commands/household.yaml", show_default=True)
@click.option("--cache", type=click.Path(path_type=Path), default=Path("work/heard"), show_default=True)
def main(
    bundle: Path,
    data: Path,
    effects: Path,
    spoken: Path,
    spoken_long: Path,
    spoken_wake: Path,
    commands: Path,
    cache: Path,
) -> None:
    """Fit the decoder and the wake phrases to a bundle's listener, and write them into its manifest."""
    material = Material(Ear(Bundle.open(bundle), cache), noises_to_fit(data / "noise", effects))
    short, long = material.labelled(spoken), material.labelled(spoken_long)
    said, chatter = material.phrases(spoken_wake, data), material.chatter(data)
    code = Fitted()
    base = Fitted(_for_people(code.short_sentences), _for_people(code.long_sentences), code.wake)
    household = compile_commands(load_commands(commands))
    orders = compile_commands(load_commands(LONG_ORDERS))
    noise, people = material.noise(), material.people(data)
    others, sounds = without_command(chatter), without_command(noise)
    utterances = [*known_words(spoken, short), *known_words(spoken_long, long)]
    utterances += [(phones, one.log_posteriors) for text, one in said if (phones := phones_of(text)) is not None]
    confusions = fit_confusions(utterances, (heard.log_posteriors for heard in chatter))
    elsewhere = [*chatter, *noise, *as_heard(short), *as_heard(long)]
    wake, trials = fit_wake(replace(base.wake, confusions=confusions), said, elsewhere)
    click.echo(
        f"wake phrases: {miss_rate(wake, trials):.1%} of {len(said)} missed, half of them in noise, at the threshold "
        f"{wake.min_p_wake:.3f}; {miss_rate(strict(wake, trials), trials):.1%} at one false wake in 10 h; "
        f"{trials.num_phrase_hours:.1f} phrase-hours of other speech"
    )
    of_one_phone, fewer = false_wakes_by_length(wake, words_by_length(), chatter)
    # no noise: what people say is often no surer than what is found in it, and told from it by `spoken` alone
    for_short, for_long = short + others, long + others + as_chatter(short)
    short_costs = fit_costs(household, for_short, base.short_sentences)
    long_costs = fit_costs(orders, for_long, base.long_sentences)
    phrases = compile_commands(load_commands(PEOPLES_PHRASES))
    spoken_by = [Spoken(household, short_costs, short), Spoken(phrases, short_costs, people)]
    spoken_model = fit_spoken([*spoken_by, Spoken(orders, long_costs, long)], sounds)
    short_settings = fit_bias(household, for_short, replace(short_costs, spoken=spoken_model))
    long_settings = fit_bias(orders, for_long, replace(long_costs, spoken=spoken_model))
    fitted = Fitted(
        short_sentences=fit_commitment("short sentences", household, for_short, short_settings),
        long_sentences=fit_commitment("long sentences", orders, for_long, long_settings),
        wake=replace(wake, false_wakes_of_one_phone=of_one_phone, fewer_per_phone=fewer),
    )
    write_manifest(bundle, fitted)
    click.echo(f"{bundle / MANIFEST}: settings written")


if __name__ == "__main__":
    main()
