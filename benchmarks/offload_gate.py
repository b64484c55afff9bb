"""What the safety gate adds to what is heard, and what is heard of what it blocks: in virtual time, a cloud in memory.

The same answers are played with the gate and without it. Added is how much later a hop of an answer sounds; that is
looked at for every hop, and for the first of each answer. Leaked is how much sounds of the words that are forbidden.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from benchmarks.cloud_in_memory import PIECE_MS, PIECES_PER_WORDS, Network
from benchmarks.offload_rig import Rig
from edge_agent.link.moderation import Flags
from edge_agent.link.safety import Rules, WithoutWords, load_rules
from edge_agent.profile import ModerationProfile
from edge_agent.units import HOP_MS, SAMPLE_RATE_HZ

VERDICT_S = (0.03, 0.12)
FORBIDDEN = ("Tell", " me ", "your ", "password ", "at ", "once ")
HARMLESS = ("It ", "is ", "so ")
LAST_WORD = 3  # of FORBIDDEN: with it the rule is broken
LATE: Mapping[str, Any] = {"late_words_share": 1 / 3}  # they come with their sound, or up to 200 ms after it
AHEAD: Mapping[str, Any] = {"words_ahead_s": 0.2}  # as where speech is made from text


@dataclass(frozen=True)
class Gate:
    """One way to set it."""

    without_words: WithoutWords
    is_moderated: bool = False
    unseen_letters: int = 0


GATES = {
    "rules_pass": Gate("pass"),
    "rules_block": Gate("block"),
    "moderation_pass": Gate("pass", True),
    "moderation_block": Gate("block", True),
    "moderation_block_unseen": Gate("block", True, ModerationProfile().unseen_letters),
}


async def measure_safety(num_answers: int, seed: int, answer_s: float = 2.0) -> dict[str, Any]:
    """By rules alone, and with a moderation service that takes 30 to 120 ms; words late or ahead of their sound."""
    figures: dict[str, Any] = {"num_answers": num_answers, "answer_s": answer_s}
    length: Mapping[str, Any] = {"num_pieces": round(1000 * answer_s / PIECE_MS)}
    paces = {"late": (1.0, 1.5, 4.0), "ahead": (1.5, 4.0)}
    for order, network in (("late", LATE), ("ahead", AHEAD)):
        for pace in paces[order]:
            without = await _played(_rig(None, seed, pace, **length, **network), num_answers)
            for name, gate in GATES.items():
                having = await _played(_rig(gate, seed, pace, **length, **network), num_answers)
                added = [
                    after[: len(before)] - before[: len(after)] for before, after in zip(without, having, strict=True)
                ]
                figures[f"{name}_words_{order}_pace_{pace:g}"] = {
                    "added": _quantiles(np.concatenate(added)),
                    "first": _quantiles([each[0] for each in added]),
                }
    for name, gate in GATES.items():
        leaked = [heard async for heard in _leaked_ms(gate, num_answers, seed)]
        figures[f"{name}_leaked"] = _quantiles(leaked)
    return figures


def _rig(gate: Gate | None, seed: int, pace: float, words: tuple[str, ...] = ("far ",), **order: Any) -> Rig:
    """gate: None: there is none. The network does the same for every gate."""
    network = Network(random.Random(seed), pace=pace, words=words, **order)
    if gate is None:
        return Rig([network.provider()], rules=Rules(()))
    flags = _service(random.Random(seed)) if gate.is_moderated else None
    rules = Rules(()) if gate.is_moderated else load_rules("default")
    return Rig([network.provider()], "on", rules, gate.without_words, flags, "m.example", gate.unseen_letters)


def _service(rng: random.Random) -> Flags:
    async def flags(text: str) -> bool:
        await asyncio.sleep(rng.uniform(*VERDICT_S))
        return "your password" in text

    return flags


async def _played(rig: Rig, num_answers: int) -> list[Any]:
    """For each answer: ms from the question on at which each of its hops was handed to the loudspeaker."""
    played = [np.array(await _answer_hops(rig)) for _ in range(num_answers)]
    await rig.close()
    return played


async def _answer_hops(rig: Rig) -> list[float]:
    await rig.speak(0.7)
    rig.ask()
    asked_sample, handed_at_ms = rig.at_sample, list[float]()
    while not rig.is_idle:
        await rig.tick()
        num_hops = int(rig.hop.handed_ms / HOP_MS)
        at_ms = 1000 * (rig.at_sample - asked_sample) / SAMPLE_RATE_HZ
        handed_at_ms += [at_ms] * (num_hops - len(handed_at_ms))
    rig.events.clear()
    return handed_at_ms


async def _leaked_ms(gate: Gate, num_answers: int, seed: int) -> Any:
    """Of answers that say what is forbidden at once, or after a while: ms of the word that breaks the rule."""
    for begin, pace in product(((), HARMLESS), (1.0, 1.5)):
        rig = _rig(gate, seed, pace, (*begin, *FORBIDDEN), **LATE)
        for _ in range(num_answers):
            heard_ms = HOP_MS * len(await _answer_hops(rig))
            yield max(0.0, heard_ms - PIECE_MS * PIECES_PER_WORDS * (len(begin) + LAST_WORD))
        await rig.close()


def _quantiles(values: Any) -> str:
    p50, p99 = np.percentile(values, [50, 99])
    return f"{p50:.0f}/{p99:.0f} ms"
