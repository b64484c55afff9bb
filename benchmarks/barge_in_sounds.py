"""What is heard in `barge_in.py`: talkers who interrupt, sounds that are no interruption, and the agent's talk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.decode import decode
from edge_agent.audio.room import level_dbfs
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain, ms_to_samples
from edge_agent.voice.base import call_program, read_wav, soften

Samples = NDArray[np.float32]

ONSET_DB = -15.0  # below the talker's level: a breath or a faint hiss before the first sound is no speech yet
ONSET_AFTER_MS = 200.0  # of which the greater part must be as loud
QUIET_BEFORE_MS = 200.0
LEAST_BEFORE_HOPS = 5  # of the recording itself: one that begins in the middle of a word has no onset
LEAD_MS = 50.0
SPEECH_MS = 2_500.0
SOUND_GAP_MS = 250.0  # a sound that is no speech ends where so long a silence follows
LONGEST_SOUND_MS = 1_200.0
HUMS = {"mm-hm": "m ah hh m", "uh-huh": "ah hh ah", "yeah": "y ae", "okay": "ow k ey"}  # flite would spell "mm-hm"
HUM_VOICES = ("slt", "awb", "rms", "kal16")
KINDS = ("coughing", "laughing", "sneezing", "clapping")
TALK = (
    "The weather in New York is mostly sunny with a high of twenty one degrees, and some rain is likely later on.",
    "You have three timers running, the first one ends in four minutes, and the last one ends in an hour.",
    "I added milk, bread and two dozen eggs to your shopping list, and you asked for butter yesterday.",
    "The kitchen light is on, the bedroom light is off, and the thermostat is set to nineteen degrees.",
    "The next song is by a band that you have not heard before, so tell me when you would like another one.",
    "It takes about twenty five minutes to drive to the station, because there is a little traffic by the river.",
)


@dataclass(frozen=True)
class Sound:
    """A sound at the microphone. `kind`: "speech", or what else; onset and end are samples of it."""

    kind: str
    name: str
    samples: Samples
    onset_sample: int
    end_sample: int

    def at_level(self, level_db: float) -> Samples:
        """As loud as that, dB of full scale, pauses left out."""
        return self.samples * np.float32(db_to_gain(level_db - level_dbfs(self.samples)))


def talkers(data: Path) -> Iterator[Sound]:
    """People who read, and who ask for something."""
    for path in [*sorted((data / "speech" / "many").glob("*.flac")), *sorted((data / "household").glob("*.flac"))]:
        sound = decode(path).samples
        onset = _onset(sound)
        if onset is not None:
            first = max(0, onset - ms_to_samples(LEAD_MS))
            last = first + ms_to_samples(SPEECH_MS)
            yield _cut("speech", path.stem, sound, first, last, onset)


def no_talkers(data: Path) -> Iterator[Sound]:
    """Coughs, laughs, sneezes and claps of people, doors, and "mm-hm" by several synthetic voices."""
    for kind in KINDS:
        for path in sorted((data / "vocal" / kind).glob("*.flac")):
            sound = decode(path).samples
            onset = _onset(sound, least_ms=40.0)
            if onset is not None:
                first = max(0, onset - ms_to_samples(LEAD_MS))
                yield _cut(kind, path.stem, sound, first, _end(sound, onset), onset)
    for voice in HUM_VOICES:
        for word, phones in HUMS.items():
            hum = _flite(phones, voice)
            if hum is not None:
                yield _cut("mm-hm", f"{word} by {voice}", hum, 0, len(hum), _onset(hum, least_ms=40.0) or 0)
    for seed in range(8):
        door = _door(seed)
        yield _cut("door", f"door {seed}", door, 0, len(door), 0)


def _cut(kind: str, name: str, sound: Samples, first: int, last: int, onset: int) -> Sound:
    samples = soften(sound[first:last])
    return Sound(kind, name, samples, onset - first, len(samples))


def _levels_db(sound: Samples) -> NDArray[np.float64]:
    """Of each hop, against the level of the hops that are no pauses."""
    power = np.mean(
        sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES].reshape(-1, HOP_SAMPLES).astype(float) ** 2, axis=1
    )
    return np.asarray(10.0 * np.log10(power + 1e-12) - level_dbfs(sound))


def _onset(sound: Samples, least_ms: float = ONSET_AFTER_MS) -> int | None:
    """First sample of the first hop that is loud, follows quiet, and is followed by more that is loud."""
    is_loud = _levels_db(sound) > ONSET_DB
    before, after = ms_to_samples(QUIET_BEFORE_MS) // HOP_SAMPLES, ms_to_samples(least_ms) // HOP_SAMPLES
    for hop in np.flatnonzero(is_loud[:-after]):
        is_first = hop >= LEAST_BEFORE_HOPS and not is_loud[max(0, hop - before) : hop].any()
        if is_first and is_loud[hop : hop + after].mean() > 0.6:
            return int(hop) * HOP_SAMPLES
    return None


def _end(sound: Samples, onset: int) -> int:
    is_loud = _levels_db(sound[onset:]) > 2 * ONSET_DB
    quiet_hops = 0
    for hop, loud in enumerate(is_loud[: ms_to_samples(LONGEST_SOUND_MS) // HOP_SAMPLES]):
        quiet_hops = 0 if loud else quiet_hops + 1
        if quiet_hops * HOP_SAMPLES >= ms_to_samples(SOUND_GAP_MS):
            return onset + (hop + 1 - quiet_hops) * HOP_SAMPLES
    return onset + ms_to_samples(LONGEST_SOUND_MS)


def _flite(phones: str, voice: str) -> Samples | None:
    sound = call_program(["flite", "-voice", voice, "-p", f"pau {phones} pau", "-o", "/dev/stdout"], "")
    return read_wav(sound) if sound else None


def _door(seed: int) -> Samples:
    """A latch and a thud: two bursts of noise, the second low and heavy."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(0.5 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    latch = rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.008) * 0.4
    thud = np.convolve(rng.standard_normal(len(time_s)), np.hanning(60), "same")
    start = round((0.04 + 0.05 * rng.random()) * SAMPLE_RATE_HZ)
    latch[start:] += (thud / np.abs(thud).max() * np.exp(-time_s / (0.05 + 0.06 * rng.random())))[: len(time_s) - start]
    return np.asarray(0.3 * latch / np.abs(latch).max(), np.float32)
