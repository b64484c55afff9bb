"""What the canceller says about an echo must tell a talker from it, whatever the room does."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.audio.room import RoomDuplex
from edge_agent.dsp.echo import EchoCanceller, EchoEvidence
from edge_agent.units import HOP_SAMPLES
from tests.dsp.echo_room import cancel, power_db, scene

TALKER_DB = 10.0  # of `near_db`: more than any echo below
SURE_HOPS = 5


def longest_run(hops: np.ndarray) -> int:
    """Hops in a row that are true."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], hops.astype(int), [0]])))
    return int(np.max(ends[1::2] - ends[::2], initial=0))


def test_is_an_echo_evidence() -> None:
    evidence: EchoEvidence = EchoCanceller()
    assert not evidence.is_converged
    assert (evidence.echo_db, evidence.left_db) == (-120.0, -120.0)


@pytest.mark.parametrize(
    "room",
    [
        {"reverberation_s": 0.2},
        {"reverberation_s": 0.6, "echo_db": 5.0},
        {"echo_db": 10.0, "non_linearity": 0.5},
        {"noise_dbfs": -50.0},
        {"delay_ms": 250.0},
    ],
    ids=["dry", "lively and loud", "distorting", "noisy", "late"],
)
def test_own_echo_is_no_talker(room: dict[str, float]) -> None:
    got = cancel(scene(12.0, **room))
    looks_near = (got.near_db > TALKER_DB) & got.is_converged
    assert longest_run(looks_near) < SURE_HOPS
    assert np.mean(looks_near) < 0.005


@pytest.mark.parametrize(("near_db", "least", "within_hops"), [(0.0, 0.75, 6), (-10.0, 0.4, 25)])
def test_a_talker_is_seen_at_once_and_hop_by_hop(near_db: float, least: float, within_hops: int) -> None:
    heard = scene(9.0, near_from_s=6.0, near_db=near_db)
    got = cancel(heard)
    loud = power_db(heard.near) > power_db(heard.near[600:]).max() - 15.0
    assert np.mean(got.near_db[loud] > TALKER_DB) > least
    first = int(np.argmax(loud))
    assert np.max(got.near_db[first : first + within_hops]) > TALKER_DB


def test_expected_echo_covers_what_is_left() -> None:
    heard = scene(10.0, echo_db=5.0)
    got = cancel(heard)
    is_echo = power_db(heard.echo) > -45.0
    is_echo[:200] = False
    left_db = power_db(got.out)
    assert np.mean(got.echo_db[is_echo] > left_db[is_echo] - 3.0) > 0.95
    # and is worth knowing: far below the echo itself
    assert np.median(power_db(heard.echo)[is_echo] - got.echo_db[is_echo]) > 10.0


def test_a_worse_loudspeaker_is_expected_to_leave_more() -> None:
    def expected_db(non_linearity: float) -> float:
        heard = scene(10.0, played_db=8.0, non_linearity=non_linearity)
        got = cancel(heard)
        is_echo = power_db(heard.echo) > -35.0
        is_echo[:400] = False
        return float(np.median((got.echo_db - power_db(heard.echo))[is_echo]))

    assert expected_db(1.0) > expected_db(0.0) + 2.0


def later(hop: int, room: RoomDuplex) -> None:
    room.delay_ms = 233.3 if hop >= 800 else 30.0


def quieter(hop: int, room: RoomDuplex) -> None:
    room.echo_db = -12.0 if hop >= 800 else 0.0


def louder(hop: int, room: RoomDuplex) -> None:
    room.echo_db = 8.0 if hop >= 800 else 0.0


@pytest.mark.parametrize("change", [later, quieter, louder])
def test_a_changed_room_is_no_talker(change: Callable[[int, RoomDuplex], None]) -> None:
    heard = scene(12.0, change=change)
    got = cancel(heard)
    assert longest_run((got.near_db > TALKER_DB) & got.is_converged) <= 8


def test_knows_that_it_is_astray_after_a_jump_and_when_it_has_recovered() -> None:
    got = cancel(scene(14.0, change=later))
    assert got.is_converged[700]
    assert not got.is_converged[800:900].all()
    assert got.is_converged[1200:].all()


def test_a_talker_who_happens_to_begin_like_the_echo_is_seen_soon() -> None:
    heard = scene(7.0, near_from_s=6.0, near_db=12.0)
    heard.mic[600:603] = 1.5 * heard.echo[600:603]
    got = cancel(heard)
    assert not got.is_converged[600:603].all(), "that much might be an echo that has changed"
    assert ((got.near_db > TALKER_DB) & got.is_converged)[603:606].any()


def test_clipped_hops_may_be_echo_as_a_whole() -> None:
    alone, heard = scene(8.0), scene(8.0, near_from_s=6.0, near_db=32.0)
    got = cancel(heard)
    clipped = (np.max(np.abs(heard.mic), axis=1) > 0.999) & (power_db(alone.mic) > -40.0)
    assert np.median(got.echo_db[clipped] - power_db(alone.mic)[clipped]) > -3.0


def test_says_so_while_nothing_is_played() -> None:
    canceller = EchoCanceller()
    cancel(scene(4.0), canceller)
    assert canceller.is_converged
    silence, out = np.zeros(HOP_SAMPLES, np.float32), np.zeros(HOP_SAMPLES, np.float32)
    for mic in np.random.default_rng(1).normal(0.0, 1e-4, (200, HOP_SAMPLES)).astype(np.float32):
        canceller.step(mic, silence, out)
    assert canceller.is_converged  # kept
    assert canceller.echo_db == -120.0
    assert canceller.left_db == pytest.approx(-80.0, abs=1.5)
