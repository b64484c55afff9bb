"""How long a silence is waited for, by each piece of evidence alone, and what a talker's pace does to it."""

import math
from typing import Any

import pytest

from edge_agent.profile import EndpointingProfile
from edge_agent.reflexes.endpointing import GREATEST_PACE, LEAST_PACE, Endpointing, Evidence, Grammar, Pace
from edge_agent.turn import Turn
from edge_agent.units import HOP_SAMPLES, STEP_MS, STRIDE_HOPS, ms_to_samples

SETTINGS = EndpointingProfile(complete_ms=120, could_go_on_ms=480, incomplete_ms=1400, no_intent_ms=800)


def wait_ms(grammar: Grammar = Grammar.COULD_GO_ON, **known: Any) -> float:
    return Endpointing(SETTINGS).wait_ms(Evidence(grammar=grammar, **known))


@pytest.mark.parametrize(
    ("grammar", "neutral_ms"),
    [(Grammar.COMPLETE, 120), (Grammar.COULD_GO_ON, 480), (Grammar.INCOMPLETE, 1400), (Grammar.NO_MATCH, 800)],
)
def test_without_evidence_the_profile_decides(grammar: Grammar, neutral_ms: float) -> None:
    assert wait_ms(grammar) == pytest.approx(neutral_ms)


@pytest.mark.parametrize(
    ("name", "hold", "end"),
    [("level_fall_db", 0.0, 15.0), ("pitch_fall_semitones", -6.0, 6.0), ("p_eot", 0.1, 0.9)],
)
def test_what_sounds_like_an_end_is_waited_for_less(name: str, hold: float, end: float) -> None:
    assert wait_ms(**{name: end}) < wait_ms() < wait_ms(**{name: hold})


def test_the_listeners_own_word_counts_more_than_level_and_pitch() -> None:
    assert wait_ms(p_eot=0.99, level_fall_db=0.0, pitch_fall_semitones=-6.0) < wait_ms()
    assert wait_ms(p_eot=0.01, level_fall_db=15.0, pitch_fall_semitones=6.0) > wait_ms()
    assert wait_ms(p_eot=0.4, level_fall_db=15.0) < wait_ms(p_eot=0.4) < wait_ms(p_eot=0.4, level_fall_db=0.0)


@pytest.mark.parametrize("p_eot", [0.0, 1.0])
def test_certainty_is_no_division_by_zero(p_eot: float) -> None:
    assert math.isfinite(wait_ms(p_eot=p_eot))


def test_a_settled_command_is_waited_for_longer_only_on_the_listeners_word_and_for_doubt() -> None:
    assert wait_ms(Grammar.COMPLETE, level_fall_db=0.0, pitch_fall_semitones=-6.0) == pytest.approx(120)
    assert wait_ms(Grammar.COMPLETE, p_eot=0.1) > 240
    assert wait_ms(Grammar.COMPLETE, p_eot=0.99) < 120
    assert wait_ms(Grammar.COMPLETE, confidence=0.6) > 250
    assert wait_ms(Grammar.COMPLETE, steady_ms=40.0) == pytest.approx(480)


def test_a_slow_talker_is_waited_for_and_a_quick_one_less() -> None:
    slow, quick = Pace(), Pace()
    for _ in range(4):
        slow.held(700)
        quick.ended()
    assert 1.4 < slow.factor <= GREATEST_PACE
    assert LEAST_PACE <= quick.factor < 0.95


def test_who_was_cut_off_is_given_more_time_and_forgiven_later() -> None:
    pace = Pace()
    pace.cut_off()
    after = pace.factor
    assert after == pytest.approx(1.3)
    for _ in range(30):
        pace.ended()
    assert pace.factor < 0.9


