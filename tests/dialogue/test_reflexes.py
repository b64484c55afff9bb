"""Reactions without an answer: nods, back-channels, fillers, stopping when the user speaks; each can be off."""

import numpy as np
import pytest

from edge_agent.profile import Profile, Reflex, ReflexesProfile
from edge_agent.reflexes import Evidence, back_channel, barge_in, filler, nod
from edge_agent.units import ms_to_samples
from tests.dialogue.fakes import Dialogue, Said

OFF = Reflex(enabled=False)
STORY = Said(1.0, "well you know i was thinking about that thing")
TIME = Said(1.0, "what time is it", "GetTime")


def without(*names: str) -> Profile:
    return Profile(name="test", reflexes=ReflexesProfile(**dict.fromkeys(names, OFF)))


def test_the_agent_nods_in_a_pause_and_not_before() -> None:
    dialogue = Dialogue([STORY]).run(8.0)
    first = dialogue.of("nod")[0]
    assert first.reason == "pause"
    assert 0 < first.at_sample - ms_to_samples(1000 * STORY.end_s) < ms_to_samples(400)


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
    barge = dialogue.one("barge_in")
    assert barge.stage == "stop"
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


@pytest.mark.parametrize("depth", [0.0, 0.3, 1.0])
def test_intensity_is_the_depth_of_a_nod(depth: float) -> None:
    evidence = Evidence(at_sample=100_000, in_pause=True, voiced_ms=900)
    assert nod.decide(Reflex(intensity=depth), evidence) == depth


def test_a_lower_intensity_means_fewer_back_channels() -> None:
    evidence = Evidence(at_sample=ms_to_samples(20_000), in_pause=True, must_go_on=True, num_words=3)
    evidence.voiced_ms, evidence.silence_ms = 2_000, 400
    evidence.last_back_channel_sample = ms_to_samples(20_000 - 8_000)
    assert back_channel.decide(Reflex(intensity=1.0), evidence)
    assert not back_channel.decide(Reflex(intensity=0.5), evidence)


def test_no_filler_for_an_answer_that_comes_at_once() -> None:
    evidence = Evidence(
        at_sample=100_000, in_pause=True, is_no_command=True, voiced_ms=900, silence_ms=400, wait_ms=600
    )
    assert not filler.decide(Reflex(), evidence)
    evidence.wait_ms = 900
    assert filler.decide(Reflex(), evidence)


def test_a_higher_intensity_stops_sooner() -> None:
    evidence = Evidence(agent_speaks=True, overlap_ms=80)
    assert barge_in.decide(Reflex(intensity=1.0), evidence)
    assert not barge_in.decide(Reflex(intensity=0.5), evidence)
