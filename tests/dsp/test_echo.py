"""The canceller against its float64 definition, and in rooms, double talk and all that goes wrong in them."""

from typing import Any

import numpy as np
import pytest

from edge_agent.audio.room import RoomDuplex
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.units import HOP_SAMPLES
from tests.dsp import reference_echo
from tests.dsp.echo_room import Change, cancel, erle_db, ratio_db, scene


def at_second(second: float, change: Change) -> Change:
    def once(hop: int, room: RoomDuplex) -> None:
        if hop == round(second * 100):
            change(hop, room)

    return once


def later_by_200_ms(hop: int, room: RoomDuplex) -> None:
    room.delay_ms += 203.3


def quieter_by_12_db(hop: int, room: RoomDuplex) -> None:
    room.echo_db -= 12.0


def louder_by_10_db(hop: int, room: RoomDuplex) -> None:
    room.echo_db += 10.0


@pytest.mark.parametrize(
    "room",
    [
        {"seconds": 6.0, "near_from_s": 2.0, "near_to_s": 4.0},
        {"seconds": 6.0, "change": at_second(2.5, later_by_200_ms)},
        {"seconds": 6.0, "change": at_second(2.5, quieter_by_12_db), "non_linearity": 0.5},
        {"seconds": 4.0, "near_from_s": 1.0, "near_db": 32.0},
    ],
    ids=["double talk", "delay jump", "volume", "clipped"],
)
def test_equals_its_definition(room: dict[str, Any]) -> None:
    heard = scene(**room)
    definition, canceller, out = reference_echo.Canceller(), EchoCanceller(), np.zeros(HOP_SAMPLES, np.float32)
    for mic, played in zip(heard.mic, heard.played, strict=True):
        expected = definition.step(mic.astype(np.float64), played.astype(np.float64))
        canceller.step(mic, played, out)
        assert np.abs(out - expected).max() <= 1e-4
        assert canceller.delay_ms == 10 * definition.delay.hops


@pytest.mark.parametrize(
    ("reverberation_s", "echo_db", "non_linearity", "least_db"),
    [
        (0.2, 0.0, 0.0, 20.0),
        (0.35, 10.0, 0.0, 18.0),
        (0.6, 0.0, 0.0, 18.0),
        (0.35, -15.0, 0.0, 12.0),
        (0.35, 0.0, 0.5, 18.0),
        (0.35, 10.0, 1.0, 10.0),
    ],
)
def test_cancels_in_rooms(reverberation_s: float, echo_db: float, non_linearity: float, least_db: float) -> None:
    heard = scene(5.0, reverberation_s=reverberation_s, echo_db=echo_db, non_linearity=non_linearity)
    got = cancel(heard)
    assert erle_db(heard, got, 0.5, 1.0) > 10.0
    assert erle_db(heard, got, 3.0, 5.0) > least_db
    assert got.is_converged[100:].mean() > 0.85


@pytest.mark.parametrize("near_db", [0.0, -10.0])
def test_keeps_the_talker_in_double_talk(near_db: float) -> None:
    heard = scene(8.0, near_from_s=3.0, near_to_s=6.0, near_db=near_db)
    got = cancel(heard)
    talk = slice(310, 590)
    before_db = ratio_db(heard.near[talk], heard.echo[talk])
    after_db = ratio_db(heard.near[talk], (got.out - heard.near)[talk])
    assert after_db > before_db + 15.0
    kept = np.sum(got.out[talk] * heard.near[talk]) / np.sum(heard.near[talk] ** 2)
    assert kept == pytest.approx(1.0, abs=0.03)
    assert erle_db(heard, got, 6.2, 8.0) > 20.0  # and the filter is none the worse


def test_finds_a_long_delay() -> None:
    heard = scene(4.0, delay_ms=500.0)
    got = cancel(heard)
    assert 480.0 <= got.delay_ms[-1] <= 510.0
    assert erle_db(heard, got, 2.5, 4.0) > 15.0


def test_finds_the_delay_again_after_a_jump() -> None:
    heard = scene(7.0, change=at_second(3.0, later_by_200_ms))
    got = cancel(heard)
    assert 210.0 <= got.delay_ms[400] <= 250.0  # a second later
    assert erle_db(heard, got, 5.0, 7.0) > 15.0


@pytest.mark.parametrize("change", [quieter_by_12_db, louder_by_10_db])
def test_follows_a_volume_changed_during_a_reply(change: Change) -> None:
    heard = scene(5.0, echo_db=-5.0, change=at_second(3.0, change))
    got = cancel(heard)
    assert erle_db(heard, got, 3.5, 5.0) > 10.0


def test_muted_microphone_stays_silent_and_costs_nothing_learned() -> None:
    def mute(hop: int, room: RoomDuplex) -> None:
        room.is_muted = 300 <= hop < 400

    heard = scene(6.0, change=mute)
    got = cancel(heard)
    assert not got.out[300:400].any()
    assert erle_db(heard, got, 4.0, 6.0) > 18.0


def test_clipping_costs_nothing_learned() -> None:
    heard = scene(6.0, near_from_s=3.0, near_to_s=4.0, near_db=32.0)
    assert np.max(np.abs(heard.mic[300:400])) > 0.999
    got = cancel(heard)
    assert erle_db(heard, got, 4.3, 6.0) > 15.0


def test_leaves_the_microphone_alone_while_nothing_is_played() -> None:
    heard = scene(3.0, near_from_s=0.0, near_db=5.0)
    silence = np.zeros(HOP_SAMPLES, np.float32)
    canceller, out = EchoCanceller(), np.zeros(HOP_SAMPLES, np.float32)
    for mic in heard.near:
        canceller.step(mic, silence, out)
        assert (out == mic).all()


def test_reset_is_a_new_one() -> None:
    heard, canceller = scene(2.0), EchoCanceller()
    first = cancel(heard, canceller)
    canceller.reset()
    np.testing.assert_array_equal(cancel(heard, canceller).out, first.out)


def test_out_may_be_the_microphone() -> None:
    heard = scene(1.0)
    apart, canceller = cancel(heard), EchoCanceller()
    for hop, (mic, played) in enumerate(zip(heard.mic, heard.played, strict=True)):
        canceller.step(mic, played, mic)
        assert (mic == apart.out[hop]).all()


def test_hops_of_another_length_are_refused() -> None:
    hop = np.zeros(HOP_SAMPLES, np.float32)
    with pytest.raises(ValueError, match="159"):
        EchoCanceller().step(hop[:-1], hop, hop)
