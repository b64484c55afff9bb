"""The floor and the end of a turn, step by step, from probabilities alone."""

import pytest

from edge_agent.profile import EndpointingProfile
from edge_agent.turn import LONGEST_TURN_MS, Change, Floor, Grammar, Turn
from edge_agent.units import STEP_MS, STEP_SAMPLES, ms_to_samples

SETTINGS = EndpointingProfile(complete_ms=200, could_go_on_ms=480, incomplete_ms=1400, no_intent_ms=800)


class Steps:
    """Feeds a turn one listener step after the other."""

    def __init__(self, delay_samples: int = 0) -> None:
        self.turn = Turn(SETTINGS, delay_samples=delay_samples)
        self.at_sample = 0

    def feed(
        self, duration_ms: int, p_voice: float, grammar: Grammar = Grammar.NO_MATCH, *, agent_speaks: bool = False
    ) -> list[Change]:
        changes = []
        for _ in range(duration_ms // STEP_MS):
            self.at_sample += STEP_SAMPLES
            self.turn.listen(self.at_sample, p_voice)
            self.turn.read(grammar)
            changes.append(self.turn.follow(self.at_sample, agent_speaks=agent_speaks))
        return [change for change in changes if change is not Change.NONE]


@pytest.mark.parametrize(
    ("grammar", "wait_ms"),
    [
        (Grammar.COMPLETE, SETTINGS.complete_ms),
        (Grammar.COULD_GO_ON, SETTINGS.could_go_on_ms),
        (Grammar.INCOMPLETE, SETTINGS.incomplete_ms),
        (Grammar.NO_MATCH, SETTINGS.no_intent_ms),
    ],
)
def test_the_grammar_decides_how_long_a_silence_is_waited_for(grammar: Grammar, wait_ms: int) -> None:
    steps = Steps()
    steps.feed(1_000, 0.9, grammar)
    assert Change.ENDED not in steps.feed(wait_ms - STEP_MS, 0.1, grammar)
    assert steps.feed(2 * STEP_MS, 0.1, grammar)[0] is Change.ENDED


def test_the_end_carries_its_evidence() -> None:
    steps = Steps()
    steps.feed(1_000, 0.9, Grammar.COMPLETE)
    last_voiced = steps.at_sample
    steps.feed(200, 0.1, Grammar.COMPLETE)
    assert steps.turn.reason == "complete"
    assert steps.turn.silence_ms == 200
    assert steps.turn.last_voiced_sample == last_voiced
    assert steps.turn.voiced_ms == 1_000


def test_the_listeners_look_ahead_is_no_voice_of_the_user() -> None:
    look_ahead = ms_to_samples(80)
    steps = Steps(delay_samples=look_ahead)
    steps.feed(1_000, 0.9)
    spoken_until = steps.at_sample - look_ahead
    steps.feed(120, 0.1, Grammar.COMPLETE)
    assert steps.turn.last_voiced_sample == spoken_until
    assert steps.turn.reason == "complete", "80 ms of look-ahead and 120 ms are 200 ms of silence"


def test_one_loud_step_is_no_voice() -> None:
    steps = Steps()
    assert steps.feed(STEP_MS, 0.99) == []
    assert steps.feed(400, 0.1) == []
    assert steps.turn.floor is Floor.QUIET


def test_a_weak_syllable_does_not_end_the_voice_but_does_not_begin_it_either() -> None:
    steps = Steps()
    assert steps.feed(400, 0.45) == []
    assert steps.feed(80, 0.9) == [Change.STARTED]
    steps.feed(2_000, 0.45, Grammar.COMPLETE)
    assert steps.turn.silence_ms == 0


def test_a_pause_is_a_hold_and_going_on_is_told() -> None:
    steps = Steps()
    steps.feed(800, 0.9, Grammar.INCOMPLETE)
    assert steps.feed(240, 0.1, Grammar.INCOMPLETE) == [Change.PAUSED]
    assert steps.turn.floor is Floor.HOLD
    assert steps.feed(80, 0.9, Grammar.INCOMPLETE) == [Change.RESUMED]
    assert steps.turn.floor is Floor.LISTENING


def test_the_floor_is_shared_while_both_speak() -> None:
    steps = Steps()
    steps.feed(80, 0.1, agent_speaks=True)
    assert steps.turn.floor is Floor.SPEAKING
    steps.feed(120, 0.9, agent_speaks=True)
    assert steps.turn.floor is Floor.OVERLAP


def test_noise_that_never_ends_is_closed() -> None:
    steps = Steps()
    changes = steps.feed(LONGEST_TURN_MS + 200, 0.9, Grammar.INCOMPLETE)
    assert changes[:2] == [Change.STARTED, Change.ENDED]
    assert steps.turn.reason == "too_long"


def test_the_next_voice_after_a_close_is_a_new_turn() -> None:
    steps = Steps()
    steps.feed(800, 0.9)
    steps.turn.close()
    assert not steps.turn.is_open
    assert steps.feed(80, 0.9) == [Change.STARTED]


def test_who_pauses_and_goes_on_is_waited_for_longer() -> None:
    steps = Steps()
    steps.feed(800, 0.9)
    steps.feed(600, 0.1)
    steps.feed(80, 0.9)
    assert steps.turn.endpointing.pace.factor > 1.3


@pytest.mark.parametrize(("pause_ms", "is_longer"), [(400, True), (2_000, False)])
def test_when_the_next_turn_begins_tells_whether_the_last_was_cut_off(pause_ms: int, is_longer: bool) -> None:
    steps = Steps()
    steps.feed(800, 0.9, Grammar.COMPLETE)
    assert steps.feed(200, 0.1, Grammar.COMPLETE)[-1] is Change.ENDED
    steps.turn.close()
    steps.feed(pause_ms, 0.1)
    steps.feed(80, 0.9)
    factor = steps.turn.endpointing.pace.factor
    assert factor > 1.0 if is_longer else factor < 1.0
