"""The talker's low pitch, by the published rule: at least 110 ms under the 26th percentile."""

import math

import pytest

from edge_agent.reflexes.melody import LONG_AGO_SAMPLE, Melody
from edge_agent.units import HOP_SAMPLES


class Singer:
    """Feeds a melody hop by hop."""

    def __init__(self) -> None:
        self.melody = Melody()
        self.at_sample = 0

    def sing(self, duration_ms: int, pitch_hz: float, level_db: float = -20.0) -> None:
        for _ in range(duration_ms // 10):
            self.at_sample += HOP_SAMPLES
            self.melody.step(self.at_sample, level_db, pitch_hz, is_loud=level_db > -50)

    def talk(self) -> None:
        """A second and a half between 140 and 200 Hz."""
        for pitch_hz in (160, 200, 180, 170, 190, 150, 185, 140, 195, 175) * 15:
            self.sing(10, pitch_hz)


def test_a_long_low_stretch_is_found_where_it_is() -> None:
    singer = Singer()
    singer.talk()
    begins = singer.at_sample
    singer.sing(200, 110)
    assert singer.melody.low_since_sample == begins
    assert singer.melody.low_until_sample == singer.at_sample


@pytest.mark.parametrize(("duration_ms", "pitch_hz"), [(100, 110), (200, 180)])
def test_a_short_or_high_one_is_none(duration_ms: int, pitch_hz: float) -> None:
    singer = Singer()
    singer.talk()
    before = singer.melody.low_until_sample
    singer.sing(duration_ms, pitch_hz)
    assert singer.melody.low_until_sample == before == LONG_AGO_SAMPLE


def test_a_consonant_inside_does_not_end_it_but_a_pause_does() -> None:
    singer = Singer()
    singer.talk()
    for gap_ms, is_found in ((30, True), (120, False)):
        singer.melody.low_until_sample = LONG_AGO_SAMPLE
        singer.sing(70, 110)
        singer.sing(gap_ms, 0.0)
        singer.sing(60, 110)
        assert (singer.melody.low_until_sample != LONG_AGO_SAMPLE) == is_found
        singer.sing(100, 190)


def test_falls_are_against_the_talkers_own_median() -> None:
    singer = Singer()
    assert math.isnan(singer.melody.pitch_fall_semitones)
    assert math.isnan(singer.melody.level_fall_db(-20))
    singer.talk()
    singer.sing(100, 90, -32.0)
    singer.sing(60, 90, -32.0)
    assert 10 < singer.melody.pitch_fall_semitones < 14
    assert singer.melody.level_fall_db(-20) == pytest.approx(12)


def test_silence_teaches_nothing_and_another_talker_begins_anew() -> None:
    singer = Singer()
    singer.talk()
    singer.sing(100, 90, -80.0)
    assert singer.melody.level_fall_db(-20) == pytest.approx(0)
    singer.melody.reset()
    assert math.isnan(singer.melody.pitch_fall_semitones)
