"""The whole agent on the virtual sound card: latency from sound to sound, where it goes, and what all processes cost.

    python -m benchmarks.paced_live [--minutes 2] [--commands ../shared/data/commands --limit 16]

Recordings of people are spoken into the virtual microphone; one recorder hears what is spoken and what the loudspeaker
plays on one clock, so that a latency holds everything on the way: sound server, device, rings, hop, models, answer.
Reflex sounds are off, so the first sound after the last word is the answer's. The demo's clips are of one talker; a
folder of labelled orders brings many talkers and its own grammar, in which nearly every order could go on.

Where it goes: the way through the card and the rings is measured apart (`sound_way.py`), the silence that was waited
for and the making of the answer are told by the agent, and what remains is voice that it still heard after the last
sample spoken. Beside it stand the same recordings without a card, in virtual time.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import sound_way
from benchmarks.answers import COMMAND, OPEN_QUESTION, Turn, answer_latencies_ms, median_ms, turns_of
from benchmarks.processes import cost_of, descendants
from benchmarks.results import append
from benchmarks.room import COMMANDS, QUESTIONS, orders, room
from edge_agent.agent import load_kit
from edge_agent.event_json import from_json
from edge_agent.events import BargeIn, Event, Intent, Xrun
from edge_agent.models.context_import import import_context
from edge_agent.profile_file import load_profile
from edge_agent.replay import replay_one
from edge_agent.units import SAMPLE_RATE_HZ
from tests.device.running_agent import running_agent
from tests.device.virtual_card import VirtualCard, missing_programs

Samples = NDArray[np.float32]
Figures = dict[str, Any]

DEMO = COMMANDS + QUESTIONS
MAX_MINUTES = 4.5  # then the first timer of five minutes rings
MEASURED = {
    "edge_agent.processes.hop_process": "hop",
    "edge_agent.audio.device_process": "device",
    "edge_agent.link": "link",
}
SETTLE_S = 2.0


@dataclass(frozen=True)
class Utterance:
    """One recording that was spoken, with what became of it; None where nobody knows."""

    clip: str
    sound_to_sound_ms: float | None
    turn: Turn | None  # of the agent on the card
    without_card_ms: float | None


@dataclass(frozen=True)
class Live:
    """What an agent on the card did; `seen` is when its events were read, in samples since the player began."""

    heard: Samples  # [n, 2]
    events: list[Event]
    seen: list[int]
    costs: dict[str, dict[str, float]]  # by process
    lasted_s: float


def profile_text(name: str, commands: str) -> str:
    """The profile on the virtual card, with ordinary scheduling: whoever measures may not own the machine."""
    profile: dict[str, Any] = load_profile(name).with_choices(commands=commands).model_dump(mode="json")
    profile["audio"] |= {"device": "default", "loudspeaker": "isolated"}
    profile["realtime"]["priority"] = 0
    profile["wake"]["phrases"] = []
    for reflex in ("back_channel", "filler", "acknowledge"):
        profile["reflexes"][reflex]["enabled"] = False
    return yaml.safe_dump(profile)


def measure(minutes: float, profile_name: str, clips: Sequence[Path] = DEMO, context: Path | None = None) -> Figures:
    """Figures of so many minutes, or of all clips once; needs PulseAudio's programs. context: a grammar to import."""
    sound, ends = room(clips)
    num_loops = max(1, round(min(minutes, MAX_MINUTES) * 60 * SAMPLE_RATE_HZ / len(sound)))
    spoken = in_16_bits(np.tile(sound, num_loops))
    all_ends = [loop * len(sound) + end for loop in range(num_loops) for end in ends]
    with tempfile.TemporaryDirectory() as folder:
        profile, commands = Path(folder) / "without_card.yaml", Path(folder) / "commands.yaml"
        if context is not None:
            commands.write_text(import_context(context), encoding="utf-8")
        profile.write_text(profile_text(profile_name, str(commands) if context else ""), encoding="utf-8")
        with VirtualCard() as card:
            way = sound_way.measure(card, load_profile(str(profile)).audio).summary
        with VirtualCard() as card:
            live = _on_card(card, Path(folder), profile.read_text(encoding="utf-8"), spoken)
        without_card = _without_card(profile, Path(folder) / "room.wav", spoken, all_ends)
    latencies = answer_latencies_ms(spoken, all_ends, live.heard)
    turns = turns_of(live.events, live.seen, all_ends)
    names = [clip.stem for clip in clips]
    utterances = [Utterance(*fields) for fields in zip(names * num_loops, latencies, turns, without_card, strict=True)]
    return {
        "minutes": round(live.lasted_s / 60, 2),
        **{f"{kind}_{what}": round(value, 2) for kind, cost in live.costs.items() for what, value in cost.items()},
        "num_utterances": len(utterances),
        "num_intents": sum(isinstance(event, Intent) for event in live.events),
        "num_answers": sum(latency is not None for latency in latencies),
        "num_xruns": sum(event.count for event in live.events if isinstance(event, Xrun)),
        "num_stops": sum(event.stage == "stop" for event in live.events if isinstance(event, BargeIn)),
        **_latencies(utterances),
        **{f"way_{name}": value for name, value in way.items()},
        "breakdown": [_breakdown(clip, utterances, way["whole_ms"] or 0.0) for clip in names],
    }


def in_16_bits(sound: Samples) -> Samples:
    """As it comes out of the card."""
    rounded: Samples = np.rint(sound * 32768) / 32768
    return rounded


