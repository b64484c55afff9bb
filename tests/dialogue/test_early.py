"""An answer that begins before the turn has ended: when it may, what it costs, and what the turn amounts to."""

import math
from typing import Any

import numpy as np
import pytest

from edge_agent.models.decoder import Hypothesis
from edge_agent.profile import AudioProfile, EndpointingProfile, Profile
from edge_agent.reflexes.endpointing import ANSWER_SHARE, Endpointing, Evidence
from edge_agent.talking.early import EarlyAnswer
from edge_agent.turn import ANSWERED_MS, Change, Grammar, Turn
from edge_agent.units import HOP_SAMPLES, STEP_MS, STEP_SAMPLES, ms_to_samples
from tests.dialogue.fakes import Dialogue, Said, hypothesis

TIMER = "set a timer for five minutes"
SETTINGS = EndpointingProfile(could_go_on_ms=500)


def answer_ms(grammar: Grammar = Grammar.COULD_GO_ON, **known: Any) -> float:
    return Endpointing(SETTINGS).answer_ms(Evidence(grammar=grammar, **known), 500.0)


def test_only_what_could_go_on_is_answered_before_its_end_and_doubt_makes_that_later() -> None:
    assert answer_ms() == pytest.approx(ANSWER_SHARE * 500.0)
    assert answer_ms() < answer_ms(confidence=0.9) < answer_ms(confidence=0.5) == 500.0
    assert math.isinf(answer_ms(steady_ms=STEP_MS)), "it was read otherwise a moment ago"
    for grammar in (Grammar.NO_MATCH, Grammar.INCOMPLETE, Grammar.COMPLETE):
        assert math.isinf(answer_ms(grammar))


class Steps:
    """Feeds a turn one listener step after the other, and answers it as soon as that may be."""

    def __init__(self, settings: EndpointingProfile = SETTINGS) -> None:
        self.turn = Turn(settings)
        self.at_sample = 0

    def feed(self, duration_ms: int, p_voice: float) -> list[Change]:
        changes = []
        for _ in range(duration_ms // STEP_MS):
            self.at_sample += STEP_SAMPLES
            self.turn.listen(self.at_sample, p_voice)
            self.turn.read(Grammar.COULD_GO_ON)
            change = self.turn.follow(self.at_sample, agent_speaks=self.turn.is_answered)
            self.turn.is_answered |= change is Change.MAY_BE_ALL
            changes.append(change)
        return [change for change in changes if change not in (Change.NONE, Change.PAUSED)]


def test_an_answered_turn_stays_open_for_who_goes_on_and_is_slower_with_them_afterwards() -> None:
    steps = Steps()
    assert steps.feed(1_000, 0.9) == [Change.STARTED]
    assert steps.feed(600, 0.1) == [Change.MAY_BE_ALL]
    assert steps.feed(400, 0.9) == [Change.RESUMED]
    assert not steps.turn.is_answered
    assert steps.turn.endpointing.pace.factor > 1.2


def test_it_ends_when_nothing_more_came() -> None:
    steps = Steps()
    steps.feed(1_000, 0.9)
    assert steps.feed(int(ANSWERED_MS) - STEP_MS, 0.1) == [Change.MAY_BE_ALL]
    assert steps.feed(2 * STEP_MS, 0.1)[0] is Change.ENDED


def test_the_profile_switches_it_off() -> None:
    steps = Steps(EndpointingProfile(could_go_on_ms=500, answers_early=False))
    steps.feed(1_000, 0.9)
    assert steps.feed(600, 0.1)[0] is Change.ENDED


def heard(*words: str, at_frame: int = 0, **known: object) -> Hypothesis:
    found: dict[str, object] = {"intent": "StartTimer", "is_complete": True, "can_continue": True, "confidence": 0.9}
    frames = {"first_frame": at_frame, "last_phone_frame": at_frame + 20}
    return hypothesis(words=words, **(found | frames | known))


class QuietTalk:
    """A talk that remembers what was said."""

    is_idle = True
    heard_ms = 120.0
    heard_text = "timer"

    def __init__(self) -> None:
        self.said: list[str] = []

    def answers(self, last_voiced_sample: int) -> None: ...

    def say(self, text: str) -> None:
        self.said.append(text)

    def stop(self, fade_ms: float) -> None:
        self.said.pop()


FIRST, MORE = heard("timer", "five"), heard("timer", "five", "and", "ten")
STOP = heard("stop", at_frame=60, intent="Stop", can_continue=False)


def settled(words: Hypothesis, rest: Hypothesis) -> list[Hypothesis | None]:
    """What a turn amounts to that was answered and went on."""
    early = EarlyAnswer(QuietTalk(), lambda event: None)  # type: ignore[arg-type]
    assert early.begin(0, FIRST, "Timer set.", 0)
    early.take_back(0)
    found = early.settle(words, lambda: rest)
    return [found.first, found.heard]


def test_what_adds_to_the_answered_command_is_one_command_with_it() -> None:
    assert settled(MORE, STOP) == [None, MORE]


@pytest.mark.parametrize(
    "words", [FIRST, heard("timer", confidence=0.2), STOP, heard("timer", "no", "kitchen", instead={"area": "kitchen"})]
)
def test_a_command_by_itself_is_one_more(words: Hypothesis) -> None:
    assert settled(words, STOP) == [FIRST, STOP]


@pytest.mark.parametrize("rest", [hypothesis(), heard("okay", intent="Yes"), heard("no", "ten", intent="Correct")])
def test_a_cough_or_an_okay_is_none(rest: Hypothesis) -> None:
    assert settled(FIRST, rest) == [None, FIRST]


def test_what_was_answered_stands_whatever_is_read_afterwards() -> None:
    early = EarlyAnswer(QuietTalk(), lambda event: None)  # type: ignore[arg-type]
    assert early.settle(MORE, lambda: STOP).heard is MORE, "nothing was answered"
    early.begin(0, FIRST, "Timer set.", 0)
    assert early.settle(MORE, lambda: STOP).heard is FIRST


def test_the_answer_stops_within_a_hop_and_nothing_was_done_yet() -> None:
    script = [
        Said(0.5, TIMER, "StartTimer", {"minutes": 5}, can_continue=True),
        Said(2.9, "and thirty seconds", "StartTimer", {"minutes": 5, "seconds": 30}, already=TIMER),
    ]
    dialogue = Dialogue(script).run(2.88)
    assert [reply.text for reply in dialogue.of("reply")] == ["Timer set for five minutes."]
    assert not dialogue.agent.skills.timers.running
    dialogue.run(4.0)
    at = dialogue.one("goes_on").at_sample
    after = dialogue.agent_sound[at + 2 * HOP_SAMPLES : dialogue.of("reply")[1].at_sample]
    assert np.abs(dialogue.agent_sound[at - ms_to_samples(100) : at]).max() > 0.1, "it sounded until then"
    assert np.abs(after).max() == 0.0
    assert dialogue.one("intent").slots == {"minutes": 5, "seconds": 30}
    assert len(dialogue.agent.skills.timers.running) == 1


def test_who_would_not_hear_the_user_over_itself_does_not_begin() -> None:
    script = [Said(0.5, TIMER, "StartTimer", {"minutes": 5}, can_continue=True)]
    dialogue = Dialogue(script, hears_over_itself=False, profile=Profile(name="deaf", audio=AudioProfile(echo="off")))
    order = [event.name for event in dialogue.run(4.0).events if event.name in ("end_of_turn", "intent", "reply")]
    assert order == ["end_of_turn", "intent", "reply"]
