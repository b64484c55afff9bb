"""A loudspeaker with a clock of its own: the drift is found, and costs little once it is."""

from functools import cache

import numpy as np
import pytest

from edge_agent.audio.room import RoomDuplex
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.units import HOP_SAMPLES
from tests.dsp import reference_echo
from tests.dsp.echo_room import Heard, Scene, cancel, erle_db, scene

JUMP_S = 28.0


def jump_by_200_ms(hop: int, room: RoomDuplex) -> None:
    if hop == round(JUMP_S * 100):
        room.delay_ms += 203.3


@cache
def drifting(drift_ppm: float) -> tuple[Scene, Heard]:
    """Half a minute; near its end the loopback's delay jumps too."""
    heard = scene(32.0, drift_ppm=drift_ppm, change=jump_by_200_ms)
    return heard, cancel(heard)


@cache
def earlier_and_earlier() -> Scene:
    """Long enough for the drift to be known; at once a hop of what was played is skipped."""
    return scene(8.0, drift_ppm=-200.0, delay_ms=60.0)


def test_drift_equals_its_definition() -> None:
    definition, canceller, out = reference_echo.Canceller(), EchoCanceller(), np.zeros(HOP_SAMPLES, np.float32)
    heard = earlier_and_earlier()
    for mic, played in zip(heard.mic, heard.played, strict=True):
        expected = definition.step(mic.astype(np.float64), played.astype(np.float64))
        canceller.step(mic, played, out)
        assert np.abs(out - expected).max() <= 1e-4
        assert abs(canceller.drift_ppm - definition.drift.ppm) <= 1.0
    assert canceller.drift_ppm < -50.0


def test_drifting_clocks_cost_less_than_4_db_after_23_s_of_speech() -> None:
    (steady_scene, steady), (drifting_scene, drifted) = drifting(0.0), drifting(200.0)
    assert steady.drift_ppm[-1] == 0.0
    assert drifted.drift_ppm[2300:] == pytest.approx(200.0, abs=5.0)
    steady_db = erle_db(steady_scene, steady, 23.0, JUMP_S)
    assert erle_db(drifting_scene, drifted, 23.0, JUMP_S) > steady_db - 4.0
    assert drifted.is_converged[1500:2800].mean() > 0.99


def test_a_delay_that_jumps_while_the_clocks_drift_is_found_within_a_second_and_a_half() -> None:
    heard, got = drifting(200.0)
    found_hops = 2800 + 150
    assert 180.0 <= got.delay_ms[found_hops] <= 240.0
    assert erle_db(heard, got, JUMP_S + 1.5, 32.0) > 10.0


def test_a_drift_is_found_over_short_replies_with_pauses_in_which_it_goes_on() -> None:
    heard = scene(63.0, drift_ppm=200.0, pause_s=3.0)
    got = cancel(heard)
    assert got.drift_ppm[-1] == pytest.approx(200.0, abs=10.0)
    assert erle_db(heard, got, 60.0, 63.0) > 18.0  # 8 without


def test_without_drift_none_is_found_though_a_talker_moves_what_is_left() -> None:
    heard = scene(12.0, near_from_s=3.0, near_to_s=11.0, non_linearity=0.5)
    assert not cancel(heard).drift_ppm.any()


def test_pieces_of_any_length_give_what_the_whole_gives() -> None:
    heard, whole = earlier_and_earlier(), EchoCanceller()
    expected, canceller, rng = cancel(heard, whole).out, EchoCanceller(), np.random.default_rng(1)
    begin = 0
    while begin < len(heard.mic):
        end = begin + int(rng.integers(1, 50))
        piece = Scene(heard.mic[begin:end].copy(), heard.near[begin:end], heard.played[begin:end].copy())
        np.testing.assert_array_equal(cancel(piece, canceller).out, expected[begin:end])
        begin = end
    assert canceller.drift_ppm == whole.drift_ppm != 0.0


def test_a_drift_that_is_known_from_before_costs_nothing_from_the_start() -> None:
    heard = scene(5.0, drift_ppm=200.0)
    assert erle_db(heard, cancel(heard, EchoCanceller(200.0)), 3.0, 5.0) > erle_db(heard, cancel(heard), 3.0, 5.0) + 6.0
    again = EchoCanceller(200.0)
    again.reset()
    assert again.drift_ppm == 200.0


def test_a_drift_that_another_device_had_is_corrected() -> None:
    assert cancel(scene(16.0), EchoCanceller(200.0)).drift_ppm[-1] == pytest.approx(0.0, abs=20.0)
