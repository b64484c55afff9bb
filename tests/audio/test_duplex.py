"""Sound from memory and from files: every sample once, the reply in the hop after, paced when asked."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_agent.audio import wav
from edge_agent.audio.base import Duplex
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.audio.wav import FileDuplex
from edge_agent.errors import AudioError
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ


def hop(value: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(HOP_SAMPLES, value, dtype=np.float32)


def test_every_sample_is_heard_once_and_the_last_hop_is_filled_up() -> None:
    samples = np.linspace(-0.5, 0.5, 3 * HOP_SAMPLES + 7, dtype=np.float32)
    duplex: Duplex = MemoryDuplex(samples)
    mic, played, heard = hop(), hop(), []
    while duplex.read_hop(mic, played):
        heard.append(mic.copy())
    assert len(heard) == 4
    np.testing.assert_array_equal(np.concatenate(heard)[: len(samples)], samples)
    assert not np.concatenate(heard)[len(samples) :].any()
    assert not duplex.read_hop(mic, played)


def test_what_is_written_is_played_in_the_next_hop_and_only_there() -> None:
    duplex = MemoryDuplex(hop(0.25), tail_s=0.05)
    mic, played, out, tapped = hop(), hop(), hop(), []
    for number in range(1, 6):
        assert duplex.read_hop(mic, played)
        tapped.append(float(played[0]))
        out.fill(number / 10)
        if number % 2:
            duplex.write_hop(out)
    assert tapped == pytest.approx([0.0, 0.1, 0.0, 0.3, 0.0])
    conversation = duplex.conversation.reshape(-1, HOP_SAMPLES, 2)
    np.testing.assert_allclose(conversation[:, 0, 1], tapped)
    np.testing.assert_allclose(conversation[:, 0, 0], [0.25, 0, 0, 0, 0])
    assert duplex.in_tail


def test_the_tail_has_its_length_and_nothing_is_ever_lost() -> None:
    duplex = MemoryDuplex(np.zeros(1600, np.float32), tail_s=0.3)
    mic, played, num_hops = hop(), hop(), 0
    while duplex.read_hop(mic, played):
        num_hops += 1
        assert duplex.in_tail == (num_hops >= 10)
    assert num_hops == 40
    assert sum(duplex.take_xruns()) == 0
    assert duplex.state == "ok"
    duplex.close()
    duplex.close()


def test_the_conversation_is_saved_with_both_sides(tmp_path: Path) -> None:
    source, saved = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, np.full(3 * HOP_SAMPLES, 0.5), SAMPLE_RATE_HZ, subtype="FLOAT")
    duplex = FileDuplex(source, tail_s=0.0)
    mic, played = hop(), hop()
    while duplex.read_hop(mic, played):
        duplex.write_hop(hop(-0.25))
    duplex.save_conversation(saved)
    written, rate_hz = soundfile.read(saved)
    assert rate_hz == SAMPLE_RATE_HZ
    np.testing.assert_allclose(written[:, 0], 0.5, atol=1e-4)
    np.testing.assert_allclose(written[:, 1], np.repeat([0.0, -0.25, -0.25], HOP_SAMPLES), atol=1e-4)
    with pytest.raises(AudioError, match="cannot be written"):
        duplex.save_conversation(tmp_path / "no" / "such" / "folder.wav")


class Time:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s


def test_pacing_is_by_the_clock_and_lateness_does_not_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    monkeypatch.setattr(wav, "monotonic", lambda: time.now_s)
    monkeypatch.setattr(wav, "sleep", time.sleep)
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(30 * HOP_SAMPLES), SAMPLE_RATE_HZ)
    duplex = FileDuplex(path, realtime=True, tail_s=0.0)
    mic, played = hop(), hop()
    began_s, num_hops = time.now_s, 0
    while duplex.read_hop(mic, played):
        num_hops += 1
        # no hop is given out before a microphone could have heard it, and those in arrears at once
        due_s = num_hops * 0.01 if not 3 < num_hops < 13 else 0.13
        assert time.now_s - began_s == pytest.approx(due_s)
        if num_hops == 3:
            time.sleep(0.1)
    assert num_hops == 30
