"""Speech that is held and taken up again, and what holds for any order of requests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ
from edge_agent.voice.mixer import Mixer, volume_gain
from tests.voice.mixing import render, sine, tone

RISE_SAMPLES = 80


def ramp_sound(num_samples: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Each sample tells its own place."""
    return (np.arange(num_samples) / num_samples).astype(np.float32)


def test_held_speech_is_silent_after_one_hop_and_goes_on_where_it_was() -> None:
    mixer, speech = Mixer(), ramp_sound(16000)
    mixer.play(speech)
    render(mixer, 5)
    mixer.hold()
    fade = render(mixer, 1)
    assert fade[-1] == 0.0
    assert mixer.is_silent
    assert mixer.is_speaking
    assert np.all(render(mixer, 20) == 0.0)
    assert mixer.place_samples == mixer.played_samples == 6 * HOP_SAMPLES
    mixer.go_on()
    out = render(mixer, 94)
    np.testing.assert_array_equal(out[RISE_SAMPLES:], speech[6 * HOP_SAMPLES + RISE_SAMPLES :])
    assert not mixer.is_speaking


def test_going_on_from_further_back_counts_what_is_heard_again_once() -> None:
    mixer, speech = Mixer(), ramp_sound(16000)
    mixer.play(speech)
    render(mixer, 10)
    mixer.hold()
    render(mixer, 3)
    mixer.go_on(back_samples=1000)
    out = render(mixer, 5)
    first = 11 * HOP_SAMPLES - 1000
    np.testing.assert_array_equal(out[RISE_SAMPLES:], speech[first + RISE_SAMPLES : first + 5 * HOP_SAMPLES])
    assert mixer.played_samples == 11 * HOP_SAMPLES, "800 samples were heard before"
    render(mixer, 5)
    assert mixer.played_samples == first + 10 * HOP_SAMPLES


def test_going_back_stops_at_the_beginning() -> None:
    mixer, speech = Mixer(), ramp_sound(16000)
    mixer.play(speech)
    render(mixer, 2)
    mixer.hold()
    render(mixer, 1)
    mixer.go_on(back_samples=10**6)
    np.testing.assert_array_equal(render(mixer, 2)[RISE_SAMPLES:], speech[RISE_SAMPLES : 2 * HOP_SAMPLES])


def test_held_speech_that_is_stopped_makes_room_at_once() -> None:
    mixer, answer = Mixer(), sine(500)
    mixer.play(tone(16000))
    render(mixer, 4)
    mixer.hold()
    render(mixer, 4)
    mixer.stop()
    assert not mixer.is_speaking
    assert mixer.stopped_after_samples == 5 * HOP_SAMPLES
    mixer.play(answer)
    np.testing.assert_array_equal(render(mixer, 4)[:500], answer)


def test_an_alarm_rings_while_speech_is_held() -> None:
    mixer = Mixer()
    mixer.play(tone(16000))
    render(mixer, 2)
    mixer.hold()
    render(mixer, 2)
    mixer.ring(tone(400, 0.3), times=3)
    assert render(mixer, 7).max() == pytest.approx(0.3)
    assert mixer.is_held


def test_a_duck_that_nobody_ends_comes_back() -> None:
    mixer = Mixer()
    mixer.play(tone(SAMPLE_RATE_HZ * 4))
    mixer.duck()
    assert render(mixer, 100)[-1] < 0.1
    assert render(mixer, 120)[-1] == pytest.approx(0.5)


REQUESTS = ["speech", "stop", "hold", "go_on", "duck", "unduck", "reflex", "ring", "stop_ringing"]
SCRIPT = st.lists(
    st.tuples(st.one_of(st.sampled_from(REQUESTS), st.integers(0, 100)), st.integers(1, 12)), min_size=1, max_size=30
)


def ask(mixer: Mixer, request: str | int) -> None:
    if isinstance(request, int):
        mixer.set_volume(request)
        return
    {
        "speech": lambda: mixer.play(tone(5000, 0.9)),
        "stop": mixer.stop,
        "hold": mixer.hold,
        "go_on": lambda: mixer.go_on(300),
        "duck": mixer.duck,
        "unduck": mixer.unduck,
        "reflex": lambda: mixer.play_reflex(sine(700, 0.6)),
        "ring": lambda: mixer.ring(sine(900, 0.9), times=3),
        "stop_ringing": mixer.stop_ringing,
    }[request]()


@settings(max_examples=80, deadline=None)
@given(SCRIPT)
def test_never_beyond_full_range_and_always_back_at_the_volume_that_was_set(
    script: list[tuple[str | int, int]],
) -> None:
    mixer, percent = Mixer(volume_percent=70), 70
    for request, num_hops in script:
        ask(mixer, request)
        percent = request if isinstance(request, int) else percent
        out = render(mixer, num_hops)
        assert np.all(np.isfinite(out))
        assert np.abs(out).max() <= 1.0
    mixer.stop()
    mixer.stop_ringing()
    mixer.unduck()
    render(mixer, 120)
    assert mixer.is_silent
    assert not mixer.is_held
    mixer.play(tone(8000))
    assert render(mixer, 50)[-1] == pytest.approx(0.5 * volume_gain(percent), abs=1e-5)


@settings(max_examples=80, deadline=None)
@given(SCRIPT)
def test_no_request_makes_the_speech_jump(script: list[tuple[str | int, int]]) -> None:
    mixer = Mixer(volume_percent=100)
    mixer.play(np.concatenate([np.linspace(0, 0.5, 200, dtype=np.float32), tone(SAMPLE_RATE_HZ * 8)]))
    pieces = [render(mixer, 3)]
    for request, num_hops in script:
        if request not in ("speech", "reflex", "ring"):
            ask(mixer, request)
        pieces.append(render(mixer, num_hops))
    # a full ramp takes 10 ms, the rise after a hold 5 ms, and the two may meet
    assert np.abs(np.diff(np.concatenate(pieces))).max() < 0.5 * (1 / RISE_SAMPLES + 1 / HOP_SAMPLES)
