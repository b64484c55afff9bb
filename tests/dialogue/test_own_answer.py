"""The agent asks on an open loudspeaker, its canceller is fooled, and it hears its own voice say yes."""

import pytest

from edge_agent.egress import Gate
from edge_agent.events import Filler
from edge_agent.offload.asking import MAY_I
from edge_agent.profile import Profile, Reflex, ReflexesProfile
from edge_agent.ring import MessageRing
from edge_agent.units import SAMPLE_RATE_HZ
from tests.dialogue.fakes import Dialogue, HummingVoice, Said

QUESTION = Said(1.0, "why is the sky blue today then")
ASKS_FOR_S = len(HummingVoice().say(MAY_I)) / SAMPLE_RATE_HZ
PROFILE = Profile(name="test", reflexes=ReflexesProfile(barge_in=Reflex(enabled=False)))  # or it would stop its echo


@pytest.fixture(autouse=True)
def fooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A canceller that takes whatever is in the microphone for a talker."""
    monkeypatch.setattr("edge_agent.dsp.echo.EchoCanceller.is_converged", True)
    monkeypatch.setattr("edge_agent.dsp.echo.EchoCanceller.near_db", 30.0)


def asking_gate() -> Gate:
    return Gate("ask", MessageRing.create(1 << 21), "cloud.example")


def conversation(*more: Said) -> tuple[Dialogue, Gate]:
    gate = asking_gate()
    dialogue = Dialogue([QUESTION, *more], profile=PROFILE, gate=gate, hears_over_itself=False)
    return dialogue.run(12.0), gate


def asked_at_s() -> float:
    dialogue, _ = conversation()
    assert dialogue.one("reply").text == MAY_I
    first = next(event for event in dialogue.of("first_audio") if event.kind == "reply")
    return float(first.at_sample / SAMPLE_RATE_HZ)


@pytest.mark.parametrize(("text", "intent"), [("yes", "Yes"), ("no", "No"), ("ask the cloud", "AskCloud")])
def test_the_agent_cannot_answer_itself(text: str, intent: str) -> None:
    dialogue, gate = conversation(Said(asked_at_s() + 0.2, text, intent))
    assert [event.reason for event in dialogue.of("end_of_turn")][-1] == "noise"
    assert not dialogue.of("intent")
    assert gate.consent == "none"


def test_who_answers_at_once_is_believed() -> None:
    dialogue, _ = conversation(Said(asked_at_s() + ASKS_FOR_S - 0.05, "yes please", "Yes"))
    assert [event.intent for event in dialogue.of("intent")] == ["Yes"]


def test_what_the_agent_says_after_an_answer_does_not_unmake_it() -> None:
    answer = Said(asked_at_s() + ASKS_FOR_S + 0.5, "yes", "Yes")
    dialogue = Dialogue([QUESTION, answer], profile=PROFILE, gate=asking_gate(), hears_over_itself=False)
    dialogue.run(answer.end_s + 0.1)
    assert not dialogue.of("intent")
    dialogue.agent.talk.reflex(dialogue.agent.hop.at_sample, Filler)
    assert [event.intent for event in dialogue.run(3.0).of("intent")] == ["Yes"]


def test_a_command_over_its_voice_is_carried_out() -> None:
    dialogue, _ = conversation(Said(asked_at_s() + 0.2, "what time is it", "GetTime"))
    assert [event.intent for event in dialogue.of("intent")] == ["GetTime"]
