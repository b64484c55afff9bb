"""Who speaks when: the bank, a program, or the honest phrase; and reflexes that never repeat themselves."""

import itertools
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_agent.units import SAMPLE_RATE_HZ
from edge_agent.voice import Voice, VoiceAhead, base
from edge_agent.voice.base import LOUDNESS_RMS, Samples, finish, read_wav
from edge_agent.voice.clips import ClipBank
from edge_agent.voice.espeak import Espeak
from edge_agent.voice.flite import Flite
from edge_agent.voice.piper import MODEL_VARIABLE, Piper
from edge_agent.voice.voice import MAX_CACHED, NO_VOICE, installed_engines

FREE_TEXT = "One large latte with oat milk."


class FakeEngine:
    """Says everything with one sample per character, and counts."""

    def __init__(self, name: str = "fake", can_speak: bool = True) -> None:
        self.name = name
        self.is_available = True
        self.said: list[str] = []
        self._can_speak = can_speak

    def speak(self, text: str) -> Samples | None:
        self.said.append(text)
        return np.full(len(text), 0.1, np.float32) if self._can_speak else None


@pytest.fixture(scope="module")
def bank() -> ClipBank:
    return ClipBank()


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_bank_comes_first_and_programs_in_their_order(bank: ClipBank) -> None:
    mute, fake = FakeEngine("mute", can_speak=False), FakeEngine()
    voice = Voice(bank, [mute, fake])
    assert voice.engine_names == ("clip bank", "mute", "fake")
    assert len(voice.say("Okay.")) > 1000
    assert fake.said == []
    assert len(voice.say(FREE_TEXT)) == len(FREE_TEXT)
    assert mute.said == fake.said == [FREE_TEXT]


def test_recent_texts_are_not_made_again(bank: ClipBank) -> None:
    fake = FakeEngine()
    voice = Voice(bank, [fake])
    assert voice.say(FREE_TEXT) is voice.say(FREE_TEXT)
    assert fake.said == [FREE_TEXT]
    for count in range(MAX_CACHED):
        voice.say(f"{FREE_TEXT} {count}")
    voice.say(FREE_TEXT)
    assert fake.said.count(FREE_TEXT) == 2


def test_without_a_program_it_says_that_it_cannot(bank: ClipBank) -> None:
    voice = Voice(bank, [])
    assert not voice.can_say(FREE_TEXT)
    assert voice.can_say("Okay.")
    np.testing.assert_array_equal(voice.say(FREE_TEXT), bank.reflexes(NO_VOICE)[0][1])


def test_empty_text_is_silence(bank: ClipBank) -> None:
    assert len(Voice(bank, []).say("  ")) == 0


def test_reflexes_never_repeat_and_all_have_their_turn(bank: ClipBank) -> None:
    voice = Voice(bank, [])
    for kind in ("back_channel", "filler", "acknowledge", "no_cloud", "not_understood"):
        names = [voice.clip(kind)[0] for _ in range(24)]
        assert all(name != after for name, after in itertools.pairwise(names)), kind
        assert set(names) == {name for name, _ in bank.reflexes(kind)}
    with pytest.raises(KeyError):
        voice.clip("sneeze")


def test_back_channels_are_quieter_than_speech(bank: ClipBank) -> None:
    loud = dict(bank.reflexes("back_channel"))
    name, quiet = Voice(bank, []).clip("back_channel")
    np.testing.assert_allclose(quiet, loud[name] * 10 ** (-6 / 20), rtol=1e-5)


