"""When others would interrupt: the rules of pipecat 1.14 and livekit-agents 1.8.9 at their defaults, over a recording.

Their rules look at voice activity in blocks of 32 ms. It is Silero's, of what the microphone heard and of the same
without the echo (this project's canceller, for neither brings one that runs beside a local microphone); or that of an
oracle that knows who spoke when: the best that their rules can give. Their agent would have gone on speaking where this
one fell silent, so its echo would have lasted longer: the recordings favour them.
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.barge_in_sounds import ONSET_DB, Samples
from benchmarks.barge_in_talk import TALKER_DBFS, Placed, Scene
from benchmarks.barge_in_tally import STOPS_AFTER_MS, Tally, alone_hops, sounding_hops, talked_over
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.units import HOP_SAMPLES, db_to_gain, ms_to_samples, samples_to_ms

BLOCK_SAMPLES = 512
BLOCK_MS = 32.0
PIPECAT_THRESHOLD, PIPECAT_BLOCKS = 0.7, 6  # start_secs and stop_secs 0.2, rounded to blocks as it does
LIVEKIT_ON_THRESHOLD, LIVEKIT_OFF_THRESHOLD, LIVEKIT_SMOOTHING = 0.5, 0.35, 0.35
LIVEKIT_LEAST_MS = 50.0  # min_speech_duration
LIVEKIT_SPEECH_MS, LIVEKIT_SILENCE_MS = 500.0, 550.0  # interruption's min_duration; the VAD's min_silence_duration
LIVEKIT_FIRST_MS = 3_000.0  # aec_warmup_duration
LIVEKIT_RESUMES_MS = 2_000.0  # false_interruption_timeout
VOICES = ("speech", "mm-hm")
PEER_SCRIPT = Path(__file__).with_name("listening_peers.py")

Blocks = NDArray[np.float64]  # of voice activity


def pipecat_starts(p_voice: Blocks) -> list[int]:
    """Blocks with which its user starts speaking, and so interrupts."""
    starts, is_speaking, run = [], False, 0
    for block, is_voice in enumerate(p_voice >= PIPECAT_THRESHOLD):
        run = run + 1 if is_voice != is_speaking else 0
        if run >= PIPECAT_BLOCKS:
            is_speaking, run = not is_speaking, 0
            if is_speaking:
                starts.append(block)
    return starts


def livekit_starts(p_voice: Blocks) -> list[int]:
    """Blocks with which its user has spoken for long enough to interrupt; short silences count as speech."""
    starts, speech_ms, silence_ms, smooth_p, has_interrupted = [], 0.0, 0.0, 0.0, False
    for block, p in enumerate(p_voice):
        smooth_p = LIVEKIT_SMOOTHING * smooth_p + (1.0 - LIVEKIT_SMOOTHING) * p
        is_speaking = speech_ms >= LIVEKIT_LEAST_MS
        is_voice = smooth_p >= (LIVEKIT_OFF_THRESHOLD if is_speaking else LIVEKIT_ON_THRESHOLD)
        silence_ms = 0.0 if is_voice else silence_ms + BLOCK_MS
        if silence_ms >= (LIVEKIT_SILENCE_MS if is_speaking else BLOCK_MS):
            speech_ms, has_interrupted = 0.0, False
            continue
        speech_ms += BLOCK_MS
        is_enough = speech_ms >= LIVEKIT_SPEECH_MS and (block + 1) * BLOCK_MS > LIVEKIT_FIRST_MS
        if is_enough and not has_interrupted:
            has_interrupted = True
            starts.append(block)
    return starts


RULES: dict[str, tuple[Callable[[Blocks], list[int]], float]] = {
    "pipecat, 200 ms": (pipecat_starts, np.inf),  # what it interrupts is lost
    "livekit, 500 ms": (livekit_starts, LIVEKIT_RESUMES_MS),
}


def tallies_of(scene: Scene, conversation: NDArray[np.float32], peer_python: Path | None) -> dict[str, Tally]:
    """Of each rule with each voice activity, in the conversation that the agent had."""
    hearings = {"an oracle": oracle(scene)}
    if peer_python is not None:
        sounds = {"Silero": conversation[:, 0], "Silero, echo cancelled": without_echo(conversation)}
        hearings |= dict(zip(sounds, silero(peer_python, list(sounds.values())), strict=True))
    return {
        f"{name}, {hearing}": _tally(scene, conversation, rule(p_voice), resumes_ms)
        for name, (rule, resumes_ms) in RULES.items()
        for hearing, p_voice in hearings.items()
    }


def _tally(scene: Scene, conversation: NDArray[np.float32], starts: Sequence[int], resumes_ms: float) -> Tally:
    at_samples = (np.array(starts, np.int64) + 1) * BLOCK_SAMPLES
    is_sounding = sounding_hops(conversation[:, 1])
    alone, tally = alone_hops(scene.placed, is_sounding), Tally()
    for one in talked_over(scene.placed, is_sounding):
        after = at_samples[at_samples >= one.onset_sample]
        if one.sound.kind == "speech":
            tally.spoke(one, scene.condition, samples_to_ms(after[0] - one.onset_sample) if len(after) else np.inf)
        else:
            tally.made_a_sound(one, scene.condition, resumes_ms if _is_stopped_by(one, after) else 0.0)
    tally.num_alone_stops = int(np.sum(alone[np.minimum(at_samples // HOP_SAMPLES, len(alone) - 1)]))
    return tally


def _is_stopped_by(one: Placed, after: NDArray[np.int64]) -> bool:
    return len(after) > 0 and bool(after[0] <= one.end_sample + ms_to_samples(STOPS_AFTER_MS))


def oracle(scene: Scene) -> Blocks:
    """Voice where a person's voice is as loud as its first sound has to be."""
    is_voice = np.zeros(len(scene.near), bool)
    least = db_to_gain(TALKER_DBFS + ONSET_DB)
    hops = scene.near[: len(scene.near) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
    loud = np.repeat(np.sqrt(np.mean(hops**2, axis=1)) >= least, HOP_SAMPLES)
    for one in scene.placed:
        if one.sound.kind in VOICES:
            is_voice[one.onset_sample : one.end_sample] = loud[one.onset_sample : one.end_sample]
    num_blocks = len(is_voice) // BLOCK_SAMPLES
    share = is_voice[: num_blocks * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES).mean(axis=1)
    return np.asarray(share > 0.5, np.float64)


def without_echo(conversation: NDArray[np.float32]) -> Samples:
    """The microphone through this project's canceller."""
    canceller, out = EchoCanceller(), np.zeros(len(conversation) // HOP_SAMPLES * HOP_SAMPLES, np.float32)
    hops = np.ascontiguousarray(conversation[: len(out)].reshape(-1, HOP_SAMPLES, 2).transpose(2, 0, 1))
    for mic, played, cleaned in zip(*hops, out.reshape(-1, HOP_SAMPLES), strict=True):
        canceller.step(mic, played, cleaned)
    return out


def silero(python: Path, sounds: Sequence[Samples]) -> list[Blocks]:
    """Its probabilities in each block of each sound."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        heard = {f"{index:06d}": np.round(sound * 32767.0).astype(np.int16) for index, sound in enumerate(sounds)}
        np.savez(given, **heard)  # type: ignore[arg-type]
        subprocess.run(
            [str(python), str(PEER_SCRIPT), "silero", str(given), str(answer)], check=True, stdout=subprocess.DEVNULL
        )
        scores = np.load(answer)
        return [_blocks_of(scores[name]) for name in sorted(scores.files)]


def _blocks_of(hop_scores: Blocks) -> Blocks:
    """It answers for each hop with the block that the hop lies in."""
    num_blocks = len(hop_scores) * HOP_SAMPLES // BLOCK_SAMPLES
    middle = (np.arange(num_blocks) * BLOCK_SAMPLES + BLOCK_SAMPLES // 2) // HOP_SAMPLES
    return np.asarray(hop_scores[middle], np.float64)
