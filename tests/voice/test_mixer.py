"""The mixer: what it renders, when, and at what cost."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.units import HOP_SAMPLES
from edge_agent.voice.gain import MAX_BLOCK_SAMPLES
from edge_agent.voice.mixer import Mixer, volume_gain
from tests.voice.mixing import render, sine, tone

MAX_STEP = 0.011  # a full-scale ramp over 10 ms moves 0.00625 a sample


def test_speech_comes_out_as_it_is_and_is_counted() -> None:
    mixer, speech = Mixer(), sine(1000)
    assert np.all(render(mixer, 3) == 0.0)
    assert mixer.play(speech)
    out = render(mixer, 10)
    np.testing.assert_array_equal(out[:1000], speech)
    assert np.all(out[1000:] == 0.0)
    assert (mixer.first_sample, mixer.played_samples, mixer.rendered_samples) == (480, 1000, 2080)
    assert not mixer.is_speaking


def test_queued_sounds_follow_without_a_gap() -> None:
    mixer, speech = Mixer(), sine(1234)
    for first in (0, 300, 777):
        mixer.play(speech[first : {0: 300, 300: 777, 777: 1234}[first]])
    np.testing.assert_array_equal(render(mixer, 8)[:1234], speech)
    assert mixer.played_samples == 1234


def test_stop_fades_within_one_hop_and_tells_what_was_heard() -> None:
    mixer = Mixer()
    mixer.play(tone(16000))
    mixer.play(tone(16000))
    before = render(mixer, 5)
    mixer.stop()
    after = render(mixer, 3)
    assert np.all(before == 0.5)
    assert np.abs(np.diff(np.concatenate([before, after]))).max() < MAX_STEP
    assert after[HOP_SAMPLES // 2] == pytest.approx(0.25, abs=0.01)
    assert np.all(after[HOP_SAMPLES - 1 :] == 0.0)
    assert not mixer.is_speaking
    assert mixer.stopped_after_samples == 6 * HOP_SAMPLES


def test_speech_after_stop_follows_the_fade() -> None:
    mixer, answer = Mixer(), sine(500)
    mixer.play(tone(16000))
    render(mixer, 2)
    mixer.stop(fade_ms=5)
    mixer.play(answer)
    out = render(mixer, 5)
    np.testing.assert_array_equal(out[80:580], answer)
    assert mixer.first_sample == 2 * HOP_SAMPLES + 80
    assert mixer.played_samples == 500
    assert mixer.stopped_after_samples == 2 * HOP_SAMPLES + 80


def test_stop_before_the_first_hop_plays_nothing() -> None:
    mixer = Mixer()
    mixer.play(tone(1000))
    mixer.stop()
    assert not mixer.is_speaking
    assert np.all(render(mixer, 2) == 0.0)
    assert mixer.stopped_after_samples == 0


def test_stop_near_the_end_of_a_sound() -> None:
    mixer = Mixer()
    mixer.play(tone(HOP_SAMPLES + 50))
    render(mixer, 1)
    mixer.stop()
    render(mixer, 1)
    assert not mixer.is_speaking
    assert mixer.stopped_after_samples == HOP_SAMPLES + 50


def test_ducking_is_quick_and_comes_back_to_the_volume_set_meanwhile() -> None:
    mixer = Mixer(volume_percent=100, duck_db=-20.0)
    mixer.play(tone(160000))
    render(mixer, 2)
    mixer.duck()
    ducked = render(mixer, 1)
    assert ducked[-1] == pytest.approx(0.05, rel=1e-3)
    mixer.set_volume(50)
    assert render(mixer, 20)[-1] == pytest.approx(0.05 * volume_gain(50), rel=1e-3)
    mixer.unduck()
    back = render(mixer, 40)
    assert back[-1] == pytest.approx(0.5 * volume_gain(50), rel=1e-3)
    assert np.abs(np.diff(back)).max() < MAX_STEP


def test_volume_never_steps() -> None:
    mixer = Mixer(volume_percent=100)
    mixer.play(tone(160000))
    pieces = [render(mixer, 3)]
    for percent in (0, 100, 30, 80):
        mixer.set_volume(percent)
        pieces.append(render(mixer, 8))
        assert pieces[-1][-1] == pytest.approx(0.5 * volume_gain(percent), abs=1e-6)
    assert np.abs(np.diff(np.concatenate(pieces))).max() < MAX_STEP


def test_reflex_sounds_beside_ducked_speech() -> None:
    mixer = Mixer(duck_db=-20.0)
    mixer.play(tone(16000, 0.5))
    mixer.duck()
    render(mixer, 2)
    assert mixer.play_reflex(tone(400, 0.2))
    assert not mixer.play_reflex(tone(400, 0.2))
    out = render(mixer, 4)
    assert out[100] == pytest.approx(0.25, rel=1e-3)
    assert out[-1] == pytest.approx(0.05, rel=1e-3)
    assert mixer.first_reflex_sample == 2 * HOP_SAMPLES


def test_alarm_rings_over_speech_and_through_muting() -> None:
    mixer = Mixer(volume_percent=0)
    mixer.play(tone(160000))
    assert np.all(render(mixer, 3) == 0.0)
    assert mixer.ring(tone(500, 0.3), times=4)
    out = render(mixer, 14)
    assert out.max() == pytest.approx(0.3 * volume_gain(40), rel=1e-3)
    assert np.count_nonzero(out > 0.01) >= 4 * 500 - 1
    assert not mixer.is_ringing
    assert mixer.is_speaking


def test_alarm_lowers_speech_and_gives_it_back() -> None:
    mixer = Mixer()
    mixer.play(tone(160000, 0.5))
    mixer.ring(np.zeros(4000, np.float32), times=1000)
    assert render(mixer, 10)[-1] == pytest.approx(0.0998, rel=1e-2)
    assert not mixer.ring(tone(10))
    mixer.stop_ringing()
    assert render(mixer, 60)[-1] == pytest.approx(0.5)
    assert not mixer.is_ringing


def test_sum_is_limited() -> None:
    mixer = Mixer()
    mixer.play(tone(1000, 0.9))
    mixer.play_reflex(tone(1000, 0.9))
    assert render(mixer, 1).max() == 1.0


def test_empty_sound_and_full_queue_are_refused() -> None:
    mixer = Mixer()
    assert not mixer.play(tone(0))
    assert [mixer.play(tone(10)) for _ in range(65)].count(False) == 1


ACTIONS = st.sampled_from(["play", "stop", "hold", "go_on", "back", "duck", "unduck", "loud", "quiet", "reflex"])


def act(mixer: Mixer, action: str) -> None:
    {
        "play": lambda: mixer.play(sine(1777)),
        "stop": mixer.stop,
        "hold": mixer.hold,
        "go_on": mixer.go_on,
        "back": lambda: mixer.go_on(400),
        "duck": mixer.duck,
        "unduck": mixer.unduck,
        "loud": lambda: mixer.set_volume(100),
        "quiet": lambda: mixer.set_volume(30),
        "reflex": lambda: mixer.play_reflex(sine(900, 0.3)),
    }[action]()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ACTIONS, st.integers(1, 1600)), max_size=12), st.lists(st.integers(1, 700), min_size=1))
@example([("play", 1), ("hold", 161)], [1])  # a fade by single samples ends a rounding away from its end
@example([("play", 1), ("hold", 1), ("reflex", 4), ("back", 1), ("stop", 1), ("hold", 3)], [35, 2])  # two at once
def test_result_does_not_depend_on_the_blocks(script: list[tuple[str, int]], block_samples: list[int]) -> None:
    whole, cut = Mixer(), Mixer()
    turn = 0
    for action, num_samples in script:
        act(whole, action)
        act(cut, action)
        at_once, in_blocks = np.zeros(num_samples, np.float32), np.zeros(num_samples, np.float32)
        whole.render(at_once)
        done = 0
        while done < num_samples:
            size = block_samples[turn % len(block_samples)]
            cut.render(in_blocks[done : done + size])
            done, turn = done + size, turn + 1
        np.testing.assert_allclose(in_blocks, at_once, atol=2e-6)
    assert (whole.played_samples, whole.first_sample, whole.stopped_after_samples, whole.is_speaking) == (
        cut.played_samples,
        cut.first_sample,
        cut.stopped_after_samples,
        cut.is_speaking,
    )


def test_hop_allocates_nothing() -> None:
    mixer, out = Mixer(), np.zeros(MAX_BLOCK_SAMPLES, np.float32)
    speech, alarm = sine(16000 * 300), sine(4000)
    mixer.play(speech)
    mixer.ring(alarm, times=10_000)

    def hops(count: int) -> None:
        for hop in range(count):
            if hop % 50 == 0:
                mixer.duck() if hop % 100 else mixer.unduck()
                mixer.set_volume(30 + hop % 60)
            mixer.render(out)

    hops(200)
    tracemalloc.start()
    hops(50)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    hops(1000)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 512  # nothing stays
    assert peak - before < MAX_BLOCK_SAMPLES  # and no block of sound (four bytes a sample) comes and goes
