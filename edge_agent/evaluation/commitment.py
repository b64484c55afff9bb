"""How soon words are committed after the sound that decides them, and how much of what was shown is taken back."""

import numpy as np

from edge_agent.evaluation.deciding import MAX_FRAMES, MAX_PHONES, Grammar, said_phones
from edge_agent.evaluation.incremental import Shown, show
from edge_agent.evaluation.recordings import Floats, Labelled, read_labelled
from edge_agent.evaluation.section import Curve, Figure, Section, Table, percent
from edge_agent.evaluation.setting import HOUSEHOLD, Setting, commands_of
from edge_agent.models.alignment import Aligner
from edge_agent.models.commands import load_commands
from edge_agent.models.decoder import Decoder
from edge_agent.models.grammar import compile_commands
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.units import STEP_MS

FRAME_MS = STEP_MS // 2
GOAL_P50_MS, GOAL_P90_MS, GOAL_ERASURE = 160.0, 320.0, 0.2


def measure_commitment(setting: Setting) -> Section:
    """On people's orders, clean, and on household commands that synthesisers said."""
    section = Section("commitment")
    folder, graph = commands_of(setting.data / "commands")
    rows: list[tuple[str, ...]] = []
    lags_ms, erasures = _measured(setting, "people's orders", graph, list(folder.recordings), rows)
    if setting.chatter is not None and setting.chatter.exists():
        commands = [one for one in read_labelled(setting.chatter).recordings if one.intent is not None]
        _measured(
            setting, "household commands, synthesisers", compile_commands(load_commands(HOUSEHOLD)), commands, rows
        )
    if lags_ms:
        p50_ms, p90_ms = np.quantile(lags_ms, [0.5, 0.9])
        is_met = p50_ms <= GOAL_P50_MS and p90_ms <= GOAL_P90_MS
        name = "committed word after the sound that decides it, p50 / p90"
        goal = f"<= {GOAL_P50_MS:.0f} / {GOAL_P90_MS:.0f} ms"
        section.figures.append(Figure(name, f"{p50_ms:.0f} / {p90_ms:.0f} ms", goal, bool(is_met)))
        steps = np.sort(lags_ms)
        points = [(float(lag), (index + 1) / len(steps)) for index, lag in enumerate(steps)]
        axes = ("ms after the sound that decides", "words committed")
        section.curves.append(Curve("commitment", "Commitment of words", axes, {"people's orders": points}))
    if erasures:
        erasure = float(np.mean(erasures))
        goal = f"<= {GOAL_ERASURE}"
        section.figures.append(
            Figure("normalised erasure of partials", f"{erasure:.3f}", goal, erasure <= GOAL_ERASURE)
        )
    headings = ("what is said", "sentences right", "words", "p50 ms", "p90 ms", "erasure", "committed words revised")
    section.tables.append(Table("words as they come", headings, rows))
    section.notes.append(
        "The sound that decides a word is the first phone after which the grammar has no other word in its place, at "
        "the frame of 20 ms in which the listener first has it; only sentences heard right can tell."
    )
    return section


def _measured(
    setting: Setting, name: str, graph: PhoneGraph, labels: list[Labelled], rows: list[tuple[str, ...]]
) -> tuple[list[float], list[float]]:
    decoder = Decoder(graph, setting.fitted.for_graph(graph))
    grammar, aligner = Grammar(graph), Aligner(MAX_FRAMES, MAX_PHONES)
    lags_ms: list[float] = []
    shown: list[Shown] = []
    num_right = 0
    for label in setting.progress.track(labels[: setting.limit or None], description=name):
        heard = setting.hear(label.path).log_posteriors[:MAX_FRAMES]
        shown.append(show(decoder, heard))
        final = shown[-1].final
        if label.matches(final.intent, final.slots):
            num_right += 1
            lags_ms += _lags_ms(shown[-1], heard, grammar, aligner)
    erasures = [one.erasure for one in shown if one.erasure is not None]
    num_words = sum(len(one.committed_at) for one in shown)
    revised = sum(one.num_revised for one in shown) / max(1, num_words)
    p50_ms, p90_ms = np.quantile(lags_ms, [0.5, 0.9]) if lags_ms else (np.nan, np.nan)
    rows.append((
        name,
        f"{num_right} of {len(shown)}",
        str(len(lags_ms)),
        f"{p50_ms:.0f}",
        f"{p90_ms:.0f}",
        f"{np.mean(erasures) if erasures else np.nan:.3f}",
        percent(revised),
    ))  # fmt: skip
    return lags_ms, erasures


def _lags_ms(shown: Shown, heard: Floats, grammar: Grammar, aligner: Aligner) -> list[float]:
    words = shown.final.words
    if len(shown.committed_at) != len(words):
        return []
    said = said_phones(words, heard, aligner)
    decided = grammar.deciding_phones(said[0], words) if said else None
    if said is None or decided is None:
        return []
    first_frames = said[1]
    return [
        FRAME_MS * max(0.0, committed - first_frames[phone] - 1.0)
        for committed, phone in zip(shown.committed_at, decided, strict=True)
    ]
