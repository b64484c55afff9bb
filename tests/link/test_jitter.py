"""The depth follows the network; the rate becomes the device's; the player hides gaps and forgets within a call."""

import numpy as np
import pytest

from edge_agent.link.jitter import DEPTHS_MS, DelaySpread, ToDeviceRate
from edge_agent.units import HOP_SAMPLES
from edge_agent.voice.stream import CAPACITY_S, CONCEAL_HOPS, PATIENCE_MS, AnswerStream


def arrive(spread: DelaySpread, gaps_s: list[float]) -> None:
    spread.begin()
    now_s = 0.0
    for gap_s in gaps_s:
        now_s += gap_s
        spread.arrived(now_s, 40.0)


def test_a_steady_network_needs_the_least() -> None:
    spread = DelaySpread()
    begun = spread.depth_ms
    for _ in range(100):
        arrive(spread, [0.01] * 100)
    assert spread.depth_ms == DEPTHS_MS[0] < begun


def test_late_pieces_deepen_it_and_calm_makes_it_shallow_again() -> None:
    spread = DelaySpread()
    for _ in range(60):
        arrive(spread, [0.02] * 3 + [0.15] + [0.02] * 50)
    late = spread.depth_ms
    assert 60 <= late <= 220
    for _ in range(400):
        arrive(spread, [0.01] * 100)
    assert spread.depth_ms < late


def test_rates_meet_in_sixteen_thousand() -> None:
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)).astype("<i2").tobytes()
    rate = ToDeviceRate(24_000)
    pieces = [rate.step(tone[begin : begin + 1_920]) for begin in range(0, len(tone), 1_920)]
    out = np.frombuffer(b"".join(pieces) + rate.step(b"", is_last=True), "<i2")
    assert len(out) == 16_000
    spectrum = np.abs(np.fft.rfft(out))
    assert int(spectrum.argmax()) == 440
    assert len(pieces[0]) >= 1_920 * 2 / 3 - 2 * 16 * 4, "the filter keeps more than 4 ms back"
    assert ToDeviceRate(16_000).step(tone) == tone


def pcm(num_samples: int, value: int = 8_000) -> bytes:
    return np.full(num_samples, value, "<i2").tobytes()


def test_it_begins_when_enough_is_there() -> None:
    stream = AnswerStream()
    stream.push(pcm(960), 80.0)
    assert not stream.is_ready
    stream.push(pcm(320), 80.0)
    assert stream.is_ready
    stream.finish()
    hops = np.concatenate([stream.next_hop() for _ in range(8)])
    assert hops[-1] == pytest.approx(8_000 / 32_768)
    assert stream.handed_ms == 80.0


def test_the_end_of_an_answer_is_played_however_short() -> None:
    stream = AnswerStream()
    stream.push(pcm(100), 80.0)
    stream.finish()
    assert stream.is_ready
    hop = stream.next_hop()
    assert np.all(hop[80:100] > 0.2)
    assert np.all(hop[100:] == 0.0)
    assert stream.is_over


def test_a_gap_fades_and_comes_back_softly() -> None:
    stream = AnswerStream()
    stream.push(pcm(HOP_SAMPLES), 0.0)
    stream.next_hop()
    faded = [stream.next_hop().copy() for _ in range(CONCEAL_HOPS + 2)]
    levels = [float(np.abs(hop).max()) for hop in faded]
    assert levels[0] > 0.2
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == 0.0
    assert stream.has_faded
    assert (stream.num_gaps, stream.concealed_hops) == (1, CONCEAL_HOPS + 2)
    stream.push(pcm(HOP_SAMPLES), 0.0)
    back = stream.next_hop()
    assert back[0] == 0.0
    assert back[-1] > 0.2
    assert stream.handed_ms == 20.0, "made-up sound was counted as heard"


def test_a_new_answer_forgets_the_old_within_the_call() -> None:
    stream = AnswerStream()
    stream.push(pcm(16_000), 0.0)
    stream.begin()
    assert stream.waiting_samples == 0
    assert not stream.is_ready
    assert np.all(stream.next_hop()[80:] == 0.0) or stream.num_gaps == 0


def test_it_goes_round_without_losing_a_sample() -> None:
    stream = AnswerStream()
    count = 0
    rng = np.random.default_rng(1)
    heard = []
    for _ in range(600):
        if stream.has_room:
            num = int(rng.integers(1, 3_000))
            stream.push(np.arange(count, count + num).astype("<i2").tobytes(), 0.0)
            count += num
        if stream.is_ready:
            heard.append(stream.next_hop().copy())
    out = np.concatenate(heard)[HOP_SAMPLES:] * 32_768
    assert len(out) > 2 * CAPACITY_S * 16_000 / 4
    wanted = (np.arange(HOP_SAMPLES, HOP_SAMPLES + len(out))).astype("<i2")
    assert np.array_equal(out.astype("<i2"), wanted)


