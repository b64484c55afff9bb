"""The whole agent on a virtual sound card: a recording of a person goes in as sound, the right answer comes out."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.voice.voice import Voice
from tests.device.running_agent import RunningAgent, running_agent
from tests.device.starvation import Starvation
from tests.device.virtual_card import RATE_HZ, VirtualCard, missing_programs

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

CLIPS = Path(__file__).resolve().parents[2] / "demo" / "clips"
PIECE_SAMPLES = RATE_HZ // 4
BACK_LIMIT_S = 60.0  # on a busy machine


def likeness(heard: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Largest normalised correlation of `expected` with any stretch of `heard`, 0..1."""
    num_bins = 1 << (len(heard) + len(expected)).bit_length()
    spectrum = np.fft.rfft(heard, num_bins) * np.conj(np.fft.rfft(expected, num_bins))
    products = np.fft.irfft(spectrum, num_bins)[: len(heard) - len(expected) + 1]
    power = np.cumsum(np.concatenate([[0.0], np.square(heard, dtype=np.float64)]))
    energies = power[len(expected) :] - power[: len(power) - len(expected)]
    energy = float(np.square(expected, dtype=np.float64).sum())
    is_loud = energies > 1e-3 * energy
    return float((products[is_loud] / np.sqrt(energies[is_loud] * energy)).max(initial=0.0))


def share_heard(heard: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Share of the quarter seconds of `expected` in `heard`: a busy machine may leave gaps between them."""
    pieces = [
        expected[start : start + PIECE_SAMPLES] for start in range(0, len(expected) - PIECE_SAMPLES, PIECE_SAMPLES)
    ]
    loud = [piece for piece in pieces if np.abs(piece).max() > 0.05]
    return sum(likeness(heard, piece) > 0.95 for piece in loud) / len(loud)


@pytest.mark.parametrize(
    ("clip", "intent", "slots"),
    [
        ("set_a_timer_for_five_minutes", "StartTimer", {"minutes": 5}),
        ("what_time_is_it", "GetTime", {}),
    ],
)
def test_a_spoken_command_is_answered_aloud(clip: str, intent: str, slots: dict[str, Any], tmp_path: Path) -> None:
    with VirtualCard() as card, running_agent(tmp_path) as agent:
        recording = card.record()
        card.play(CLIPS / f"{clip}.flac").wait()
        understood = agent.wait_for("intent")
        reply = agent.wait_for("reply")
        latency_ms = agent.wait_for("first_audio")["latency_ms"]
        expected = Voice().say(reply["text"])
        time.sleep(len(expected) / RATE_HZ + 0.7)
        heard = recording.stop()
        assert agent.end() == 0
    assert (understood["intent"], understood["slots"]) == (intent, slots)
    assert share_heard(heard, expected) >= 0.6, f"what was heard is not {reply['text']!r}"
    other = Voice().say("There is no timer to cancel.")
    assert share_heard(heard, other) <= 0.2, "the measure can tell one answer from another"
    assert latency_ms <= 700


def seconds_until_back(agent: RunningAgent, card: VirtualCard) -> float:
    """From now until the device is back, without what others on this machine made its processes wait."""
    began_s, starved = time.monotonic(), Starvation(agent.process.pid, card.pid)
    while not agent.of("xrun", kind="device_back"):
        starved.measure()
        assert time.monotonic() - began_s < BACK_LIMIT_S, "the device has not come back"
        time.sleep(0.02)
    return time.monotonic() - began_s - starved.measure()


def test_the_microphone_comes_back_with_the_sound_server(tmp_path: Path) -> None:
    with VirtualCard() as card, running_agent(tmp_path) as agent:
        card.kill()
        agent.wait_for("xrun", kind="device_lost")
        card.start()
        back_s = seconds_until_back(agent, card)
        card.play(CLIPS / "what_time_is_it.flac").wait()
        assert agent.wait_for("intent")["intent"] == "GetTime"
        kinds = [event["kind"] for event in agent.of("xrun") if "device" in event["kind"]]
        assert agent.end() == 0
    assert kinds == ["device_lost", "device_back"]
    assert back_s <= 2.0
