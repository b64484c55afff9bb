"""A command is answered, an open question is apologised for, a cough is neither."""

import numpy as np
import pytest

from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples
from tests.dialogue.fakes import Dialogue, Said

TIMER = Said(1.0, "set a timer for five minutes", "StartTimer", {"minutes": 5})
WEATHER = Said(1.0, "what is the weather like in new york")


def test_a_command_is_understood_and_answered() -> None:
    dialogue = Dialogue([TIMER]).run(8.0)
    intent = dialogue.one("intent")
    assert (intent.intent, intent.slots) == ("StartTimer", {"minutes": 5})
    assert dialogue.one("reply").text == "Timer set for five minutes."
    assert dialogue.voice.said == ["Timer set for five minutes."]
    order = [event.name for event in dialogue.events if event.name not in ("partial", "nod", "gaze", "posture")]
    committed = [name for name in order if name == "committed"]
    assert [name for name in order if name != "committed"] == [
        "speech_started",
        "end_of_turn",
        "intent",
        "reply",
        "first_audio",
    ]
    assert committed


def test_a_complete_command_ends_after_its_own_silence_and_says_why() -> None:
    dialogue = Dialogue([TIMER]).run(8.0)
    end = dialogue.one("end_of_turn")
    settings = dialogue.kit.profile.endpointing
    assert end.reason == "complete"
    assert end.text == "set a timer for five minutes"
    assert settings.complete_ms <= end.silence_ms <= settings.complete_ms + 40
    assert end.at_sample - end.last_voice_sample == ms_to_samples(end.silence_ms)


def test_first_audio_counts_from_the_last_voiced_sample_to_the_loudspeaker() -> None:
    dialogue = Dialogue([TIMER]).run(8.0)
    first = dialogue.one("first_audio")
    sounding = np.flatnonzero(dialogue.agent_sound)
    last_voiced = first.at_sample - ms_to_samples(first.latency_ms)
    assert abs(sounding[0] - first.at_sample) <= 16, "the stamp is the sample at which the loudspeaker begins"
    assert abs(last_voiced - TIMER.end_s * SAMPLE_RATE_HZ) <= ms_to_samples(40)
    assert first.latency_ms <= 300


def test_words_are_shown_as_they_come_and_only_when_they_change() -> None:
    dialogue = Dialogue([TIMER]).run(8.0)
    shown = [event for event in dialogue.events if event.name in ("partial", "committed")]
    assert shown[0].text == "set"
    assert shown[-1].text == "set a timer for five minutes"
    stamps = [event.at_sample for event in shown if event.at_sample < dialogue.one("end_of_turn").at_sample]
    assert len(stamps) == len(set(stamps)), "at most one for each listener step"
    assert len({(event.name, event.text) for event in shown}) == len(shown)


def test_an_unfinished_command_is_waited_for() -> None:
    begun = Said(1.0, "set a timer for", is_begun=True)
    rest = Said(3.1, "five minutes", "StartTimer", {"minutes": 5}, already="set a timer for")
    dialogue = Dialogue([begun, rest]).run(8.0)
    assert dialogue.one("intent").slots == {"minutes": 5}
    assert dialogue.one("end_of_turn").text == "set a timer for five minutes"


def test_an_unfinished_command_that_stays_so_is_asked_for_again() -> None:
    dialogue = Dialogue([Said(1.0, "set a timer for", is_begun=True)]).run(8.0)
    assert dialogue.one("end_of_turn").reason == "incomplete"
    assert dialogue.one("reply").text == "not_understood_1"


def test_a_command_that_could_go_on_waits_longer_than_one_that_cannot() -> None:
    def silence_ms(can_continue: bool) -> float:
        said = Said(1.0, "turn on the light", "TurnOn", {}, can_continue=can_continue)
        return Dialogue([said]).run(6.0).one("end_of_turn").silence_ms

    assert silence_ms(True) - silence_ms(False) >= 200


def test_an_open_question_gets_a_filler_and_the_apology() -> None:
    dialogue = Dialogue([WEATHER]).run(9.0)
    assert dialogue.one("filler").at_sample < dialogue.one("reply").at_sample
    assert dialogue.one("no_intent").confidence == pytest.approx(0.1)
    assert not dialogue.one("offload").allowed
    assert dialogue.one("reply").text == "no_cloud_1"
    kinds = [event.kind for event in dialogue.of("first_audio")]
    assert kinds == ["filler", "reply"]
    assert dialogue.of("first_audio")[0].latency_ms < 450


def test_the_apology_does_not_begin_before_the_filler_has_ended() -> None:
    dialogue = Dialogue([WEATHER]).run(9.0)
    filler, reply = (event.at_sample for event in dialogue.of("first_audio"))
    assert reply - filler >= ms_to_samples(300)


def test_a_cough_is_no_turn() -> None:
    class Cough(Said):
        end_s = 1.12

    dialogue = Dialogue([Cough(1.0, "ahem")]).run(5.0)
    assert dialogue.one("end_of_turn").reason == "noise"
    assert not dialogue.of("no_intent")
    assert not dialogue.of("reply")


def test_silence_costs_the_decoder_nothing() -> None:
    dialogue = Dialogue([]).run(3.0)
    assert dialogue.events == []
    assert dialogue.decoder.num_steps == 0
    assert not np.any(dialogue.agent_sound)


def test_two_commands_are_two_turns() -> None:
    again = Said(6.0, "cancel the timer", "CancelTimer")
    dialogue = Dialogue([TIMER, again]).run(10.0)
    assert [event.intent for event in dialogue.of("intent")] == ["StartTimer", "CancelTimer"]
    assert [event.text for event in dialogue.of("reply")][1] == "Timer cancelled."


def test_repeat_says_the_last_reply_again() -> None:
    dialogue = Dialogue([TIMER, Said(6.0, "say that again", "Repeat")]).run(11.0)
    assert [event.text for event in dialogue.of("reply")] == ["Timer set for five minutes."] * 2