class Talker:
    """Feeds a turn hop by hop: level, pitch and a p_voice that falls 200 ms after the voice."""

    def __init__(self, delay_samples: int = 0) -> None:
        self.turn = Turn(SETTINGS, delay_samples=delay_samples)
        self.at_sample = 0
        self._quiet_ms = 10_000.0
        self.ended_at_ms: list[float] = []

    def speak(self, duration_ms: int, level_db: float = -20.0, *, p_voice: float = 0.95) -> None:
        for _ in range(duration_ms // 10):
            self.at_sample += HOP_SAMPLES
            is_voiced = level_db > -50
            self._quiet_ms = 0.0 if is_voiced else self._quiet_ms + 10.0
            self.turn.hear(self.at_sample, level_db, 120.0 if is_voiced else 0.0, 0.9 if is_voiced else 0.0)
            if self.at_sample % (STRIDE_HOPS * HOP_SAMPLES) == 0:
                self.turn.listen(self.at_sample, p_voice if self._quiet_ms <= 200 else 0.02)
                self.turn.read(Grammar.COMPLETE)
            if self.turn.follow(self.at_sample, agent_speaks=False).name == "ENDED":
                self.ended_at_ms.append(self.at_sample / 16)
                self.turn.close()

    def pause(self, duration_ms: int, noise_db: float = -65.0) -> None:
        self.speak(duration_ms, noise_db)


def test_the_end_is_seen_in_the_level_before_the_network_tells() -> None:
    talker = Talker()
    talker.pause(500)
    talker.speak(1_000)
    talker.pause(600)
    assert talker.ended_at_ms == [pytest.approx(1_500 + 120, abs=10)]
    assert talker.turn.last_voiced_sample == 1_500 * 16


def test_what_the_network_still_says_after_an_end_begins_no_turn() -> None:
    talker = Talker()
    talker.pause(500)
    talker.speak(1_000)
    talker.pause(2_000)
    assert len(talker.ended_at_ms) == 1
    assert not talker.turn.is_open


def test_no_turn_ends_before_the_listener_has_heard_its_last_word() -> None:
    talker = Talker(delay_samples=ms_to_samples(160))
    talker.pause(500)
    talker.speak(1_000)
    talker.pause(600)
    assert talker.ended_at_ms == [pytest.approx(1_500 + 160 + STEP_MS, abs=10)]


def test_what_the_network_still_says_after_a_turn_was_dropped_begins_none() -> None:
    talker = Talker()
    talker.pause(500)
    talker.speak(1_000)
    talker.turn.close()
    talker.pause(2_000)
    assert talker.ended_at_ms == []
    assert not talker.turn.is_open


def test_a_click_in_the_silence_does_not_prolong_it() -> None:
    talker = Talker()
    talker.pause(500)
    talker.speak(1_000)
    talker.pause(50)
    talker.speak(20, -15.0)
    talker.pause(400)
    assert talker.ended_at_ms == [pytest.approx(1_620, abs=10)]


def test_noise_that_is_no_voice_does_not_hold_the_turn() -> None:
    talker = Talker()
    talker.pause(500)
    talker.speak(1_000)
    talker.speak(1_500, -30.0, p_voice=0.05)
    assert len(talker.ended_at_ms) == 1
    assert talker.ended_at_ms[0] < 2_300


def test_the_floor_of_noise_is_found_again_when_it_rises() -> None:
    talker = Talker()
    talker.pause(500)
    talker.pause(6_000, -52.0)
    talker.speak(1_000)
    talker.pause(500, -52.0)
    assert talker.ended_at_ms == [pytest.approx(7_500 + 120, abs=20)]


def test_an_end_tells_why() -> None:
    talker = Talker()
    talker.pause(500)
    talker.speak(1_000)
    talker.pause(400)
    wait, p_end, p_eot, level_fall_db, pitch_fall, confidence, pace = talker.turn.why()
    assert wait is not None
    assert wait <= 120
    assert p_end is not None
    assert p_eot is None
    assert (level_fall_db, pitch_fall, confidence, pace) == (0.0, pytest.approx(0.0, abs=0.1), 1.0, 1.0)
