"""Reactions without an answer: nods, back-channels, fillers, stopping when the user speaks; each can be off."""

import numpy as np
import pytest

from edge_agent.profile import Profile, Reflex, ReflexesProfile
from edge_agent.units import ms_to_samples
from tests.dialogue.fakes import STORY, Dialogue, Said

OFF = Reflex(enabled=False)
TIME = Said(1.0, "what time is it", "GetTime")


def without(*names: str) -> Profile:
    return Profile(name="test", reflexes=ReflexesProfile(**dict.fromkeys(names, OFF)))


def test_the_agent_nods_in_a_pause_and_not_before() -> None:
    dialogue = Dialogue([STORY]).run(8.0)
    first = dialogue.of("nod")[0]
    assert first.reason == "end"
    assert 0 < first.at_sample - ms_to_samples(1000 * STORY.end_s) <= ms_to_samples(100)


def test_nobody_nods_when_nodding_is_off() -> None:
    assert not Dialogue([STORY], profile=without("nod")).run(8.0).of("nod")


def test_no_filler_when_fillers_are_off() -> None:
    dialogue = Dialogue([STORY], profile=without("filler")).run(8.0)
    assert not dialogue.of("filler")
    assert dialogue.one("reply")


def test_mm_hm_while_a_command_is_waited_for_unless_a_number_is_dictated() -> None:
    def back_channels(text: str) -> int:
        dialogue = Dialogue([Said(1.0, text, is_begun=True)]).run(8.0)
        return len(dialogue.of("back_channel"))

    assert back_channels("add to my shopping list") == 1
    assert back_channels("set a timer for twenty") == 0


def test_the_agent_stops_when_the_user_speaks() -> None:
    stop = Said(2.6, "stop stop stop", "Stop")
    dialogue = Dialogue([TIME, stop]).run(8.0)
    barge = next(event for event in dialogue.of("barge_in") if event.stage == "stop")
    assert barge.heard_ms > 100
    assert barge.at_sample - ms_to_samples(2600) <= ms_to_samples(280)
    quiet_from = barge.at_sample + ms_to_samples(60)
    assert not np.any(dialogue.agent_sound[quiet_from : quiet_from + ms_to_samples(500)])
    assert [event.intent for event in dialogue.of("intent")] == ["GetTime", "Stop"]


def test_the_agent_goes_on_when_barge_in_is_off() -> None:
    stop = Said(2.6, "stop stop stop", "Stop")
    dialogue = Dialogue([TIME, stop], profile=without("barge_in")).run(4.0)
    assert not dialogue.of("barge_in")


def test_on_an_open_loudspeaker_the_agent_does_not_hear_itself() -> None:
    own_voice = Said(2.6, "twelve o'clock", "GetTime")
    dialogue = Dialogue([TIME, own_voice], hears_over_itself=False).run(8.0)
    assert len(dialogue.of("intent")) == 1
    assert not dialogue.of("barge_in")


@pytest.mark.parametrize("depth", [0.3, 1.0])
def test_intensity_is_the_depth_of_a_nod(depth: float) -> None:
    profile = Profile(name="test", reflexes=ReflexesProfile(nod=Reflex(intensity=depth)))
    assert {event.intensity for event in Dialogue([STORY], profile=profile).run(8.0).of("nod")} == {depth}
