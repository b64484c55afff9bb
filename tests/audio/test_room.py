"""The room that tests and benchmarks speak in: it must be what it says, or their figures mean nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.audio.base import Duplex
from edge_agent.audio.room import RoomDuplex, level_dbfs, membrane
from edge_agent.audio.room_response import Shoebox, room_response
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ

Sound = NDArray[np.float32]
PULSE = np.array([1.0], np.float32)
SILENT_DB = -200.0


def converse(duplex: RoomDuplex, said: Sound) -> Sound:
    """Write `said` hop by hop; what the microphone heard."""
    mic, played, out = (np.zeros(HOP_SAMPLES, np.float32) for _ in range(3))
    for first in range(0, len(said) - HOP_SAMPLES + 1, HOP_SAMPLES):
        if not duplex.read_hop(mic, played):
            break
        out[:] = said[first : first + HOP_SAMPLES]
        duplex.write_hop(out)
    return duplex.conversation[:, 0]


def noise(num_samples: int, seed: int = 1) -> Sound:
    return np.random.default_rng(seed).normal(0.0, 0.1, num_samples).astype(np.float32)


def test_echo_comes_back_later_and_weaker_beside_the_talker() -> None:
    near, said = noise(40 * HOP_SAMPLES, 2), noise(40 * HOP_SAMPLES)
    duplex: Duplex = RoomDuplex(near, PULSE, echo_db=-6.0206, delay_ms=20.0, noise_dbfs=SILENT_DB)
    assert isinstance(duplex, RoomDuplex)
    echo = converse(duplex, said) - near
    late = HOP_SAMPLES + 320  # played one hop after it was written
    np.testing.assert_allclose(echo[:late], 0.0, atol=1e-6)
    np.testing.assert_allclose(echo[late:], 0.5 * said[: len(echo) - late], atol=1e-6)


def test_response_is_applied_without_seams() -> None:
    response = room_response(Shoebox())
    said = noise(60 * HOP_SAMPLES)
    duplex = RoomDuplex(np.zeros_like(said), response, delay_ms=0.0, noise_dbfs=SILENT_DB)
    expected = np.convolve(np.concatenate([np.zeros(HOP_SAMPLES), said]), response)[: len(said)]
    np.testing.assert_allclose(converse(duplex, said), expected, atol=2e-6)


def test_drift_makes_the_echo_later_and_later() -> None:
    seconds = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    said = (0.3 * np.sin(2.0 * np.pi * 500.0 * seconds)).astype(np.float32)
    heard = converse(RoomDuplex(np.zeros_like(said), PULSE, delay_ms=10.0, drift_ppm=200.0, noise_dbfs=SILENT_DB), said)
    last = heard[-SAMPLE_RATE_HZ:]
    late_samples = HOP_SAMPLES + 160 + (19.5 * SAMPLE_RATE_HZ) * 200e-6
    phase = np.angle(np.sum(last * np.exp(-2j * np.pi * 500.0 * seconds[-SAMPLE_RATE_HZ:])))
    expected = -np.pi / 2 - 2.0 * np.pi * 500.0 * late_samples / SAMPLE_RATE_HZ
    assert abs(np.angle(np.exp(1j * (phase - expected)))) < 0.1
    assert np.sqrt(np.mean(last**2)) == pytest.approx(0.3 / np.sqrt(2.0), rel=0.01)


def test_microphone_has_limits_and_can_be_muted() -> None:
    duplex = RoomDuplex(np.full(4 * HOP_SAMPLES, 0.9, np.float32), PULSE, echo_db=20.0, delay_ms=0.0)
    mic, played = np.zeros(HOP_SAMPLES, np.float32), np.zeros(HOP_SAMPLES, np.float32)
    assert duplex.read_hop(mic, played)
    assert mic.max() < 1.0
    assert mic.any()
    duplex.write_hop(np.full(HOP_SAMPLES, 0.5, np.float32))
    assert duplex.read_hop(mic, played)
    assert mic[0] == pytest.approx(1.0, abs=1e-4)
    assert mic.max() < 1.0
    duplex.is_muted = True
    assert duplex.read_hop(mic, played)
    assert not mic.any()


def test_the_same_conversation_twice() -> None:
    said, response = noise(50 * HOP_SAMPLES), room_response(Shoebox(seed=3))
    first, second = (
        converse(RoomDuplex(noise(50 * HOP_SAMPLES, 5), response, non_linearity=0.5, seed=4), said) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("reverberation_s", [0.2, 0.5])
def test_response_dies_away_as_the_room_should(reverberation_s: float) -> None:
    response = room_response(Shoebox(reverberation_s=reverberation_s), length_ms=300.0).astype(np.float64)
    assert np.sum(response**2) == pytest.approx(1.0)
    left_db = 10.0 * np.log10(np.cumsum(response[::-1] ** 2)[::-1])
    reference, later = left_db[480], left_db[480 + 1600]
    assert -60.0 * 0.1 / reverberation_s * 1.4 < later - reference < -60.0 * 0.1 / reverberation_s * 0.6
    distance_samples = np.hypot(0.12, 0.05) / 343.0 * SAMPLE_RATE_HZ
    assert abs(int(np.argmax(np.abs(response))) - distance_samples) < 1.0


def test_membrane_bends_loud_sound_more() -> None:
    tone = np.sin(2.0 * np.pi * 250.0 * np.arange(1600) / SAMPLE_RATE_HZ).astype(np.float32)

    def distortion_db(amplitude: float) -> float:
        power = np.abs(np.fft.rfft(membrane(amplitude * tone, 0.5))) ** 2
        return float(10.0 * np.log10(np.sum(np.delete(power, [0, 25])) / power[25]))

    assert distortion_db(0.05) < -30.0 < -25.0 < distortion_db(0.5) < -5.0
    np.testing.assert_array_equal(membrane(tone, 0.0), tone)


def test_level_leaves_pauses_out() -> None:
    speech = np.concatenate([noise(50 * HOP_SAMPLES), np.zeros(150 * HOP_SAMPLES, np.float32)])
    assert level_dbfs(speech) == pytest.approx(-20.0, abs=0.3)
    assert level_dbfs(np.zeros(HOP_SAMPLES, np.float32)) == -120.0
