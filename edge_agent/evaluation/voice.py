"""Voice activity: how well the probability of voice tells voice from none, in held-out noise, 10 ms by 10 ms.

Labels come from the clean recording: what is clearly loud is voice, what is clearly quiet for long enough is none, and
what lies between (edges, breaths, closures) counts for nobody. Before and after each sentence there is only noise; its
first seconds count for nobody either, since a device has listened for long when somebody speaks.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.evaluation.peers import Peer, Peers
from edge_agent.evaluation.recordings import Floats, is_held_out_talker, mix, read_mono, sounds_of
from edge_agent.evaluation.section import Figure, Section, Table
from edge_agent.evaluation.setting import Setting
from edge_agent.evaluation.statistics import area_under_curve
from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ, STRIDE_HOPS

GOALS = {40.0: 0.997, 10.0: 0.996, 0.0: 0.987}
AROUND_S = 1.5  # of noise before and after
LISTENED_S = 2.0  # of noise before that
NOISE_QUANTILE, SPEECH_QUANTILE = 0.05, 0.95
LOUD_OVER_NOISE_DB, LOUD_UNDER_SPEECH_DB = 12.0, 28.0
QUIET_OVER_NOISE_DB, QUIET_UNDER_SPEECH_DB = 6.0, 38.0
CLOSURE_HOPS = 10  # a shorter gap is a closure within a word
EDGE_HOPS = 4  # on either side of a silence
LOW_HZ = 100.0

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Marked:
    """A clean recording with noise's room around it; labels of each 10 ms. What is neither counts for nobody."""

    clean: Floats
    is_voice: Bools
    is_quiet: Bools


def measure_voice(setting: Setting) -> Section:
    """Area under the curve for ours, and for the peers that are there."""
    section = Section("voice")
    recordings = [mark(read_mono(path)) for path in setting.some(_held_out(setting))]
    peers = Peers(setting.peer_python)
    rows = []
    for snr_db, goal in GOALS.items():
        sounds = [
            mix(one.clean, setting.noises[index % len(setting.noises)], snr_db) for index, one in enumerate(recordings)
        ]
        heard = [
            setting.ear.hear(sound).p_voice
            for sound in setting.progress.track(sounds, description=f"voice, {snr_db:g} dB")
        ]
        area = _area(recordings, [np.repeat(p_voice, STRIDE_HOPS) for p_voice in heard])
        section.figures.append(
            Figure(f"voice activity at {snr_db:g} dB, area under the curve", f"{area:.4f}", f">= {goal}", area >= goal)
        )
        others = [_peer_area(peers, peer, recordings, sounds) for peer in (Peer.SILERO, Peer.WEBRTC)]
        rows.append((f"{snr_db:g} dB", f"{area:.4f}", *others))
    section.tables.append(
        Table(
            f"voice activity, area under the curve, {len(recordings)} held-out talkers",
            ("hearing", "ours", "Silero", "webrtcvad"),
            rows,
        )
    )
    section.notes += [*_amounts(recordings), *peers.complaints]
    return section


def _held_out(setting: Setting) -> list[Path]:
    return [path for path in sounds_of(setting.data / "speech") if is_held_out_talker(path)]


def mark(samples: Floats) -> Marked:
    """Labels of a clean recording, with room for noise on either side; the first seconds of it count for nobody."""
    levels = _levels_db(samples)
    noise, speech = np.quantile(levels, [NOISE_QUANTILE, SPEECH_QUANTILE])
    is_loud = levels > max(noise + LOUD_OVER_NOISE_DB, speech - LOUD_UNDER_SPEECH_DB)
    is_low = levels < max(noise + QUIET_OVER_NOISE_DB, speech - QUIET_UNDER_SPEECH_DB)
    is_voice = _closed(is_loud, CLOSURE_HOPS) & ~_long_runs(is_low, CLOSURE_HOPS)
    around = round(AROUND_S * SAMPLE_RATE_HZ)
    num_around = around // HOP_SAMPLES
    is_quiet = np.pad(~_closed(is_loud, CLOSURE_HOPS) & is_low, num_around, constant_values=True)
    is_quiet = _long_runs(is_quiet, CLOSURE_HOPS)
    is_quiet = ~_widened(~is_quiet, EDGE_HOPS)
    listened = round(LISTENED_S * SAMPLE_RATE_HZ)
    num_listened = listened // HOP_SAMPLES
    return Marked(
        clean=np.pad(samples[: len(levels) * HOP_SAMPLES], (listened + around, around)),
        is_voice=np.pad(is_voice, (num_listened + num_around, num_around)),
        is_quiet=np.pad(is_quiet, (num_listened, 0)),
    )


def _levels_db(samples: Floats) -> NDArray[np.float64]:
    """Level of each 10 ms above `LOW_HZ`, where no rumble counts."""
    spectrum = np.fft.rfft(samples.astype(np.float64))
    spectrum[np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ) < LOW_HZ] = 0.0
    blocks = np.fft.irfft(spectrum, len(samples))[: len(samples) // HOP_SAMPLES * HOP_SAMPLES]
    return np.asarray(10.0 * np.log10(np.mean(blocks.reshape(-1, HOP_SAMPLES) ** 2, axis=1) + 1e-10))


def _runs(is_true: Bools) -> list[tuple[int, int]]:
    """(first, behind the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_true, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _long_runs(is_true: Bools, num_hops: int) -> Bools:
    """Only the runs that are at least that long."""
    kept = np.zeros_like(is_true)
    for first, last in _runs(is_true):
        kept[first:last] = last - first >= num_hops
    return kept


def _closed(is_true: Bools, num_hops: int) -> Bools:
    """Gaps shorter than that are filled; the ends of the recording are no gaps."""
    filled: Bools = is_true.copy()
    for first, last in _runs(~is_true):
        if last - first < num_hops and first > 0 and last < len(is_true):
            filled[first:last] = True
    return filled


def _widened(is_true: Bools, num_hops: int) -> Bools:
    """True so many hops further on either side."""
    padded = np.pad(is_true, num_hops)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * num_hops + 1).any(axis=1))


def _area(recordings: list[Marked], p_voice: list[NDArray[np.floating]]) -> float:
    """Over all recordings together; p_voice: for each, one score per 10 ms, as far as it goes."""
    scores, labels = [], []
    for one, p in zip(recordings, p_voice, strict=True):
        num_hops = min(len(p), len(one.is_voice))
        counts = (one.is_voice | one.is_quiet)[:num_hops]
        scores.append(p[:num_hops][counts])
        labels.append(one.is_voice[:num_hops][counts])
    return area_under_curve(np.concatenate(scores), np.concatenate(labels))


def _peer_area(peers: Peers, peer: Peer, recordings: list[Marked], sounds: list[Floats]) -> str:
    answers = peers.run(peer, sounds)
    return f"{_area(recordings, answers):.4f}" if len(answers) == len(recordings) else "not run"


def _amounts(recordings: list[Marked]) -> list[str]:
    voice_s = sum(int(one.is_voice.sum()) for one in recordings) * HOP_MS / 1000
    quiet_s = sum(int(one.is_quiet.sum()) for one in recordings) * HOP_MS / 1000
    left_s = sum(len(one.is_voice) for one in recordings) * HOP_MS / 1000 - voice_s - quiet_s
    return [f"{voice_s:.0f} s of voice, {quiet_s:.0f} s of none, {left_s:.0f} s that count for nobody"]