def test_missing_programs_are_not_available(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed_engines() == []
    for engine in (Flite(), Espeak(), Piper()):
        assert not engine.is_available
        assert engine.speak("hello") is None


@pytest.mark.parametrize("script", ["exit 1", "echo no sound", "printf 'RIFF'", "exec sleep 600"])
def test_program_that_fails_or_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    program(tmp_path, "espeak-ng", script)
    program(tmp_path, "flite", script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(base, "PROGRAM_TIMEOUT_S", 0.3)
    started_s = time.monotonic()
    assert Espeak().speak("hello") is None
    assert Flite().speak("hello") is None
    assert time.monotonic() - started_s < 60, "it waited for a program that hangs"


def test_text_never_reaches_a_shell_or_an_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "espeak-ng", f'printf "%s\\n" "$@" > {tmp_path}/arguments; cat > {tmp_path}/input')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    text = f"--version $(touch {tmp_path}/owned); `touch {tmp_path}/owned`"
    Espeak().speak(text)
    assert (tmp_path / "input").read_text(encoding="utf-8") == text
    assert "--version" not in (tmp_path / "arguments").read_text(encoding="utf-8").split("\n")
    assert not (tmp_path / "owned").exists()


def test_piper_needs_its_voice_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "piper", 'while [ "$1" != --output_file ]; do shift; done; cp "$SOUND" "$2"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    assert not Piper().is_available
    model = tmp_path / "voice.onnx"
    model.write_bytes(b"")
    monkeypatch.setenv(MODEL_VARIABLE, str(model))
    monkeypatch.setenv("SOUND", str(_wav(tmp_path / "made.wav", rate_hz=22050)))
    sound = Piper().speak("hello")
    assert sound is not None
    assert len(sound) / SAMPLE_RATE_HZ == pytest.approx(0.5, abs=0.03)


def _wav(path: Path, rate_hz: int) -> Path:
    tone = 0.02 * np.sin(2 * np.pi * 300 * np.arange(rate_hz // 2) / rate_hz)
    soundfile.write(path, np.column_stack([tone, tone]), rate_hz)
    return path


def test_programs_sound_is_brought_to_the_common_form(tmp_path: Path) -> None:
    sound = read_wav(_wav(tmp_path / "quiet.wav", rate_hz=44100).read_bytes())
    assert sound is not None
    assert (sound.dtype, sound.ndim) == (np.float32, 1)
    assert np.sqrt(np.mean(sound[800:-800] ** 2)) == pytest.approx(LOUDNESS_RMS, rel=0.05)
    assert (sound[0], sound[-1]) == (0.0, 0.0)


def test_silence_is_no_speech() -> None:
    assert finish(np.zeros(1000, np.float32)) is None
    assert read_wav(b"") is None


@pytest.mark.parametrize("engine", [Flite(), Espeak()], ids=lambda engine: str(engine.name))
def test_installed_program_speaks(engine: Flite | Espeak) -> None:
    if not engine.is_available:
        pytest.skip(f"{engine.name} is not installed")
    short, long = engine.speak("-Hello."), engine.speak("Hello, this is a much longer text to say.")
    assert short is not None
    assert long is not None
    assert 0.2 < len(short) / SAMPLE_RATE_HZ < 1.2
    assert len(long) > 2 * len(short)


def test_ahead_in_virtual_time_answers_at_once_and_in_order(bank: ClipBank) -> None:
    ahead = VoiceAhead(Voice(bank, [FakeEngine()]), is_threaded=False)
    assert ahead.take() is None
    ahead.ask("Okay.")
    ahead.ask(FREE_TEXT)
    assert [made.text for made in (ahead.take(), ahead.take()) if made] == ["Okay.", FREE_TEXT]
    assert not ahead.is_waiting


def test_what_is_prepared_is_there_in_the_hop_that_asks_for_it(bank: ClipBank) -> None:
    class Stuck(FakeEngine):
        is_at_work, may_end = threading.Event(), threading.Event()

        def speak(self, text: str) -> Samples | None:
            if "second" in text:
                self.is_at_work.set()
                self.may_end.wait(60)
            return super().speak(text)

    first, second = f"{FREE_TEXT} first", f"{FREE_TEXT} second"
    ahead = VoiceAhead(Voice(bank, [Stuck()]), is_threaded=True)
    ahead.prepare(first)
    ahead.prepare(second)
    assert Stuck.is_at_work.wait(60)
    ahead.ask(first)
    made = ahead.take()
    assert made is not None
    assert made.text == first
    ahead.ask(FREE_TEXT)
    ahead.ask(first)  # not before what was asked for earlier
    assert ahead.take() is None
    Stuck.may_end.set()
    texts: list[str] = []
    deadline_s = time.monotonic() + 60
    while len(texts) < 2 and time.monotonic() < deadline_s:
        spoken = ahead.take()
        texts += [spoken.text] if spoken else []
    assert texts == [FREE_TEXT, first]
    ahead.close()


def test_ahead_in_a_thread_never_blocks_and_forgets_what_nobody_wants(bank: ClipBank) -> None:
    class Slow(FakeEngine):
        def speak(self, text: str) -> Samples | None:
            time.sleep(0.05)
            return super().speak(text)

    ahead = VoiceAhead(Voice(bank, [Slow()]), is_threaded=True)
    ahead.ask(f"{FREE_TEXT} never mind")
    assert ahead.is_waiting
    assert ahead.take() is None
    ahead.forget()
    ahead.ask(FREE_TEXT)
    deadline_s = time.monotonic() + 60
    made = None
    while made is None and time.monotonic() < deadline_s:
        made = ahead.take()
        time.sleep(0.001)
    assert made is not None
    assert made.text == FREE_TEXT
    assert not ahead.is_waiting
    ahead.close()
