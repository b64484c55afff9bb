"""Wake phrases: how many are missed in noise, at how many false wakes an hour of other speech and noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr

from edge_agent.evaluation.hearing import Heard
from edge_agent.evaluation.peers import Peer, Peers
from edge_agent.evaluation.recordings import Floats, mix, read_mono, sounds_of, with_silence
from edge_agent.evaluation.section import Curve, Figure, Section, Table, Worst, percent
from edge_agent.evaluation.setting import Setting
from edge_agent.evaluation.statistics import Share, rate_interval
from edge_agent.models.wake import Candidate, KeywordSpotter
from edge_agent.units import SAMPLE_RATE_HZ, STEP_MS

SNR_DB = 10.0
GOAL, GOAL_PER_HOUR = 0.03, 0.1
# Other speech is heard at these paces (which moves the formants as well: other talkers), clean and in noise.
PACES = (1.0, 0.86, 0.93, 1.08, 1.16)
SPEECH_SNRS_DB = (None, 10.0, 5.0)
APART_STEPS = 25
FRAMES_PER_STEP = 2
NEVER = 2.0  # a probability that is not reached
NUM_PEER_RECORDINGS, NUM_PEER_OTHERS = 50, 40
PEER_THRESHOLDS = ("1e-30", "1e-15", "1e-5")
PEER_MODELS = ("HEY_JARVIS", "OKAY_NABU")


def candidates(spotter: KeywordSpotter, heard: Heard, apart_steps: int = APART_STEPS) -> Iterator[Candidate]:
    """The best of each cluster of candidates of a spotter that never wakes; clusters are at least that far apart."""
    best: Candidate | None = None
    quiet_steps = 0
    spotter.reset()
    for start in range(0, len(heard.log_posteriors), FRAMES_PER_STEP):
        spotter.step(heard.log_posteriors[start : start + FRAMES_PER_STEP])
        found, quiet_steps = spotter.candidate, quiet_steps + 1
        if found is not None:
            quiet_steps = 0
            if best is None or found.p_wake >= best.p_wake:
                best = found
        elif best is not None and quiet_steps >= apart_steps:
            yield best
            best = None
    if best is not None:
        yield best


@dataclass(frozen=True)
class Scores:
    """Of one phrase. p_said: the best candidate of each recording of it; p_false: those of everything else."""

    phrase: str
    p_said: list[float]
    p_clean: list[float]
    p_false: list[float]
    num_hours: float

    def misses(self, least: float, clean: bool = False) -> Share:
        """Recordings that are not heard at that threshold."""
        scores = self.p_clean if clean else self.p_said
        return Share(sum(p < least for p in scores), len(scores))

    def false_wakes(self, least: float) -> int:
        return sum(p >= least for p in self.p_false)

    def threshold(self, per_hour: float) -> float:
        """The least at which there are no more false wakes than that."""
        falling = sorted(self.p_false, reverse=True)
        num_allowed = int(per_hour * self.num_hours)
        return float(np.nextafter(falling[num_allowed], 1.0)) if num_allowed < len(falling) else 0.0


def measure_wake(setting: Setting) -> Section:
    """Every folder of `wake/` is a phrase; its name is the text."""
    section = Section("wake")
    folders = sorted(path for path in (setting.data / "wake").iterdir() if path.is_dir())
    phrases = [folder.name.replace("_", " ") for folder in folders]
    asleep = replace(setting.fitted.wake, min_p_wake=NEVER)
    spotters = [KeywordSpotter([phrase], asleep) for phrase in phrases]
    p_false, num_hours = _elsewhere(setting, spotters)
    scores = []
    for index, (folder, phrase, spotter) in enumerate(zip(folders, phrases, spotters, strict=True)):
        paths = setting.some(sounds_of(folder))
        task = setting.progress.add_task(f"'{phrase}'", total=len(paths))
        p_said, p_clean = [], []
        for place, path in enumerate(paths):
            sound = setting.in_noise(path, place, SNR_DB)
            p_said.append(_best(spotter, setting.ear.hear(sound)))
            p_clean.append(_best(spotter, setting.hear(path)))
            section.worst.append(Worst(f"{phrase}_{path.stem}", phrase, f"{p_said[-1]:.3f}", sound))
            setting.progress.advance(task)
        scores.append(Scores(phrase, p_said, p_clean, p_false[index], num_hours))
    section.worst = sorted(section.worst, key=lambda one: float(one.heard))[:20]
    _report(section, scores, setting.fitted.wake.min_p_wake)
    if setting.peer_python is not None:
        _add_peers(setting, section, folders)
    return section


def _add_peers(setting: Setting, section: Section, folders: Sequence[Path]) -> None:
    """Few recordings each, since the first peer is slow: its keyphrase search, and a network's own phrases."""
    peers, rows = Peers(setting.peer_python), []
    others = [with_silence(read_mono(path)) for path in sounds_of(setting.data / "speech")[:NUM_PEER_OTHERS]]
    num_hours = sum(map(len, others)) / SAMPLE_RATE_HZ / 3600
    for folder in folders:
        phrase = folder.name.replace("_", " ")
        paths = setting.some(sounds_of(folder))[:NUM_PEER_RECORDINGS]
        said = [setting.in_noise(path, index, SNR_DB) for index, path in enumerate(paths)]
        for threshold in PEER_THRESHOLDS:
            found = peers.run(Peer.POCKETSPHINX_KEYPHRASE, [*said, *others], phrase=phrase, threshold=threshold)
            if found:
                missed = Share(sum(len(times) == 0 for times in found[: len(said)]), len(said))
                false = sum(len(times) for times in found[len(said) :])
                rows.append((f"pocketsphinx at {threshold}", phrase, str(missed), f"{false / num_hours:.1f}"))
    for model in PEER_MODELS:
        found = peers.run(Peer.MICRO_WAKE_WORD, others, model=model)
        if found:
            rows.append(("pymicro-wakeword", model, "no recordings", f"{sum(map(len, found)) / num_hours:.1f}"))
    headings = ("peer", "phrase", f"missed at {SNR_DB:g} dB (95 %)", f"false wakes an hour, {num_hours:.2f} h")
    section.tables.append(Table("peers, people reading aloud", headings, rows))
    section.notes += peers.complaints