def tone(num_samples: int, hz: float = 150.0) -> bytes:
    """A voice-like buzz."""
    at_s = np.arange(num_samples) / 16_000
    wave = sum(np.sin(2 * np.pi * hz * k * at_s) / k for k in range(1, 9))
    return (4_000 * wave).astype("<i2").tobytes()


def slowed(depth_ms: float, num_hops: int, hz: float = 150.0) -> tuple[np.ndarray, AnswerStream]:
    """What is heard of sound that comes no faster than it plays, 40 ms by 40 ms."""
    sound, heard = tone(16_000 * 20, hz), []
    stream = AnswerStream()
    for number in range(num_hops):
        if number % 4 == 0:
            stream.push(sound[: 640 * 2], depth_ms)
            sound = sound[640 * 2 :]
        stream.wait()
        if stream.is_ready or heard:
            heard.append(stream.next_hop().copy())
    return np.concatenate(heard), stream


def test_it_begins_after_a_while_with_what_is_there() -> None:
    stream = AnswerStream()
    stream.push(pcm(960), 400.0)
    waited = 0
    while not stream.is_ready:
        stream.wait()
        waited += 1
    assert waited == -(-PATIENCE_MS // 10)


def test_with_less_in_hand_than_wanted_it_is_spoken_slower_until_enough_is() -> None:
    heard, stream = slowed(400.0, 400)
    assert stream.num_gaps == 0
    assert 340 <= stream.waiting_samples / 16 <= 440
    assert stream.handed_ms < len(heard) / 16 - 200.0, "nothing was stretched"
    begun = stream.handed_ms
    assert begun + stream.waiting_samples / 16 == pytest.approx(4_000.0, abs=0.1)


def test_it_is_stretched_at_the_same_pitch_and_without_clicks() -> None:
    heard, _ = slowed(400.0, 100)
    spectrum = np.abs(np.fft.rfft(heard[1_600:] * np.hanning(len(heard) - 1_600)))
    peak_hz = spectrum[: len(spectrum) // 40].argmax() * 16_000 / (len(heard) - 1_600)
    assert peak_hz == pytest.approx(150.0, abs=4.0)
    steady = np.frombuffer(tone(16_000), "<i2") / 32_768
    assert np.abs(np.diff(heard[160:])).max() < 1.3 * np.abs(np.diff(steady)).max()


def test_where_enough_is_in_hand_every_sample_is_played_as_it_came() -> None:
    stream = AnswerStream()
    stream.push(tone(16_000), 100.0)
    heard = np.concatenate([stream.next_hop().copy() for _ in range(80)])
    came = np.frombuffer(tone(16_000), "<i2")[: len(heard)] / 32_768
    assert np.allclose(heard[160:], came[160:], atol=1e-4)


def test_the_end_of_an_answer_is_not_stretched() -> None:
    stream = AnswerStream()
    stream.push(tone(8_000), 400.0)
    stream.finish()
    num_hops = 0
    while not stream.is_over:
        stream.next_hop()
        num_hops += 1
    assert num_hops == 50


def test_after_the_last_sample_of_an_answer_nothing_of_it_is_heard_again() -> None:
    stream = AnswerStream()
    stream.push(tone(HOP_SAMPLES * 20 + 60), 0.0)
    stream.finish()
    heard = [stream.next_hop().copy() for _ in range(21)]
    assert stream.is_over
    assert np.abs(heard[-1][:60]).max() > 0.01
    assert not heard[-1][60:].any()


def test_a_gap_begins_where_the_sound_was() -> None:
    stream = AnswerStream()
    stream.push(np.arange(10 * HOP_SAMPLES).astype("<i2").tobytes(), 0.0)
    heard = np.concatenate([stream.next_hop().copy() for _ in range(11)])
    assert stream.num_gaps == 1
    assert heard[10 * HOP_SAMPLES] == pytest.approx(heard[10 * HOP_SAMPLES - 1], rel=0.01)


def test_silence_and_noise_are_stretched_as_well() -> None:
    rng = np.random.default_rng(1)
    for sound in (np.zeros(64_000), rng.normal(0, 3_000, 64_000)):
        stream = AnswerStream()
        stream.push(sound[:32_000].astype("<i2").tobytes(), 3_000.0)
        for _ in range(50):
            stream.wait()
        heard = np.concatenate([stream.next_hop().copy() for _ in range(100)])
        assert np.isfinite(heard).all()
        assert stream.handed_ms < 900.0
