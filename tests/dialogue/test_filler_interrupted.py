"""A filler or an acknowledgement is interrupted like a reply; the reply behind it waits until it is known who spoke."""

import numpy as np

from edge_agent.events import BackChannel, Filler
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples
from tests.dialogue.fakes import STORY, Dialogue, Said

HUM = Said(1.5, "mm", is_hum=True)
SENTENCE = Said(1.5, "well i would rather know about tomorrow")


def fill(dialogue: Dialogue, reply: str) -> None:
    """A filler of 0.3 s sounds from 1.4 s on, with a reply behind it."""
    dialogue.run(1.4)
    dialogue.agent.talk.reflex(dialogue.agent.hop.at_sample, Filler)
    dialogue.agent.talk.say(reply)


def stages(dialogue: Dialogue) -> list[str]:
    return [event.stage for event in dialogue.of("barge_in") if event.stage != "duck"]


def seconds_of_sound(dialogue: Dialogue, from_sample: int) -> float:
    return float(np.count_nonzero(dialogue.agent_sound[from_sample:])) / SAMPLE_RATE_HZ


def test_a_filler_ends_when_the_user_goes_on() -> None:
    dialogue = Dialogue([STORY, Said(4.1, "and then he came back home again")]).run(4.6)
    filler, drop = dialogue.one("filler"), dialogue.of("barge_in")[-1]
    assert stages(dialogue) == ["drop"]
    assert drop.at_sample - filler.at_sample < ms_to_samples(200)
    assert seconds_of_sound(dialogue, drop.at_sample + 2 * HOP_SAMPLES) == 0.0


def test_a_reply_behind_a_filler_begins_after_a_hum() -> None:
    dialogue = Dialogue([HUM])
    fill(dialogue, "it is twelve")
    dialogue.run(4.0)
    assert stages(dialogue) == ["stop", "resume"]
    stop, resume = (event for event in dialogue.of("barge_in") if event.stage != "duck")
    assert not dialogue.agent_sound[stop.at_sample + 2 * HOP_SAMPLES : resume.at_sample].any()
    assert 0.7 < seconds_of_sound(dialogue, resume.at_sample) < 0.8, "the whole reply"
    assert dialogue.agent.talk.is_idle


def test_a_reply_behind_a_filler_is_dropped_after_a_sentence() -> None:
    dialogue = Dialogue([SENTENCE])
    fill(dialogue, "it is twelve")
    dialogue.run(1.6)
    assert stages(dialogue) == ["stop", "drop"]
    stop = next(event for event in dialogue.of("barge_in") if event.stage == "stop")
    assert seconds_of_sound(dialogue, stop.at_sample + 2 * HOP_SAMPLES) == 0.0
    assert (stop.heard_ms, stop.heard) == (0.0, "")


def test_a_back_channel_is_not_interrupted_by_the_user_who_is_meant_to_go_on() -> None:
    dialogue = Dialogue([SENTENCE]).run(1.6)
    dialogue.agent.talk.reflex(dialogue.agent.hop.at_sample, BackChannel)
    dialogue.run(0.5)
    assert not dialogue.of("barge_in")
