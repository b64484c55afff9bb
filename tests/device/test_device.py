"""Live sound on the virtual card: every sample right, both directions, and what happens when the server goes away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import sound_way
from edge_agent.audio.device import MAX_QUEUED_HOPS, DeviceDuplex
from edge_agent.audio.device_handle import PREFILL_HOPS
from edge_agent.errors import AudioError
from edge_agent.processes.realtime import enter_realtime
from edge_agent.profile import AudioProfile, RealtimeProfile
from edge_agent.units import HOP_SAMPLES
from tests.device.starvation import Starvation
from tests.device.virtual_card import RATE_HZ, VirtualCard

pytestmark = pytest.mark.device

Samples = NDArray[np.float32]


def noise(duration_s: float) -> Samples:
    """What survives 16 bits unchanged and is nowhere zero."""
    levels = np.random.default_rng(7).integers(1, 9000, round(duration_s * RATE_HZ))
    return (levels / 32768).astype(np.float32)


def from_first_sound(samples: Samples, num_samples: int) -> Samples:
    begin = int(np.flatnonzero(samples)[0]) if samples.any() else 0
    return samples[begin : begin + num_samples]


@contextmanager
def opened(audio: AudioProfile | None = None) -> Iterator[DeviceDuplex]:
    duplex = DeviceDuplex(audio or AudioProfile())
    try:
        yield duplex
    finally:
        duplex.close()


def run(duplex: DeviceDuplex, duration_s: float, out: Samples | None = None) -> tuple[Samples, Samples]:
    """Hops for so long, playing `out` and then silence; microphone and what was played."""
    num_hops = round(duration_s * RATE_HZ / HOP_SAMPLES)
    mic, played = np.zeros((2, num_hops, HOP_SAMPLES), np.float32)
    to_play = np.zeros((num_hops, HOP_SAMPLES), np.float32)
    if out is not None:
        to_play.reshape(-1)[: len(out)] = out
    for hop in range(num_hops):
        assert duplex.read_hop(mic[hop], played[hop])
        duplex.write_hop(to_play[hop])
    return mic.reshape(-1), played.reshape(-1)


def hear(duplex: DeviceDuplex, player: "subprocess.Popen[bytes]") -> Samples:
    """The microphone until everything has been spoken into it."""
    heard = []
    while player.poll() is None:
        heard.append(run(duplex, 0.1)[0])
    assert player.returncode == 0
    heard.append(run(duplex, 0.4)[0])
    return np.concatenate(heard)


def run_until(duplex: DeviceDuplex, state: str, limit_s: float) -> tuple[float, Samples]:
    """Hops until the state is reached: after how many seconds, and the microphone meanwhile."""
    began_s, hops = time.monotonic(), []
    mic, played = np.zeros((2, HOP_SAMPLES), np.float32)
    while duplex.state != state:
        assert time.monotonic() - began_s < limit_s, f"not {state!r} within {limit_s} s"
        duplex.read_hop(mic, played)
        duplex.write_hop(played)
        hops.append(mic.copy())
    return time.monotonic() - began_s, np.concatenate(hops)


def seconds_until_back(duplex: DeviceDuplex, card: VirtualCard) -> float:
    """From now until there is sound again, without what others on this machine made the processes wait."""
    starved = Starvation(os.getpid(), card.pid)
    back_s, _ = run_until(duplex, "ok", limit_s=60.0)
    return back_s - starved.measure()


@pytest.fixture(autouse=True)
def _realtime() -> Iterator[None]:
    """As in the hop process, so that a busy machine does not decide what these tests see."""
    enter_realtime(RealtimeProfile(lock_memory=False))
    yield
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def assert_heard_exactly(duplex: DeviceDuplex, card: VirtualCard) -> None:
    """One recording is spoken; every sample of it arrives, unchanged."""
    spoken = noise(0.5)
    heard = from_first_sound(hear(duplex, card.play_samples(spoken)), len(spoken))
    np.testing.assert_array_equal(heard, spoken)


@pytest.mark.parametrize("block_ms", [7, 10])
def test_the_microphone_is_heard_bit_by_bit(card: VirtualCard, block_ms: int) -> None:
    with opened(AudioProfile(block_ms=block_ms, latency_ms=100)) as duplex:
        run(duplex, 0.2)
        assert_heard_exactly(duplex, card)
        assert duplex.take_xruns().capture_overruns == 0
    assert duplex.state == "ok"


def test_what_is_written_is_played_and_heard_in_step(card: VirtualCard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is what the tap gives, what comes back from the card, and what others record there."""
    monkeypatch.setenv("PULSE_SOURCE", "spk.monitor")
    spoken = noise(0.5)
    recording = card.record()
    with opened() as duplex:
        run(duplex, 0.3)
        mic, played = run(duplex, 1.2, spoken)
    for side in (played, mic, recording.stop()):
        np.testing.assert_array_equal(from_first_sound(side, len(spoken)), spoken)
    played_at, heard_at = int(np.flatnonzero(played)[0]), int(np.flatnonzero(mic)[0])
    # what is queued before the device, then the device's own way there and back
    assert PREFILL_HOPS * HOP_SAMPLES <= played_at <= MAX_QUEUED_HOPS * HOP_SAMPLES
    assert 0 < heard_at - played_at <= 0.15 * RATE_HZ


