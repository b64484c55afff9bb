"""Whole commands right: people's orders, clean and in noise that no training heard; and by slot."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.evaluation.incremental import is_accepted
from edge_agent.evaluation.jsgf import TextParser, as_jsgf
from edge_agent.evaluation.peers import Peer, Peers
from edge_agent.evaluation.recordings import Floats, Labelled, read_mono, with_silence
from edge_agent.evaluation.section import Curve, Figure, Section, Table, Worst, percent
from edge_agent.evaluation.setting import Setting, commands_of, grammar_of
from edge_agent.evaluation.statistics import calibration_error, mean_interval, reliability, share_of
from edge_agent.models.decoder import Decoder, Hypothesis
from edge_agent.models.phone_graph import PhoneGraph

SNRS_DB = (6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0)
QUICK_SNRS_DB = (6.0, 15.0, 24.0)
CLEAN_GOAL, NOISE_GOAL = 0.98, 0.97
NUM_WORST = 20
PEER_LIMIT_S = 60.0


@dataclass(frozen=True)
class Trial:
    """One recording in one hearing."""

    label: Labelled
    hearing: str
    sound: Floats
    heard: Hypothesis

    @property
    def is_right(self) -> bool:
        """The agent would do what was asked."""
        return is_accepted(self.heard) and self.is_understood

    @property
    def is_understood(self) -> bool:
        """The same, however unsure the decoder is."""
        return self.label.matches(self.heard.intent, self.heard.slots)

    @property
    def wrong_slots(self) -> list[str]:
        return self.label.wrong_slots(self.heard.slots)


def measure_orders(setting: Setting) -> Section:
    """Raises AudioError for labels that cannot be read; what does not fit together is noted."""
    folder, graph = commands_of(setting.data / "commands")
    labels = list(folder.recordings[: setting.limit or None])
    section = Section("orders", notes=folder.complaints)
    hearings: list[float | None] = [None, *(QUICK_SNRS_DB if setting.is_quick else SNRS_DB)]
    task = setting.progress.add_task("orders", total=len(hearings) * len(labels))
    trials: dict[str, list[Trial]] = {}
    decoder = Decoder(graph, setting.fitted.for_graph(graph))
    for snr_db in hearings:
        name = "clean" if snr_db is None else f"{snr_db:g} dB"
        trials[name] = []
        for index, label in enumerate(labels):
            is_clean = snr_db is None
            sound = (
                with_silence(read_mono(label.path)) if is_clean else setting.in_noise(label.path, index, snr_db or 0.0)
            )
            heard = decode(decoder, setting.ear.hear(sound).log_posteriors)
            trials[name].append(Trial(label, name, sound, heard))
            setting.progress.advance(task)
    _report(section, trials)
    if setting.peer_python is not None:
        _add_peer(setting, section, trials["clean"])
    return section


def _add_peer(setting: Setting, section: Section, trials: list[Trial]) -> None:
    """pocketsphinx with the same grammar, as many of the clean recordings as it does in its time."""
    commands, peers = grammar_of(setting.data / "commands"), Peers(setting.peer_python)
    with tempfile.NamedTemporaryFile("w", suffix=".gram") as grammar:
        grammar.write(as_jsgf(commands))
        grammar.flush()
        sounds = [trial.sound for trial in trials]
        texts = peers.run(Peer.POCKETSPHINX_GRAMMAR, sounds, grammar=grammar.name, limit_s=str(PEER_LIMIT_S))
    parser, are_right = TextParser(commands), []
    for text, trial in zip(texts, trials, strict=False):
        are_right.append(trial.label.matches(*parser.parse(str(text))))
    if are_right:
        ours = share_of([trial.is_right for trial in trials[: len(are_right)]])
        rows = [(f"{len(are_right)} of {len(trials)}", str(share_of(are_right)), str(ours))]
        headings = (f"recordings done in {PEER_LIMIT_S:g} s", "pocketsphinx", "ours, the same recordings")
        section.tables.append(Table("clean orders beside pocketsphinx with the same grammar", headings, rows))
    section.notes += peers.complaints


def decode(decoder: Decoder, log_posteriors: Floats) -> Hypothesis:
    """The best whole sentence of a recording."""
    decoder.reset()
    decoder.step(log_posteriors)
    return decoder.final_hypothesis()


def right_share(
    graph: PhoneGraph, setting: Setting, labels: Sequence[Labelled], sounds: Sequence[Floats]
) -> list[bool]:
    """Whether each recording is understood and taken, from posteriors that were heard elsewhere."""
    decoder = Decoder(graph, setting.fitted.for_graph(graph))
    return [
        Trial(label, "", sound, decode(decoder, sound)).is_right for label, sound in zip(labels, sounds, strict=True)
    ]


def _report(section: Section, trials: dict[str, list[Trial]]) -> None:
    section.tables += [_by_hearing(trials), _by_slot(trials)]
    clean = share_of([trial.is_right for trial in trials["clean"]])
    section.figures.append(
        Figure("whole command right, clean", str(clean), f">= {CLEAN_GOAL:.0%}", clean.value >= CLEAN_GOAL)
    )
    noisy = np.array([[trial.is_right for trial in some] for name, some in trials.items() if name != "clean"])
    low, high = mean_interval(noisy.mean(axis=0))
    mean, names = float(noisy.mean()), [name for name in trials if name != "clean"]
    value = f"{100 * mean:.1f} % ({100 * low:.1f}-{100 * high:.1f})"
    section.figures.append(
        Figure(
            f"whole command right, mean of {names[0]} to {names[-1]}", value, f">= {NOISE_GOAL:.0%}", mean >= NOISE_GOAL
        )
    )
    everything = [trial for some in trials.values() for trial in some if trial.heard.is_complete]
    confidences = np.array([trial.heard.confidence for trial in everything])
    are_right = np.array([trial.is_understood for trial in everything])
    error = calibration_error(confidences, are_right)
    section.figures.append(Figure("confidence: expected calibration error", f"{error:.3f}"))
    points = [(mean, share) for _, _, mean, share in reliability(confidences, are_right)]
    axes = ("confidence", "share right")
    section.curves.append(Curve("reliability", "Confidence of orders", axes, {"all hearings": points}, diagonal=True))
    points = [(float(name.split()[0]), float(np.mean(row))) for name, row in zip(names, noisy, strict=True)]
    axes = ("signal to noise, dB", "whole commands right")
    section.curves.append(Curve("orders", "Orders in held-out noise", axes, {"orders": points}))
    section.worst += worst(everything)


def _by_hearing(trials: dict[str, list[Trial]]) -> Table:
    rows = []
    for name, some in trials.items():
        right = share_of([trial.is_right for trial in some])
        understood = share_of([trial.is_understood for trial in some])
        rows.append(
            (name, str(right), percent(understood.value), str(sum(not trial.heard.is_complete for trial in some)))
        )
    headings = ("hearing", "right and taken (95 %)", "right, however unsure", "nothing found")
    return Table(f"{len(trials['clean'])} people's orders", headings, rows)


def _by_slot(trials: dict[str, list[Trial]]) -> Table:
    hearings = list(trials)
    slots = sorted({slot for trial in trials["clean"] for slot in trial.label.slots})
    rows = []
    for slot in slots:
        cells = []
        for name in hearings:
            asked = [trial for trial in trials[name] if slot in trial.label.slots]
            cells.append(percent(share_of([slot not in trial.wrong_slots for trial in asked]).value))
        rows.append((slot, str(sum(slot in trial.label.slots for trial in trials["clean"])), *cells))
    return Table("slots right", ("slot", "orders", *hearings), rows)


def worst(trials: Sequence[Trial]) -> list[Worst]:
    """The surest errors first: what sounds as if it were right hurts most; quiet hearings before loud noise."""
    wrong = sorted((trial for trial in trials if not trial.is_understood), key=lambda one: -one.heard.confidence)
    return [
        Worst(
            f"{trial.hearing.replace(' ', '_')}_{trial.label.path.stem}",
            f"{trial.label.intent} {trial.label.slots}",
            f"{' '.join(trial.heard.words)} ({trial.heard.confidence:.2f})",
            trial.sound,
        )
        for trial in wrong[:NUM_WORST]
    ]
