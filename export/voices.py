"""Who says it: every synthesiser that Debian packages, as programs that are called.

flite (awb, rms, slt, kal16: recorded talkers), festival (kal and ked diphones, slt HTS: recorded talkers) and espeak-ng
(formant synthesis in eight accents and about ninety variants). Pitch, tempo and formants are moved so that a few
talkers become many: the synthesiser's own pitch and duration controls first, then resampling, which shifts formants
too. Some of flite's get a foreign accent (`accents.py`).
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from edge_agent.models.lexicon import full_dictionary
from edge_agent.units import SAMPLE_RATE_HZ
from export.accents import ACCENTS, Habits, flite_addenda

_FLITE_PITCH_HZ = {"awb": 133.0, "rms": 102.0, "slt": 172.0, "kal16": 95.0}
_FESTIVAL_VOICES = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
_ESPEAK_ACCENTS = (
    "en-us en-us en-us en-us en-gb en-gb-x-rp en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc"
).split()
_ESPEAK_UNFIT = {"whisper", "whisperf", "fast", "max", "UniRobot", "Demonic", "croak", "Tweaky"}
FOREIGN_SHARE = 0.25  # of the talkers
_WEIGHTS = {"awb": 0.19, "rms": 0.2, "slt": 0.2, "kal16": 0.05, "festival": 0.07, "espeak": 0.29}


@dataclass(frozen=True)
class Talker:
    """One drawn voice: `engine` voice with controls, then resampled by `warp` (>1: higher formants, faster).

    `accent` names a foreign one, drawn by `accent_seed`; empty for the engine's own.
    """

    engine: str
    name: str
    tempo: float
    pitch: float
    warp: float
    accent: str = ""
    accent_seed: int = 0


def espeak_variants() -> list[str]:
    """Names of the installed espeak-ng variants that sound like speech."""
    folders = Path("/usr/lib").glob("*/espeak-ng-data/voices/!v")
    return sorted({path.name for folder in folders for path in folder.iterdir()} - _ESPEAK_UNFIT)


def draw_talker(rng: np.random.Generator, variants: list[str]) -> Talker:
    """A random talker; the warp is undone in tempo so that speaking rate stays a separate choice."""
    engine, accent = str(rng.choice(list(_WEIGHTS), p=list(_WEIGHTS.values()))), ""
    if rng.random() < FOREIGN_SHARE:
        engine, accent = str(rng.choice(list(_FLITE_PITCH_HZ))), str(rng.choice(list(ACCENTS)))
    warp = float(rng.uniform(0.85, 1.18))
    tempo = float(rng.uniform(0.82, 1.35))
    pitch = float(np.exp(rng.uniform(np.log(0.72), np.log(1.4))))
    name = engine
    if engine == "festival":
        name = str(rng.choice(_FESTIVAL_VOICES))
    elif engine == "espeak":
        name = f"{rng.choice(_ESPEAK_ACCENTS)}+{rng.choice(variants)}"
    return Talker(engine, name, tempo, pitch, warp, accent, int(rng.integers(2**31)))


def speak(text: str, talker: Talker) -> NDArray[np.float32]:
    """Sound of a sentence, float32 at 16 kHz. Raises RuntimeError when the program makes no sound."""
    with tempfile.TemporaryDirectory(prefix="voice") as folder:
        path = Path(folder) / "said.wav"
        _RUN[talker.engine](text, talker, path)
        try:
            samples, rate_hz = soundfile.read(path, dtype="float32")
        except soundfile.LibsndfileError as error:
            raise RuntimeError(f"{talker.name} made no sound for {text!r}") from error
    # Playing the sound as if recorded at rate x warp moves formants, pitch and tempo together.
    return soxr.resample(samples, rate_hz * talker.warp, SAMPLE_RATE_HZ).astype(np.float32)


def _call(arguments: list[str], text: str = "") -> None:
    subprocess.run(arguments, input=text.encode(), check=False, timeout=30, capture_output=True)


def _flite(text: str, talker: Talker, path: Path) -> None:
    stretch = talker.warp / talker.tempo
    pitch_hz = _FLITE_PITCH_HZ[talker.engine] * talker.pitch / talker.warp
    controls = [f"duration_stretch={stretch:.3f}", f"int_f0_target_mean={pitch_hz:.1f}"]
    options = [part for control in controls for part in ("--setf", control)]
    if talker.accent:
        habits = Habits.draw(talker.accent, np.random.default_rng(talker.accent_seed))
        addenda = path.with_suffix(".lex")
        dictionary = full_dictionary()
        addenda.write_text(flite_addenda({word: dictionary[word][0] for word in text.split()}, habits), "ascii")
        options += ["-add_lex", str(addenda)]
    _call(["flite", "-voice", talker.engine, *options, "-t", text, "-o", str(path)])


def _festival(text: str, talker: Talker, path: Path) -> None:
    stretch = talker.warp / talker.tempo
    scheme = f"""(voice_{talker.name})
(Parameter.set 'Duration_Stretch {stretch:.3f})
(utt.save.wave (utt.synth (Utterance Text "{text}")) "{path}" 'riff)
"""
    _call(["festival", "--pipe"], scheme)


def _espeak(text: str, talker: Talker, path: Path) -> None:
    words_per_min = int(np.clip(165 * talker.tempo / talker.warp, 90, 380))
    pitch = int(np.clip(50 + 80 * np.log2(talker.pitch), 5, 95))
    _call(["espeak-ng", "-v", talker.name, "-s", str(words_per_min), "-p", str(pitch), "-w", str(path), text])


_RUN = {"festival": _festival, "espeak": _espeak} | dict.fromkeys(_FLITE_PITCH_HZ, _flite)
