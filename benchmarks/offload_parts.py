"""The parts of `benchmarks.offload` that run in virtual time, against a cloud in memory."""

import asyncio
import gc
import random
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cloud_in_memory import AT_CONNECTING, FAULTS, PIECE_MS, Network
from benchmarks.offload_rig import Rig
from edge_agent.parcels import Piece, unpack
from edge_agent.units import HOP_MS

HOPS_PER_S = 1000 // HOP_MS
LONGEST_SILENCE_S = 3.0
ANSWER_S = 8.0
PACES = (1.0, 2.0, 4.0)


async def measure_late(num_answers: int, rng: random.Random) -> dict[str, Any]:
    """For models that make sound as fast as it plays, twice, and four times as fast."""
    figures: dict[str, Any] = {}
    for pace in PACES:
        network = Network(rng, pace=pace, late_share=0.05, num_pieces=round(1000 * ANSWER_S / PIECE_MS))
        delays_ms, good_s, all_s = await _late_answers(network, num_answers)
        figures[f"glitch_free_percent_pace_{pace:g}"] = round(100 * good_s / all_s, 2)
        figures[f"delay_p50_ms_pace_{pace:g}"] = round(float(np.percentile(delays_ms, 50)))
        figures[f"delay_p99_ms_pace_{pace:g}"] = round(float(np.percentile(delays_ms, 99)))
    return figures | {"num_answers": num_answers, "answer_s": ANSWER_S}


async def _late_answers(network: Network, num_answers: int) -> tuple[list[float], int, int]:
    """(delay of each first sound, seconds without a made-up hop, seconds played)."""
    rig = Rig([network.provider()])
    delays_ms, good_s, all_s = [], 0, 0
    for _ in range(num_answers):
        await rig.speak(0.7)
        rig.ask()
        waited = 0
        while not rig.mixer.is_speaking:
            await rig.tick()
            waited += 1
        delays_ms.append(HOP_MS * waited - 1000 * network.think_s)
        good, played = await _play_out(rig)
        good_s, all_s = good_s + good, all_s + played
        rig.events.clear()
    await rig.close()
    return delays_ms, good_s, all_s


async def _play_out(rig: Rig) -> tuple[int, int]:
    good_s = all_s = hops = 0
    was_bad = False
    while not rig.is_idle:
        before = rig.hop.concealed_hops
        await rig.tick()
        was_bad |= not rig.hop.is_idle and (rig.hop.concealed_hops > before or not rig.hop.is_playing)
        hops += 1
        if hops % HOPS_PER_S == 0:
            all_s, good_s, was_bad = all_s + 1, good_s + (not was_bad), False
    return good_s, all_s


async def measure_barge_in(num_times: int) -> dict[str, Any]:
    """Stops an answer in its middle, while more of it is on its way."""
    network = Network(random.Random(1), num_pieces=400, pace=2.0)
    rig = Rig([network.provider()])
    hops_to_last, num_played = [], 0
    for _ in range(num_times):
        await rig.speak(0.7)
        rig.ask()
        while not rig.mixer.is_speaking:
            await rig.tick()
        for _ in range(50):
            await rig.tick()
        rig.talk.stop()
        stopped, last, turn = rig.at_sample, rig.at_sample, rig.gate.turn
        for number in range(100):
            is_heard = await rig.tick()
            num_played += is_heard and number > 3
            last = rig.at_sample if _holds_pieces_of(rig, turn) else last
        hops_to_last.append((last - stopped) / 160)
        rig.events.clear()
    await rig.close()
    return {
        "hops_to_last_piece_sent_max": max(hops_to_last),
        "hops_played_after_fade": num_played,
        "num_barge_ins": num_times,
    }


def _holds_pieces_of(rig: Rig, turn: int) -> bool:
    """Whether the link process wrote sound of that turn since the last look."""
    found = False
    while (message := rig.down.receive()) is not None:
        parcel = unpack(message)
        found |= isinstance(parcel, Piece) and parcel.turn == turn
    return found


async def measure_faults(num_faults: int, hours: float, rng: random.Random) -> dict[str, Any]:
    """Faults of all kinds, at any place of a turn, through hours of virtual time; a local command after each third."""
    network = Network(rng)
    rig = Rig([network.provider()])
    loop = asyncio.get_running_loop()
    longest_s, num_hangs, num_lost, num_answered, base_bytes = 0.0, 0, 0, 0, 0
    pause_s = 3600 * hours / num_faults
    for number in range(num_faults):
        begun_s = loop.time()
        network.fault, network.fault_after_pieces = FAULTS[number % len(FAULTS)], rng.choice([0, 0, 1, 5, 30])
        if network.fault in AT_CONNECTING:
            network.cut()
        network.think_s, network.pace = rng.choice([0.2, 0.5, 2.0]), rng.choice([1.2, 4.0, 10.0])
        await rig.speak(rng.uniform(0.5, 3.0))
        rig.ask()
        silent_s, _ = await rig.hear_out()
        longest_s, num_hangs = max(longest_s, silent_s), num_hangs + (silent_s > LONGEST_SILENCE_S)
        num_lost += number % 3 == 0 and not await _local_command_is_heard(rig)
        num_answered += rig.receipts[-1].outcome == "answered" if rig.receipts else 0
        rig.events.clear()
        if number == num_faults // 10:
            base_bytes = _resident_bytes()
        await asyncio.sleep(max(0.0, pause_s - (loop.time() - begun_s)))
    is_alive = not rig.running.done()
    await rig.close()
    return {
        "num_faults": network.num_met,
        "virtual_hours": round(loop.time() / 3600, 1),
        "longest_silence_s": round(longest_s, 2),
        "num_hangs": num_hangs,
        "num_crashes": int(not is_alive),
        "num_lost_commands": num_lost,
        "answered_percent": round(100 * num_answered / num_faults, 1),
        "sessions_at_once_max": network.most_open,
        "memory_growth_mb": round((_resident_bytes() - base_bytes) / 1e6, 2),
    }


async def _local_command_is_heard(rig: Rig) -> bool:
    """A reply of the device itself sounds within 0.1 s, whatever the cloud does."""
    rig.talk.say("Okay.")
    return any([await rig.tick() for _ in range(10)])


def _resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
