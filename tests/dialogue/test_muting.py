"""The microphone's switch: off, nothing is heard or leaves; whoever moves it is told; on, all is as before."""

import numpy as np
import pytest

from edge_agent.agent import Agent
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.clock import FakeClock
from edge_agent.egress import Gate, State
from edge_agent.muting import OFF, ON
from edge_agent.parcels import Abandoned, Ended, Sound, unpack
from edge_agent.ring import MessageRing
from tests.dialogue.fakes import Dialogue, Said, spoken_script
from tests.dialogue.moments import NOON

QUESTION = Said(4.0, "why is the sky blue today then", None)
COMMAND = Said(8.0, "pause", "Pause")


def switched(script: list[Said], gate: Gate, off_s: float, on_s: float) -> Dialogue:
    """A dialogue whose switch is off from `off_s` to `on_s`."""
    dialogue = Dialogue(script, gate=gate)
    dialogue.duplex = MemoryDuplex(spoken_script(script), tail_s=600.0)
    dialogue.events.clear()
    agent: list[Agent] = []
    agent.append(
        Agent(
            dialogue.kit,
            dialogue.duplex,
            dialogue.events.append,
            clock=FakeClock(NOON),
            gate=gate,
            is_live=False,
            hears_over_itself=True,
            is_mic_off=lambda: off_s <= agent[0].hop.at_sample / 16_000 < on_s,
        )
    )
    dialogue.agent = agent[0]
    return dialogue


def leaving(ring: MessageRing) -> list[object]:
    return [unpack(message) for message in iter(ring.receive, None)]


def test_nothing_is_heard_and_it_says_so() -> None:
    dialogue = switched([QUESTION, COMMAND], Gate("local_only"), 0.0, 7.0).run(12.0)
    assert [event.state for event in dialogue.of("microphone")] == ["off", "on"]
    assert dialogue.voice.said[:2] == [OFF, ON]
    assert dialogue.one("intent").at_sample > 7 * 16_000, "it did not come back"
    assert dialogue.one("speech_started").at_sample > 7 * 16_000, "a muted agent heard somebody"


def test_what_was_leaving_is_abandoned_and_nothing_follows() -> None:
    ring = MessageRing.create(1 << 21)
    gate = Gate("on", ring, "cloud.example")
    switched([QUESTION], gate, 5.2, 99.0).run(12.0)
    parcels = leaving(ring)
    assert any(isinstance(parcel, Sound) for parcel in parcels), "nothing was leaving, so nothing is tested"
    assert isinstance(parcels[-1], Abandoned)
    assert not any(isinstance(parcel, Ended) for parcel in parcels)
    assert max(p.at_sample + len(p.pcm16) // 2 for p in parcels if isinstance(p, Sound)) <= 5.3 * 16_000


@pytest.mark.parametrize(("state", "leaves"), [("on", True), ("ask", False), ("local_only", False), ("muted", False)])
def test_once_on_again_the_profile_holds_and_a_muted_one_is_local(state: State, leaves: bool) -> None:
    ring = MessageRing.create(1 << 21)
    switched([QUESTION], Gate(state, ring, "cloud.example"), 0.0, 2.0).run(8.0)
    assert any(isinstance(parcel, Ended) for parcel in leaving(ring)) is leaves


def test_a_muted_profile_without_a_switch_is_deaf_and_says_so() -> None:
    dialogue = Dialogue([COMMAND], gate=Gate("muted")).run(12.0)
    assert dialogue.voice.said == [OFF]
    assert not dialogue.of("intent")


def test_sound_before_the_switch_is_forgotten() -> None:
    dialogue = switched([QUESTION], Gate("local_only"), 5.2, 6.0).run(6.5)
    assert not np.any(dialogue.agent.conversation._asking.offloading.recall(1_300.0)[: 16_000 // 2])