def _on_card(card: VirtualCard, folder: Path, profile: str, spoken: Samples) -> Live:
    with running_agent(folder, profile) as agent:
        recording = card.record_room()
        time.sleep(SETTLE_S)
        pids = {kind: pid for pid, kind in _measured(agent.process.pid)}
        num_before = len(agent.events)
        before, began_s = {kind: cost_of(pid) for kind, pid in pids.items()}, time.monotonic()
        card.play_samples(spoken).wait()
        after, lasted_s = {kind: cost_of(pid) for kind, pid in pids.items()}, time.monotonic() - began_s
        heard = recording.stop()
        events, seen_s = agent.events[num_before:], agent.seen_s[num_before:]
    costs = {
        kind: {
            "cpu_percent": 100 * (after[kind].cpu_s - before[kind].cpu_s) / lasted_s,
            "resident_mb": after[kind].resident_mb,
            "proportional_mb": after[kind].proportional_mb,
        }
        for kind in pids
    }
    for what in ("cpu_percent", "resident_mb", "proportional_mb"):
        costs.setdefault("hop_and_device", {})[what] = costs["hop"][what] + costs["device"][what]
    seen = [round((at_s - began_s) * SAMPLE_RATE_HZ) for at_s in seen_s]
    return Live(heard, [from_json(event) for event in events], seen, costs, lasted_s)


def _without_card(profile: Path, path: Path, spoken: Samples, ends: list[int]) -> list[float | None]:
    """The same recordings in virtual time: latencies to the first sample of the answer."""
    soundfile.write(path, spoken, SAMPLE_RATE_HZ, subtype="PCM_16")
    duplex, _ = replay_one(load_kit(load_profile(str(profile))), path, realtime=False, on_event=lambda event: None)
    # a sample that 16 bits hold no more is not heard on the card either
    return answer_latencies_ms(spoken, ends, in_16_bits(duplex.conversation))


def _latencies(utterances: list[Utterance]) -> dict[str, float | None]:
    """Medians and more, for commands and for open questions apart."""
    figures: dict[str, float | None] = {}
    for kind in (COMMAND, OPEN_QUESTION):
        of_kind = [one for one in utterances if one.turn and one.turn.taken_for == kind]
        known = [one.sound_to_sound_ms for one in of_kind if one.sound_to_sound_ms is not None]
        name = kind.replace(" ", "_")
        figures |= {
            f"num_{name}_answers": len(known),
            f"{name}_p50_ms": median_ms(known),
            f"{name}_p90_ms": median_ms(known, 0.9),
            f"{name}_without_card_p50_ms": median_ms(
                [one.without_card_ms for one in of_kind if one.without_card_ms is not None]
            ),
        }
    return figures


def _breakdown(clip: str, utterances: list[Utterance], way_ms: float) -> Figures:
    """Medians over one recording; parts that add up for each single utterance need not in their medians."""
    known = [
        (one, one.turn, one.sound_to_sound_ms)
        for one in utterances
        if one.clip == clip and one.turn and one.sound_to_sound_ms is not None
    ]
    return {
        "clip": clip,
        "taken_for": sorted({turn.taken_for for _, turn, _ in known}),
        "num_answers": len(known),
        "sound_to_sound_ms": median_ms([whole_ms for _, _, whole_ms in known]),
        "way_ms": way_ms,
        "heard_on_ms": median_ms([ms - way_ms - turn.silence_ms - turn.making_ms for _, turn, ms in known]),
        "silence_ms": median_ms([turn.silence_ms for _, turn, _ in known]),
        "making_ms": median_ms([turn.making_ms for _, turn, _ in known]),
        "without_card_ms": median_ms([one.without_card_ms for one, _, _ in known if one.without_card_ms is not None]),
    }


def table_of_parts(figures: Figures) -> Table:
    """Where the milliseconds go, for each recording."""
    table = Table("medians, ms", "taken for", "answers", "whole", "way", "heard on", "silence", "making", "no card")
    names = ("num_answers", "sound_to_sound_ms", "way_ms", "heard_on_ms", "silence_ms", "making_ms", "without_card_ms")
    for row in figures["breakdown"]:
        table.add_row(row["clip"], ", ".join(row["taken_for"]), *(str(row[name]) for name in names))
    return table


def _measured(pid: int) -> list[tuple[int, str]]:
    return [
        (child, kind)
        for child, line in descendants(pid).items()
        for module, kind in MEASURED.items()
        if f"-m {module} " in line
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--profile", default="generic_x86")
    parser.add_argument("--commands", type=Path, help="a folder of orders with its context file, spoken once each")
    parser.add_argument("--limit", type=int, default=16, help="only so many orders")
    options = parser.parse_args()
    if missing := missing_programs():
        parser.exit(
            2, f"the virtual sound card needs {', '.join(missing)}: apt-get install pulseaudio pulseaudio-utils\n"
        )
    if options.commands is None:
        figures = measure(options.minutes, options.profile)
    else:
        clips, context = orders(options.commands, options.limit), next(options.commands.glob("*.yaml"))
        figures = measure(0.0, options.profile, clips, context)
    for name, value in figures.items():
        if name != "breakdown":
            print(f"{name:32s} {value}")
    Console().print(table_of_parts(figures))
    material = {"profile": options.profile, "orders": options.commands is not None}
    append({"benchmark": "paced_live"} | material | figures)


if __name__ == "__main__":
    main()
