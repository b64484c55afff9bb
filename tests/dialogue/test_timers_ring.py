"""Timers ring in the agent's own time, over silence, until they are told to stop."""

import numpy as np

from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples
from tests.dialogue.fakes import Dialogue, Said

TIMER = Said(1.0, "set a timer for ten seconds", "StartTimer", {"seconds": 10})


def is_loud(dialogue: Dialogue, from_s: float, to_s: float) -> bool:
    sound = dialogue.agent_sound[round(from_s * SAMPLE_RATE_HZ) : round(to_s * SAMPLE_RATE_HZ)]
    return bool(np.abs(sound).max(initial=0.0) > 0.05)


def test_a_timer_rings_when_it_is_due_and_is_silent_before() -> None:
    dialogue = Dialogue([TIMER]).run(16.0)
    set_at = dialogue.one("intent").at_sample
    rings_at = dialogue.of("reply")[1].at_sample
    assert 0 <= rings_at - set_at - 10 * SAMPLE_RATE_HZ <= ms_to_samples(10)
    rings_s = rings_at / SAMPLE_RATE_HZ
    assert not is_loud(dialogue, rings_s - 4, rings_s)
    assert is_loud(dialogue, rings_s, rings_s + 1)
    assert dialogue.of("reply")[1].text == "Your ten second timer is done."


def test_it_rings_on_until_it_is_told_to_stop() -> None:
    dialogue = Dialogue([TIMER, Said(24.0, "stop", "Stop")]).run(34.0)
    assert is_loud(dialogue, 19.0, 22.0)
    stopped_s = dialogue.of("intent")[1].at_sample / SAMPLE_RATE_HZ
    assert not is_loud(dialogue, stopped_s + 3, 34.0)


def test_it_does_not_ring_for_ever() -> None:
    dialogue = Dialogue([TIMER]).run(90.0)
    assert is_loud(dialogue, 60.0, 65.0)
    assert not is_loud(dialogue, 80.0, 90.0)
