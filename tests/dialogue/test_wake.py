"""With a wake phrase the agent follows only what is meant for it."""

from typing import NamedTuple

from edge_agent.profile import Profile, WakeProfile
from edge_agent.units import SAMPLE_RATE_HZ
from tests.dialogue.fakes import Dialogue, Said, ScriptedSpotter

JARVIS = Profile(name="test", wake=WakeProfile(phrases=("jarvis",), awake_s=4.0))


class Near(NamedTuple):
    """What a spotter tells of a phrase that was nearly said."""

    phrase: int
    p_wake: float


TIME = Said(3.0, "what time is it", "GetTime")


def test_speech_without_the_phrase_is_not_followed() -> None:
    dialogue = Dialogue([TIME], profile=JARVIS, woken_at_s=()).run(7.0)
    assert dialogue.events == []


def test_the_phrase_wakes_the_agent_and_the_command_after_it_is_answered() -> None:
    dialogue = Dialogue([TIME], profile=JARVIS, woken_at_s=(2.0,)).run(8.0)
    assert dialogue.one("wake").phrase == "jarvis"
    assert dialogue.one("intent").intent == "GetTime"
    assert dialogue.of("nod")[0].reason == "wake"


def test_the_phrase_and_the_command_may_be_said_in_one_breath() -> None:
    phrase = Said(2.4, "hey jarvis")
    dialogue = Dialogue([phrase, TIME], profile=JARVIS, woken_at_s=(3.0,)).run(8.0)
    assert dialogue.one("intent").intent == "GetTime"
    assert not dialogue.of("no_intent")


def test_the_end_of_the_phrase_is_no_command_whatever_is_heard_in_it() -> None:
    phrase = Said(2.4, "hey jarvis", is_begun=True)
    dialogue = Dialogue([phrase], profile=JARVIS, woken_at_s=(2.85,)).run(8.0)
    assert [event.reason for event in dialogue.of("end_of_turn")] == ["noise"]
    assert not dialogue.of("reply")


def test_the_agent_falls_asleep_again() -> None:
    late = Said(9.0, "what time is it", "GetTime")
    dialogue = Dialogue([late], profile=JARVIS, woken_at_s=(2.0,)).run(14.0)
    assert not dialogue.of("intent")


def test_the_agent_listens_on_for_a_while_after_its_reply() -> None:
    follow_up = Said(8.5, "say that again", "Repeat")
    dialogue = Dialogue([TIME, follow_up], profile=JARVIS, woken_at_s=(2.0,)).run(14.0)
    reply_over = dialogue.of("first_audio")[0].at_sample + 1.5 * SAMPLE_RATE_HZ
    assert 8.5 * SAMPLE_RATE_HZ - reply_over < 4.0 * SAMPLE_RATE_HZ
    assert [event.intent for event in dialogue.of("intent")] == ["GetTime", "Repeat"]


def test_what_falls_just_short_is_told_and_counted_while_the_agent_sleeps() -> None:
    dialogue = Dialogue([], profile=JARVIS, woken_at_s=(4.0,))
    near = Near(phrase=0, p_wake=0.4)
    spotter = dialogue.kit.spotter
    assert isinstance(spotter, ScriptedSpotter)
    spotter.near_misses = {50: near, 110: near}  # at 2 s, and at 4.4 s, when it is awake
    dialogue.run(6.0)
    told = dialogue.one("near_wake")
    assert (told.phrase, told.p_wake, told.at_sample) == ("jarvis", 0.4, 2 * SAMPLE_RATE_HZ)
    assert dialogue.agent.meters.counters["near_wakes"].count == 1
