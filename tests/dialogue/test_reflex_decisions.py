"""Each reflex alone: evidence in, decision out; off means never, and intensity means how often or how soon."""

from collections.abc import Callable
from typing import Any

import pytest

from edge_agent.profile import Reflex
from edge_agent.reflexes import LONG_AGO_SAMPLE, Evidence, acknowledge, back_channel, filler, nod, posture
from edge_agent.units import ms_to_samples

NOW = ms_to_samples(20_000)


def evidence(**known: Any) -> Evidence:
    """A user who spoke for 900 ms and has been silent for 100 ms, with words that are no command."""
    values = {"silence_ms": 100.0, "voiced_ms": 900.0, "wait_ms": 800.0}
    states = {"is_listening": True, "is_silent": True, "is_no_command": True}
    found = Evidence(at_sample=NOW, **(values | states | known))
    found.last_voiced_sample = NOW - ms_to_samples(found.silence_ms)
    return found


def test_a_nod_follows_what_may_be_all_within_100_ms() -> None:
    assert nod.decide(Reflex(), evidence(silence_ms=80)) == "end"
    assert nod.decide(Reflex(), evidence(silence_ms=50)) == nod.NO_NOD
    short = evidence(silence_ms=80, voiced_ms=250)
    assert nod.decide(Reflex(), short) == nod.NO_NOD
    short.is_no_command = False
    assert nod.decide(Reflex(), short) == "end", "a command may be one word"


def test_one_nod_for_each_silence() -> None:
    found = evidence(silence_ms=1_000)
    found.last_nod_sample = found.last_voiced_sample + 1
    assert nod.decide(Reflex(), found) == nod.NO_NOD


def test_what_sounds_ended_gets_its_nod_though_the_words_lack_something() -> None:
    assert nod.decide(Reflex(), evidence(must_go_on=True, is_no_command=False, p_end=0.8)) == "end"


def test_what_must_go_on_gets_a_nod_only_in_a_pause() -> None:
    assert nod.decide(Reflex(), evidence(must_go_on=True, is_no_command=False)) == nod.NO_NOD
    assert nod.decide(Reflex(), evidence(must_go_on=True, is_no_command=False, p_end=0.4)) == nod.NO_NOD
    assert nod.decide(Reflex(), evidence(must_go_on=True, is_no_command=False, silence_ms=220)) == "pause"
    assert nod.decide(Reflex(), evidence(must_go_on=True, is_no_command=False, silence_ms=220, voiced_ms=600)) == ""


def story(**known: Any) -> Evidence:
    """Three and a half seconds of talk whose pitch sank just before the pause."""
    found = evidence(**({"voiced_ms": 3_500.0, "silence_ms": 300.0} | known))
    found.low_until_sample = found.last_voiced_sample - ms_to_samples(60)
    return found


def test_mm_hm_follows_low_pitch_and_a_pause() -> None:
    assert back_channel.decide(Reflex(), story())
    high = story()
    high.low_until_sample = LONG_AGO_SAMPLE
    assert not back_channel.decide(Reflex(), high)
    assert not back_channel.decide(Reflex(), story(silence_ms=150)), "inside a phrase"
    assert not back_channel.decide(Reflex(), story(silence_ms=700)), "that would be an answer"


@pytest.mark.parametrize("against", ["dictates_number", "agent_speaks"])
def test_mm_hm_is_never_said_over(against: str) -> None:
    assert back_channel.decide(Reflex(), story(must_go_on=True, num_words=4, is_no_command=False))
    assert not back_channel.decide(
        Reflex(), story(must_go_on=True, num_words=4, is_no_command=False, **{against: True})
    )


def test_a_question_gets_no_mm_hm_but_a_filler() -> None:
    question = evidence(silence_ms=330)
    question.low_until_sample = question.last_voiced_sample
    assert not back_channel.decide(Reflex(), question)
    assert filler.decide(Reflex(), question)


def test_a_lower_intensity_means_fewer_back_channels() -> None:
    found = story()
    found.last_back_channel_sample = NOW - ms_to_samples(4_000)
    assert back_channel.decide(Reflex(intensity=1.0), found)
    assert not back_channel.decide(Reflex(intensity=0.5), found)


def test_no_filler_for_an_answer_that_comes_at_once() -> None:
    assert not filler.decide(Reflex(), evidence(silence_ms=400, wait_ms=600))
    assert filler.decide(Reflex(), evidence(silence_ms=400, wait_ms=900))


def test_a_story_is_not_answered_in_its_first_pause() -> None:
    assert not filler.decide(Reflex(), evidence(silence_ms=400, voiced_ms=3_500, wait_ms=1_200))
    assert filler.decide(Reflex(), evidence(silence_ms=660, voiced_ms=3_500, wait_ms=1_200))


def test_an_answer_that_is_not_ready_is_acknowledged_once() -> None:
    late = evidence(is_listening=False, is_silent=False, is_preparing=True, preparing_ms=60, silence_ms=260)
    assert acknowledge.decide(Reflex(), late)
    assert not acknowledge.decide(Reflex(intensity=0.4), late), "more patient"
    late.last_acknowledge_sample = NOW - 1
    assert not acknowledge.decide(Reflex(), late)
    assert not acknowledge.decide(Reflex(), evidence(is_preparing=False, silence_ms=900))
    soon = evidence(is_listening=False, is_preparing=True, preparing_ms=50, silence_ms=900)
    assert not acknowledge.decide(Reflex(), soon), "the answer would have to wait for the sound to end"


@pytest.mark.parametrize(
    ("known", "held", "looks"),
    [
        ({}, "listening", "talker"),
        ({"is_listening": False, "is_preparing": True, "silence_ms": 200.0}, "thinking", "talker"),
        ({"is_listening": False, "is_preparing": True, "silence_ms": 300.0}, "thinking", "aside"),
        ({"is_listening": False, "agent_speaks": True}, "speaking", "talker"),
        ({"is_listening": False, "last_active_sample": NOW - ms_to_samples(1_000)}, "listening", "talker"),
        ({"is_listening": False}, "resting", "away"),
    ],
)
def test_posture_and_gaze(known: dict[str, Any], held: str, looks: str) -> None:
    assert posture.posture(Reflex(), evidence(**known)) == held
    assert posture.gaze(Reflex(), evidence(**known)) == looks


OFF = [
    (lambda off: nod.decide(off, evidence()), ""),
    (lambda off: back_channel.decide(off, story()), False),
    (lambda off: filler.decide(off, evidence(silence_ms=400, wait_ms=900)), False),
    (lambda off: acknowledge.decide(off, evidence(is_preparing=True, preparing_ms=99, silence_ms=400)), False),
    (lambda off: posture.posture(off, evidence()), ""),
    (lambda off: posture.gaze(off, evidence()), ""),
]


@pytest.mark.parametrize(("decide", "nothing"), OFF)
@pytest.mark.parametrize("off", [Reflex(enabled=False), Reflex(intensity=0.0)])
def test_off_is_off(decide: Callable[[Reflex], object], nothing: object, off: Reflex) -> None:
    assert decide(off) == nothing
    assert decide(Reflex(intensity=1.0)) != nothing
