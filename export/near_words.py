"""How well words that sound alike are told apart in lines that people act: what a cost of the search is worth shows in
a thousand words of each hearing, where 200 orders cannot tell.

    python -m export near-words --try phone_bonus=1.5 --try blank_cost=1,phone_bonus=2

Each line of "Beneath a Steel Sky", which tells what is said, is searched for with a graph of its own, in which every
word may also be one that differs from it in one phone. A listener that learned from this game knows the lines: then
the costs can be compared, not the listeners. Needs no torch.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, repeat
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_agent.evaluation.hearing import Ear
from edge_agent.evaluation.recordings import Floats, mix, with_silence
from edge_agent.models.bundle import Bundle
from edge_agent.models.fitted import Fitted, updated
from edge_agent.models.lexicon import Pronunciation, full_dictionary
from edge_agent.models.phone_graph import NO_LABEL, Label, PhoneGraph
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.search import GraphSearch, SearchSettings
from export.games import Clip, fetch
from export.material import noises_to_fit
from export.steel_sky import steel_sky

GAME = "beneath-a-steel-sky"
NUM_WORDS = range(4, 10)
LENGTH_S = (1.0, 5.0)
MIN_PHONES = 3  # of a word that others are put beside
NUM_NEAR = 4
SNRS_DB = (12.0, 4.0)

Near = dict[str, list[str]]


@dataclass(frozen=True)
class Line:
    """A line's words, and log posteriors [num_frames, 40]: in quiet, then at each of `SNRS_DB`."""

    words: tuple[str, ...]
    hearings: tuple[Floats, ...]


def near_words(vocabulary: Sequence[str]) -> Near:
    """Of each word, those of the others that are like it but for one phone; an arbitrary few, always the same."""
    dictionary = full_dictionary()
    alike: dict[Pronunciation, set[str]] = defaultdict(set)
    for word in vocabulary:
        for key in _short_of_one(dictionary[word][0]):
            alike[key].add(word)
    near = {}
    for word in vocabulary:
        own = set(dictionary[word])
        others = {other for key in _short_of_one(dictionary[word][0]) for other in alike[key]}
        told = (other for other in others if own.isdisjoint(dictionary[other]))
        near[word] = [other for _, other in sorted(map(_drawn, told, repeat(word)))[:NUM_NEAR]]
    return near


def _drawn(other: str, word: str) -> tuple[int, str]:
    """An order that is arbitrary and always the same."""
    return zlib.crc32(f"{word} {other}".encode()), other


def _short_of_one(phones: Pronunciation) -> set[Pronunciation]:
    """A word and what is left of it without any one phone: what differs in one phone shares one of these."""
    if len(phones) < MIN_PHONES:
        return set()
    return {phones} | {phones[:index] + phones[index + 1 :] for index in range(len(phones))}


def graph_of(words: Sequence[str], near: Near) -> PhoneGraph:
    """The words one after the other, each or one near it; the slot of a word's place is what was heard there."""
    phone, labels, arcs, ends = [0], [NO_LABEL], [], [0]
    for place, word in enumerate(words):
        before, ends = ends, []
        for said in (word, *near[word]):
            labels.append(Label("slot", slot=str(place), value=said))
            for pronunciation in full_dictionary()[said]:
                first = len(phone)
                phone += [TOKEN_OF_PHONE[one] for one in pronunciation]
                arcs += [(first, source, len(labels) - 1) for source in before]
                arcs += [(node, node - 1, 0) for node in range(first + 1, len(phone))]
                ends.append(len(phone) - 1)
    table = np.array(arcs, np.int32)
    final_cost, final_label = np.full(len(phone), np.inf, np.float32), np.zeros(len(phone), np.int32)
    final_cost[ends], final_label[ends] = 0.0, len(labels)
    return PhoneGraph(
        phone=np.array(phone, np.uint8),
        arc_start=np.searchsorted(table[:, 0], np.arange(len(phone) + 1)).astype(np.int32),
        arc_source=np.ascontiguousarray(table[:, 1]),
        arc_label=np.ascontiguousarray(table[:, 2]),
        arc_cost=np.zeros(len(arcs), np.float32),
        final_cost=final_cost,
        final_label=final_label,
        can_continue=np.ones(len(phone), np.uint8),
        labels=(*labels, Label("end", intent="line")),
    )


