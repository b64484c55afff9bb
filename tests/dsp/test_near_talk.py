"""A talker beside the agent's own echo is found within a few hops; the echo alone, and steady noise, are nobody."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.dsp.features import LogMel
from edge_agent.dsp.near_talk import NearTalker
from edge_agent.reflexes.barge_in import SURE_SCORE, SUSPECT_SCORE
from edge_agent.units import HOP_SAMPLES, NUM_MELS

Sound = NDArray[np.float32]
NUM_HOPS = 400
LEFT = 0.05  # of the echo, by a canceller that takes away 26 dB
TALKER_HOPS = slice(300, 340)


def noise(level: float, num_hops: int, seed: int) -> Sound:
    return (level * np.random.default_rng(seed).standard_normal((num_hops, HOP_SAMPLES))).astype(np.float32)


def bursts(level: float, num_hops: int, seed: int) -> Sound:
    """Noise that comes and goes like syllables."""
    return noise(level, num_hops, seed) * (1.0 + np.sin(np.arange(num_hops) / 4.0))[:, None].astype(np.float32)


def scores(echo: Sound, talker: Sound, near_db: float | None) -> NDArray[np.float64]:
    near, log_mel, frame = NearTalker(), LogMel(), np.zeros(NUM_MELS, np.float32)
    room = noise(3e-4, len(echo), 9)
    found = []
    for hop in range(len(echo)):
        heard = LEFT * echo[hop] + talker[hop] + room[hop]
        log_mel.step(heard, frame)
        near.step(frame, heard + echo[hop], heard, near_db)
        found.append(near.score)
    return np.array(found)


def test_the_echo_alone_is_nobody_once_its_share_is_learned() -> None:
    found = scores(bursts(0.05, NUM_HOPS, 1), np.zeros((NUM_HOPS, HOP_SAMPLES), np.float32), 10.0)
    assert found[100:].max() < SUSPECT_SCORE


def test_a_talker_ten_decibels_below_the_echo_is_found_within_five_hops() -> None:
    talker = np.zeros((NUM_HOPS, HOP_SAMPLES), np.float32)
    talker[TALKER_HOPS] = noise(0.016, 40, 2)
    found = scores(bursts(0.05, NUM_HOPS, 1), talker, 10.0)
    assert found[TALKER_HOPS.start - 1] < SUSPECT_SCORE
    assert found[TALKER_HOPS.start + 4] >= SURE_SCORE
    assert found[-20] == 0.0, "and is forgotten when silent again"


def test_what_the_canceller_takes_for_echo_is_nobody() -> None:
    talker = np.zeros((NUM_HOPS, HOP_SAMPLES), np.float32)
    talker[TALKER_HOPS] = noise(0.016, 40, 2)
    assert scores(bursts(0.05, NUM_HOPS, 1), talker, -3.0).max() < SUSPECT_SCORE


@pytest.mark.parametrize(("talker", "near_db", "is_denied"), [(0.0, 0.0, True), (0.0, None, False), (0.1, 20.0, False)])
def test_only_a_canceller_can_deny_that_someone_is_near(talker: float, near_db: float | None, is_denied: bool) -> None:
    near, log_mel, frame = NearTalker(), LogMel(), np.zeros(NUM_MELS, np.float32)
    for hop in noise(talker + 3e-4, 40, 7):
        log_mel.step(hop, frame)
        near.step(frame, hop, hop, near_db)
    assert near.is_denied is is_denied
    near.forget()
    assert not near.is_denied


def test_without_a_loudspeaker_steady_noise_is_learned_and_a_talker_found() -> None:
    silence, sound = np.zeros((NUM_HOPS, HOP_SAMPLES), np.float32), noise(0.003, NUM_HOPS, 3)
    sound[TALKER_HOPS] += noise(0.02, 40, 2)
    found = scores(silence, sound, None)
    assert found[200 : TALKER_HOPS.start].max() < SUSPECT_SCORE
    assert found[TALKER_HOPS.start + 4] >= SURE_SCORE


def test_a_muted_or_clipped_microphone_gives_finite_scores() -> None:
    silence = np.zeros((50, HOP_SAMPLES), np.float32)
    assert scores(silence, silence, None).max() == 0.0
    assert np.isfinite(scores(silence, np.sign(noise(1.0, 50, 4)).astype(np.float32), None)).all()


def test_a_hop_allocates_nothing() -> None:
    near, frame = NearTalker(), np.zeros(NUM_MELS, np.float32)
    mic, heard = noise(0.1, 1, 5)[0], noise(0.01, 1, 6)[0]
    for _ in range(100):
        near.step(frame, mic, heard, 5.0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(500):
        near.step(frame, mic, heard, 5.0)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 512


def scores_after_settling(before: list[Sound], then: Sound) -> NDArray[np.float64]:
    """Of what comes after the agent has begun to speak."""
    near, log_mel, frame = NearTalker(), LogMel(), np.zeros(NUM_MELS, np.float32)
    found = []
    for sound in (np.concatenate(before), then):
        near.settle()
        for hop in sound:
            log_mel.step(hop, frame)
            near.step(frame, hop, hop, None)
            found.append(near.score)
    return np.array(found[-len(then) :])


ROOM, TALKER, BREATH = 3e-4, 0.05, 0.0025


def test_a_breath_behind_a_turn_is_nobody_but_who_goes_on_is_found() -> None:
    turn = [noise(ROOM, 100, 1), noise(TALKER, 100, 2), noise(BREATH, 10, 3)]
    assert scores_after_settling(turn, noise(BREATH, 60, 4)).max() < SUSPECT_SCORE
    assert scores_after_settling(turn, noise(TALKER, 5, 5))[-1] >= SURE_SCORE


def test_who_speaks_when_the_agent_begins_is_found_all_the_same() -> None:
    turn = [noise(ROOM, 100, 1), noise(TALKER, 100, 2)]
    assert scores_after_settling(turn, noise(TALKER, 5, 5))[-1] >= SURE_SCORE


def test_a_breath_that_comes_without_a_turn_is_found() -> None:
    assert scores_after_settling([noise(ROOM, 200, 1)], noise(BREATH, 5, 4))[-1] >= SURE_SCORE
