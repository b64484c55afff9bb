"""Labels that do not fit their sound, held-out noise, and the mixing rule."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_agent.errors import AudioError
from edge_agent.evaluation.recordings import held_out_noise_paths, loudest_frame, mix, read_labelled, read_mono
from edge_agent.units import SAMPLE_RATE_HZ

LABEL = {"intent": "Stop", "slots": {}}


def write_sound(path: Path, num_samples: int = 1600, rate_hz: int = SAMPLE_RATE_HZ) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(len(path.name)).normal(0, 0.05, num_samples), rate_hz)


def test_missing_sound_and_missing_labels_are_listed(tmp_path: Path) -> None:
    for name in ("a.flac", "b.flac", "stray.flac"):
        write_sound(tmp_path / "audio" / name)
    labels = {"b.flac": LABEL, "a.flac": {"intent": None, "slots": {}}, "gone.flac": LABEL}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    folder = read_labelled(tmp_path)
    assert [(one.name, one.intent) for one in folder.recordings] == [("a.flac", None), ("b.flac", "Stop")]
    assert folder.complaints == [
        "1 labelled, but there is no such sound: gone.flac",
        "1 sound without a label: stray.flac",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "not as labels are written"), ('{"a.flac": {"intent": "Stop"}}', "slots"), ('["a"]', "not as labels")],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(AudioError, match=complaint):
        read_labelled(tmp_path)


def test_labels_without_any_sound_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(json.dumps({"a.flac": LABEL}))
    with pytest.raises(AudioError, match="none of its 1 recordings"):
        read_labelled(tmp_path)
    with pytest.raises(AudioError, match=r"labels\.json: cannot be read"):
        read_labelled(tmp_path / "nowhere")


def test_sound_at_another_rate_is_refused(tmp_path: Path) -> None:
    write_sound(tmp_path / "fast.wav", rate_hz=44_100)
    with pytest.raises(AudioError, match="44100 Hz"):
        read_mono(tmp_path / "fast.wav")


def test_two_classes_and_every_fourth_recording_of_the_others_are_held_out(tmp_path: Path) -> None:
    for kind in ("chainsaw", "rain", "rooster"):
        for index in range(8):
            write_sound(tmp_path / kind / f"{index}.flac")
    chosen = [f"{path.parent.name}/{path.stem}" for path in held_out_noise_paths(tmp_path)]
    assert sorted(name for name in chosen if name.startswith("rain")) == ["rain/3", "rain/7"]
    assert sum(name.startswith(("chainsaw", "rooster")) for name in chosen) == 16
    assert {name.split("/")[0] for name in chosen[:3]} == {"chainsaw", "rain", "rooster"}  # in turn


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 10.0, 24.0])
def test_the_loudest_frames_stand_in_the_wished_ratio_and_the_mix_at_half_of_full_range(snr_db: float) -> None:
    random = np.random.default_rng(3)
    speech = (random.normal(0, 0.1, 20_000) * np.linspace(0, 1, 20_000)).astype(np.float32)
    noise = random.normal(0, 0.3, 7_000).astype(np.float32)
    mixed = mix(speech, noise, snr_db)
    assert np.abs(mixed).max() == pytest.approx(0.5)
    gains, *_ = np.linalg.lstsq(np.stack([speech, np.resize(noise, len(speech))], axis=1), mixed, rcond=None)
    ratio = loudest_frame(speech * gains[0]) / loudest_frame(np.resize(noise, len(speech)) * gains[1])
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.05)
