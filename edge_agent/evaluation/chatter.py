"""What is no command, taken for one: open questions, people reading aloud and noises, heard with each grammar."""

from pathlib import Path

from edge_agent.evaluation.incremental import is_accepted
from edge_agent.evaluation.orders import decode
from edge_agent.evaluation.recordings import Labelled, held_out_noise_paths, read_labelled, sounds_of
from edge_agent.evaluation.section import Figure, Section, Table
from edge_agent.evaluation.setting import HOUSEHOLD, Setting, commands_of
from edge_agent.evaluation.statistics import Share, share_of
from edge_agent.models.commands import load_commands
from edge_agent.models.decoder import Decoder
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph

GOAL = 0.01
NOISES = "noises that no training heard"


def measure_chatter(setting: Setting) -> Section:
    """With the household grammar and with that of the orders; spoken household commands beside, as a check."""
    section = Section("chatter")
    grammars = {
        "household": compile_commands(load_commands(HOUSEHOLD)),
        "orders": commands_of(setting.data / "commands")[1],
    }
    spoken = _spoken(setting, section)
    kinds = {
        NOISES: held_out_noise_paths(setting.data / "noise"),
        "people reading aloud": sounds_of(setting.data / "speech"),
        "spoken questions": [one.path for one in spoken if one.intent is None],
    }
    rows, all_taken, noises_taken = [], Share(0, 0), Share(0, 0)
    for kind, paths in kinds.items():
        for grammar, graph in grammars.items():
            taken = _taken(setting, graph, setting.some(paths), f"{kind}, {grammar}")
            if kind == NOISES:
                noises_taken += taken
            else:
                all_taken += taken
            rows.append((kind, grammar, f"{taken.count} of {taken.num}", str(taken)))
    headings = ("what is said", "grammar", "taken", "share (95 %)")
    section.tables.append(Table("taken for a command", headings, rows))
    section.figures.append(
        Figure("questions and chatter taken for a command", str(all_taken), "<= 1 in 100", all_taken.value <= GOAL)
    )
    section.figures.append(Figure("noises of 5 s taken for a command", str(noises_taken)))
    commands = [one for one in spoken if one.intent is not None]
    if commands:
        right = _right(setting, grammars["household"], commands[: setting.limit or None])
        section.figures.append(Figure("household commands right, spoken by synthesisers", str(right)))
    return section


def _spoken(setting: Setting, section: Section) -> tuple[Labelled, ...]:
    if setting.chatter is None or not setting.chatter.exists():
        section.notes.append(
            "no spoken questions: make them with python -m export spoken-set, and give --chatter FOLDER"
        )
        return ()
    folder = read_labelled(setting.chatter)
    section.notes.extend(folder.complaints)
    return folder.recordings


def _taken(setting: Setting, graph: PhoneGraph, paths: list[Path], name: str) -> Share:
    decoder = Decoder(graph, setting.fitted.for_graph(graph))
    tracked = setting.progress.track(paths, description=name)
    return share_of([is_accepted(decode(decoder, setting.hear(path).log_posteriors)) for path in tracked])


def _right(setting: Setting, graph: PhoneGraph, commands: tuple[Labelled, ...] | list[Labelled]) -> Share:
    decoder, are_right = Decoder(graph, setting.fitted.for_graph(graph)), []
    for one in setting.progress.track(commands, description="household commands"):
        heard = decode(decoder, setting.hear(one.path).log_posteriors)
        are_right.append(is_accepted(heard) and one.matches(heard.intent, heard.slots))
    return share_of(are_right)
