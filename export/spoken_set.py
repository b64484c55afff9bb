"""Spoken sentences to fit and check the command's confidence on: commands, and what is no command.

Commands are drawn from a commands file; the rest are requests of `queries.tsv` that training left out, less the intents
that a household file covers, and people's read speech that training left out. Laid out as `commands/` is: sound beside
labels.json, where an intent of null means no command. None of the evaluation recordings are used.
"""

import json
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track

from edge_agent.evaluation.recordings import mix
from edge_agent.models.commands import load_commands
from edge_agent.models.sampling import sample_sentences
from edge_agent.units import SAMPLE_RATE_HZ
from export.people import held_out
from export.rooms import faulty, in_room
from export.texts import normalise
from export.voices import draw_talker, espeak_variants, speak

HOUSEHOLD_INTENTS = frozenset(
    "timer time date timezone change_volume smart_home next_song play_music todo_list todo_list_update shopping_list "
    "shopping_list_update cancel repeat yes no maybe alarm what_song reminder reminder_update whisper_mode "
    "change_speed".split()
)
Floats = NDArray[np.float32]


def build(data: Path, commands: Path, out: Path, num_commands: int, num_others: int, seed: int) -> None:
    """Write `out/audio/*.flac` and `out/labels.json`."""
    rng = np.random.default_rng([seed, 77])
    (out / "audio").mkdir(parents=True, exist_ok=True)
    noises = [
        path for path in sorted((data / "noise").glob("*/*")) if path.parent.name in ("rain", "sea_waves", "helicopter")
    ]
    labels: dict[str, dict[str, object]] = {}
    said = [
        (text, intent, slots) for text, intent, slots in sample_sentences(load_commands(commands), rng, num_commands)
    ]
    said += [(text, None, {}) for text in _questions(data, rng, num_others)]
    for index, (text, intent, slots) in enumerate(track(said, description="speaking")):
        name = f"said_{index:04d}.flac"
        if not (out / "audio" / name).exists():
            soundfile.write(out / "audio" / name, _heard(text, noises, rng), SAMPLE_RATE_HZ)
        labels[name] = {"intent": intent, "slots": slots, "text": text}
    people = sorted((data / "speech" / "many").rglob("*.flac")) if num_others else []
    for path in filter(held_out, people):
        samples, _ = soundfile.read(path, dtype="float32")
        soundfile.write(out / "audio" / path.name, samples[: 6 * SAMPLE_RATE_HZ], SAMPLE_RATE_HZ)
        labels[path.name] = {"intent": None, "slots": {}, "text": ""}
    (out / "labels.json").write_text(json.dumps(labels, indent=1), encoding="utf-8")


def _questions(data: Path, rng: np.random.Generator, count: int) -> list[str]:
    lines = (data / "text" / "queries.tsv").read_text(encoding="utf-8").splitlines()
    kept = []
    for split, intent, text in (line.split("\t") for line in lines):
        if not split.endswith("train") and intent not in HOUSEHOLD_INTENTS and (plain := normalise(text)):
            kept.append(plain)
    return [kept[int(index)] for index in rng.choice(len(kept), count, replace=False)]


def _heard(text: str, noises: list[Path], rng: np.random.Generator) -> Floats:
    """A sentence by a random talker, in a room half of the time, in noise half of the time."""
    while True:
        try:
            samples = speak(text, draw_talker(rng, espeak_variants()))
            break
        except RuntimeError:
            continue
    samples = samples * np.float32(0.1 / (np.std(samples) + 1e-6))
    if rng.random() < 0.5:
        samples = faulty(in_room(samples, rng), rng)
    if rng.random() < 0.5:
        noise, _ = soundfile.read(noises[int(rng.integers(len(noises)))], dtype="float32")
        samples = mix(samples, noise.astype(np.float32), float(rng.uniform(6.0, 24.0)))
    return (samples * (0.9 / max(0.9, float(np.abs(samples).max())))).astype(np.float32)
