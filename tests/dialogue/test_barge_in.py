"""The user speaks while the agent does: it is silent at once, and what follows decides whether the rest is said."""

import numpy as np
import pytest

from edge_agent.profile import Profile, Reflex, ReflexesProfile, WakeProfile
from edge_agent.reflexes.barge_in import (
    GO_ON_QUIET_MS,
    NOISE_MS,
    SENTENCE_PHONES,
    SURE_SCORE,
    SUSPECT_SCORE,
    Action,
    Evidence,
    Stage,
    decide,
)
from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples
from tests.dialogue.fakes import Dialogue, Said

TIME = Said(1.0, "what time is it", "GetTime")  # answered from 2.3 s on with "It's twelve o'clock."
HUM = Said(2.6, "mm", is_hum=True)
SENTENCE = Said(2.6, "well i would rather know about tomorrow")
STOP = Said(2.6, "stop stop", "Stop")
ON = Reflex()


def stages(dialogue: Dialogue) -> list[str]:
    return [event.stage for event in dialogue.of("barge_in")]


def level(dialogue: Dialogue, from_sample: int, for_ms: float) -> float:
    return float(np.abs(dialogue.agent_sound[from_sample : from_sample + ms_to_samples(for_ms)]).max(initial=0.0))


def test_the_agent_is_silent_one_hop_after_it_is_sure() -> None:
    dialogue = Dialogue([TIME, SENTENCE]).run(8.0)
    stop = next(event for event in dialogue.of("barge_in") if event.stage == "stop")
    assert level(dialogue, stop.at_sample - ms_to_samples(60), 30) > 0.05
    assert level(dialogue, stop.at_sample + ms_to_samples(10), 300) == 0.0
    assert stop.at_sample - ms_to_samples(2600) <= ms_to_samples(60)


def test_a_voice_in_what_is_nothing_but_echo_is_the_agents_own() -> None:
    dialogue = Dialogue([TIME, SENTENCE])
    near = dialogue.agent.hop.parts.near

    def deny(*_: object) -> None:
        near.is_denied = True

    near.step = deny  # type: ignore[method-assign]
    assert not dialogue.run(5.0).of("barge_in")


def test_after_a_hum_it_goes_on_from_the_word_that_was_cut() -> None:
    dialogue = Dialogue([TIME, HUM]).run(8.0)
    assert [stage for stage in stages(dialogue) if stage != "duck"] == ["stop", "resume"]
    stop, resume = dialogue.of("barge_in")[-2:]
    assert resume.at_sample - ms_to_samples(1000 * HUM.end_s) <= ms_to_samples(500)
    assert level(dialogue, resume.at_sample + ms_to_samples(20), 200) > 0.05
    whole = Dialogue([TIME]).run(8.0)
    heard_twice = np.count_nonzero(dialogue.agent_sound) - np.count_nonzero(whole.agent_sound)
    assert 0 <= heard_twice <= ms_to_samples(stop.heard_ms)
    assert [event.text for event in dialogue.of("reply")] == ["It's twelve o'clock."]


def test_after_a_sentence_the_rest_is_dropped_and_what_was_heard_is_told() -> None:
    dialogue = Dialogue([TIME, SENTENCE]).run(5.0)
    drop = dialogue.of("barge_in")[-1]
    first = dialogue.of("first_audio")[0].at_sample
    stop = next(event for event in dialogue.of("barge_in") if event.stage == "stop")
    assert drop.stage == "drop"
    assert drop.heard_ms == pytest.approx((stop.at_sample - first) / 16, abs=20)
    assert "it's twelve o'clock".startswith(drop.heard)


def test_a_command_over_the_reply_is_carried_out() -> None:
    dialogue = Dialogue([TIME, STOP]).run(8.0)
    assert stages(dialogue)[-1] == "drop"
    assert [event.intent for event in dialogue.of("intent")] == ["GetTime", "Stop"]


def test_okay_over_the_reply_is_no_answer_to_anything() -> None:
    dialogue = Dialogue([TIME, Said(2.6, "okay", "Yes")]).run(8.0)
    assert [event.intent for event in dialogue.of("intent")] == ["GetTime"]


def test_a_deaf_agent_is_interrupted_by_its_wake_phrase() -> None:
    profile = Profile(name="test", wake=WakeProfile(phrases=("jarvis",)))
    dialogue = Dialogue([TIME], profile=profile, woken_at_s=(0.6, 2.7), hears_over_itself=False).run(8.0)
    assert stages(dialogue) == ["drop"]
    assert dialogue.one("barge_in").latency_ms == 0.0
    assert level(dialogue, ms_to_samples(2_780), 1_000) == 0.0


def test_nothing_happens_when_it_is_off() -> None:
    profile = Profile(name="test", reflexes=ReflexesProfile(barge_in=Reflex(enabled=False)))
    assert not Dialogue([TIME, SENTENCE], profile=profile).run(4.0).of("barge_in")


def test_an_agent_that_does_not_speak_is_not_interrupted() -> None:
    assert decide(ON, Evidence(stage=Stage.SILENT, near_score=99.0)) is Action.NONE


@pytest.mark.parametrize(
    ("evidence", "action"),
    [
        (Evidence(stage=Stage.SPEAKING, near_score=SUSPECT_SCORE - 0.1), Action.NONE),
        (Evidence(stage=Stage.SPEAKING, near_score=SUSPECT_SCORE), Action.DUCK),
        (Evidence(stage=Stage.SPEAKING, near_score=SURE_SCORE), Action.HOLD),
        (Evidence(stage=Stage.DUCKED, near_score=SURE_SCORE), Action.HOLD),
        (Evidence(stage=Stage.DUCKED, quiet_ms=200.0), Action.UNDUCK),
        (Evidence(stage=Stage.HELD, quiet_ms=GO_ON_QUIET_MS - 10), Action.NONE),
        (Evidence(stage=Stage.HELD, quiet_ms=GO_ON_QUIET_MS), Action.GO_ON),
        (Evidence(stage=Stage.HELD, near_ms=NOISE_MS), Action.GO_ON),
        (Evidence(stage=Stage.HELD, near_ms=NOISE_MS, voiced_ms=NOISE_MS, num_phones=2), Action.NONE),
        (Evidence(stage=Stage.HELD, num_phones=SENTENCE_PHONES), Action.DROP),
        (Evidence(stage=Stage.HELD, is_command=True, num_phones=3), Action.DROP),
        (Evidence(stage=Stage.HELD, is_command=True, num_phones=1), Action.NONE),
    ],
)
def test_what_is_done(evidence: Evidence, action: Action) -> None:
    assert decide(ON, evidence) is action


def test_a_higher_intensity_yields_sooner() -> None:
    evidence = Evidence(stage=Stage.SPEAKING, near_score=0.6 * SURE_SCORE)
    assert decide(Reflex(intensity=1.0), evidence) is Action.HOLD
    assert decide(Reflex(intensity=0.5), evidence) is not Action.HOLD


def test_a_reply_that_is_held_for_ever_is_given_up() -> None:
    dialogue = Dialogue([TIME]).run(2.6)
    dialogue.agent.hop.parts.yielding.step = lambda at_sample, near: None  # type: ignore[method-assign]
    dialogue.agent.talk.hold()
    dialogue.run(0.1)
    assert not dialogue.agent.talk.is_idle
    dialogue.run(9.0)
    assert dialogue.agent.talk.is_idle
    assert dialogue.agent.hop.at_sample > 11 * SAMPLE_RATE_HZ