def _best(spotter: KeywordSpotter, heard: Heard) -> float:
    return max((candidate.p_wake for candidate in candidates(spotter, heard)), default=0.0)


def _elsewhere(setting: Setting, spotters: Sequence[KeywordSpotter]) -> tuple[list[list[float]], float]:
    """Candidates of each spotter where nobody says its phrase, and how long that was."""
    sounds = list(_other_sounds(setting))
    p_false: list[list[float]] = [[] for _ in spotters]
    num_steps = 0
    for path, pace, snr_db, index in setting.progress.track(sounds, description="other speech and noise"):
        heard = setting.ear.hear(_other(setting, path, pace, snr_db, index))
        num_steps += len(heard.p_voice)
        for scores, spotter in zip(p_false, spotters, strict=True):
            scores += (candidate.p_wake for candidate in candidates(spotter, heard))
    return p_false, num_steps * STEP_MS / 3_600_000


def _other_sounds(setting: Setting) -> Iterator[tuple[Path, float, float | None, int]]:
    speech, orders = setting.some(sounds_of(setting.data / "speech")), sounds_of(setting.data / "commands" / "audio")
    for pace in PACES[:1] if setting.is_quick else PACES:
        for snr_db in SPEECH_SNRS_DB[:2] if setting.is_quick else SPEECH_SNRS_DB:
            yield from ((path, pace, snr_db, index) for index, path in enumerate(speech))
    others = [*sounds_of(setting.data / "noise"), *sounds_of(setting.data / "vocal"), *orders]
    yield from ((path, 1.0, None, 0) for path in setting.some(others))


def _other(setting: Setting, path: Path, pace: float, snr_db: float | None, index: int) -> Floats:
    sound = read_mono(path)
    if pace != 1.0:
        sound = np.asarray(soxr.resample(sound, SAMPLE_RATE_HZ * pace, SAMPLE_RATE_HZ, quality="MQ"), np.float32)
    if snr_db is None:
        return with_silence(sound)
    noise = setting.noises[(index + int(7 * snr_db)) % len(setting.noises)]
    return mix(with_silence(sound), noise, snr_db)


def _report(section: Section, scores: Sequence[Scores], shipped: float) -> None:
    rows, curves = [], {}
    for one in scores:
        allowed, none = one.threshold(GOAL_PER_HOUR), one.threshold(0.0)
        low, high = rate_interval(one.false_wakes(shipped), one.num_hours)
        rows.append((
            one.phrase,
            str(one.misses(allowed)),
            percent(one.misses(none).value),
            percent(one.misses(allowed, clean=True).value),
            str(one.misses(shipped)),
            f"{one.false_wakes(shipped)} in {one.num_hours:.1f} h ({10 * low:.1f}-{10 * high:.1f} in 10 h)",
        ))  # fmt: skip
        falling = sorted(set(one.p_false), reverse=True)[:200]
        curves[one.phrase] = [(one.false_wakes(p) / one.num_hours, one.misses(p).value) for p in falling]
    headings = (
        "phrase",
        f"missed at {SNR_DB:g} dB, 1 false wake in 10 h (95 %)",
        "missed, none at all",
        "missed, clean",
        f"missed, threshold as shipped ({shipped:.3f})",
        "false wakes, as shipped (95 %)",
    )
    section.tables.append(Table("wake phrases from their text", headings, rows))
    misses = float(np.mean([one.misses(one.threshold(GOAL_PER_HOUR)).value for one in scores]))
    name = f"wake phrase missed at {SNR_DB:g} dB, <= 1 false wake in 10 h, mean of {len(scores)} phrases"
    section.figures.append(Figure(name, percent(misses), f"<= {GOAL:.0%}", misses <= GOAL))
    shipped_misses = float(np.mean([one.misses(shipped).value for one in scores]))
    section.figures.append(Figure("the same, threshold as shipped", percent(shipped_misses)))
    axes = ("false wakes an hour", f"missed at {SNR_DB:g} dB")
    section.curves.append(Curve("wake", "Wake phrases", axes, curves, is_log=(True, False)))