def test_a_killed_sound_server_is_survived(card: VirtualCard) -> None:
    with opened() as duplex:
        run(duplex, 0.2)
        card.kill()
        lost_s, _ = run_until(duplex, "lost", limit_s=2.0)
        began_s = time.monotonic()
        mic, played = run(duplex, 0.8)
        silent_s = time.monotonic() - began_s
        assert not mic.any()
        assert not played.any()
        losses = duplex.take_xruns()
        card.start()
        back_s = seconds_until_back(duplex, card)
        assert_heard_exactly(duplex, card)
        assert duplex.take_xruns().device_losses == 0
    assert lost_s < 1.5
    # the clock catches up with the time that it took to notice, no more
    assert 0.8 - lost_s - 0.05 < silent_s < 1.2
    assert losses.device_losses == 1
    assert back_s < 2.0


def delay_ms(duplex: DeviceDuplex, card: VirtualCard) -> float:
    """From a click that is spoken to the one that answers it, heard by the room."""
    spoken = np.zeros(2 * RATE_HZ, np.float32)
    spoken[RATE_HZ // 2] = sound_way.CLICK
    recording = card.record_room()
    sound_way.answer_clicks(duplex, 0.3)
    player = card.play_samples(spoken)
    sound_way.answer_clicks(duplex, 3.0)
    player.wait()
    heard = recording.stop()
    said, answered = (int(np.flatnonzero(side > sound_way.LEAST_CLICK)[0]) for side in heard.T)
    return (answered - said) * 1000 / RATE_HZ


def test_what_was_held_up_is_not_late_for_ever(card: VirtualCard) -> None:
    with opened() as duplex:
        for _ in range(3):  # so the process knows the usual delay
            run(duplex, 0.3)
            duplex.rest()
        os.kill(duplex._device.pid, signal.SIGSTOP)
        time.sleep(0.35)
        os.kill(duplex._device.pid, signal.SIGCONT)
        run(duplex, 1.0)
        late_ms = delay_ms(duplex, card)
        for _ in range(4):
            run(duplex, 0.3)
            duplex.rest()
        run(duplex, 0.3)
        assert duplex.take_xruns().capture_overruns == 1, "what was thrown away is told"
        again_ms = delay_ms(duplex, card)
    assert late_ms > 300, "the sound server gives what it kept"
    assert again_ms < late_ms - 200


def test_a_sound_server_that_hangs_does_not_hang_us(card: VirtualCard) -> None:
    with opened() as duplex:
        run(duplex, 0.2)
        card.send_signal(signal.SIGSTOP)
        try:
            run_until(duplex, "lost", limit_s=2.0)
            began_s = time.monotonic()
            run(duplex, 0.5)
            assert time.monotonic() - began_s < 1.0
        finally:
            card.send_signal(signal.SIGCONT)
        back_s = seconds_until_back(duplex, card)
        assert back_s < 2.0


@pytest.mark.skipif(Path("/dev/snd").exists(), reason="there is a sound card, which would be found")
def test_no_device_is_one_line_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    with pytest.raises(AudioError, match="no sound device") as caught:
        DeviceDuplex(AudioProfile())
    assert "edge-agent replay" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sound_library_that_crashes_is_one_line_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.devnull)  # libasound aborts its process
    with pytest.raises(AudioError, match="no sound device") as caught:
        DeviceDuplex(AudioProfile())
    assert "ALSA configuration" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_device_is_one_line_with_the_choices(card: VirtualCard) -> None:
    with pytest.raises(AudioError, match="no sound device 'hw:77'") as caught:
        DeviceDuplex(AudioProfile(device="hw:77"))
    assert "pulse" in str(caught.value)
    assert "\n" not in str(caught.value)


HOLD = """
import os, signal, sys
from edge_agent.audio.device_handle import DeviceHandle
from edge_agent.profile import AudioProfile
device = DeviceHandle(AudioProfile(), search=False)
print(device.refusal(10), device.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_device_is_given_back_when_its_owner_is_killed(card: VirtualCard) -> None:
    owner = subprocess.run([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True, check=False)
    refusal, pid = owner.stdout.split()
    assert owner.returncode == -signal.SIGKILL
    assert refusal == "None"
    deadline_s = time.monotonic() + 3.0
    while is_running(int(pid)):
        assert time.monotonic() < deadline_s, "the device process has outlived its owner"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