def count_wrong(line: Line, near: Near, settings: SearchSettings) -> list[int]:
    """For each hearing, words taken for one near them; those that have none near do not count."""
    graph, counts = graph_of(line.words, near), []
    search = GraphSearch(graph, settings)
    for heard in line.hearings:
        search.reset()
        search.step(heard)
        found: dict[str, object] = {}
        if search.best(complete_only=True):
            labels = [graph.labels[search.labels[index]] for index in range(search.path.num_labels)]
            found = {label.slot: label.value for label in labels}
        counts.append(sum(found.get(str(i)) != word for i, word in enumerate(line.words) if near[word]))
    return counts


def lines_of(clips: Iterable[Clip], ear: Ear, noises: Sequence[Floats]) -> list[Line]:
    """Those that are of a usual length, and whose words the dictionary has."""
    dictionary, rng, lines = full_dictionary(), np.random.default_rng(1), []
    for clip in track(clips, "listening", transient=True):
        words = tuple((clip.text or "").split())
        is_usual = LENGTH_S[0] < len(clip.samples) / clip.rate_hz < LENGTH_S[1] and len(words) in NUM_WORDS
        if not is_usual or not all(word in dictionary for word in words):
            continue
        sound = with_silence(clip.at_16_khz())
        noisy = [mix(sound, noises[int(rng.integers(len(noises)))], snr_db) for snr_db in SNRS_DB]
        lines.append(Line(words, tuple(ear.hear(one).log_posteriors for one in (sound, *noisy))))
    return lines


def tried(search: SearchSettings, change: str) -> SearchSettings:
    """`search` with "name=value,name=value". Raises click.BadParameter."""
    try:
        pairs = (one.split("=") for one in change.split(","))
        return updated(search, {name: float(value) for name, value in pairs})
    except (ValueError, TypeError) as error:
        raise click.BadParameter(f"{change}: {error}; give name=value of SearchSettings") from None


_folder = click.Path(path_type=Path, file_okay=False)
_SHIPPED = Path("edge_agent/models/bundles/default")


@click.command()
@click.option("--bundle", type=_folder, default=_SHIPPED, show_default=True)
@click.option("--data", type=_folder, default=Path("../shared/data"), show_default=True)
@click.option("--packages", type=_folder, default=Path("work/packages"), show_default=True, help="Where the game lies.")
@click.option("--cache", type=_folder, default=Path("work/heard"), show_default=True)
@click.option("--every", default=8, show_default=True, help="Of so many lines one: the game has 3,485.")
@click.option("--try", "changes", multiple=True, help="Costs unlike those for long sentences, name=value; repeatable.")
def main(bundle: Path, data: Path, packages: Path, cache: Path, every: int, changes: tuple[str, ...]) -> None:
    """Share of words taken for one that differs in a phone, in quiet and in noise."""
    opened = Bundle.open(bundle)
    search = replace(Fitted.of(opened).long_sentences.search, branching_cost=0.0)  # the right word stands among others
    settings = {"as it ships": search} | {change: tried(search, change) for change in changes}
    clips = islice(steel_sky(fetch(GAME, packages)).clips, 0, None, every)
    lines = lines_of(clips, Ear(opened, cache), noises_to_fit(data / "noise", None))
    near = near_words(sorted({word for line in lines for word in line.words}))
    num_words = sum(bool(near[word]) for line in lines for word in line.words)
    hearings = ("quiet", *(f"{snr_db:g} dB" for snr_db in SNRS_DB))
    table = Table("costs", *hearings, title=f"wrong, of {num_words} words in each hearing")
    for name, one in settings.items():
        wrong = np.sum([count_wrong(line, near, one) for line in lines], axis=0)
        table.add_row(name, *(f"{count} ({count / num_words:.1%})" for count in wrong))
    Console().print(table)


if __name__ == "__main__":
    main()
