"""The builder of the clip bank: where it cuts, and what it refuses."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_agent.errors import VoiceError
from edge_agent.units import SAMPLE_RATE_HZ
from export.clips import build, cut, read_lists, say
from export.phrases import carriers
from export.tones import alarm, chime, hmm, mm_hm

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
COMMANDS = """
lists:
  area:
    values: [kitchen, { in: "(hall|hallway)", out: hallway }]
  minutes: { range: { from: 1, to: 9 } }
"""


def test_lists_are_the_values_of_the_commands_file(tmp_path: Path) -> None:
    path = tmp_path / "commands.yaml"
    path.write_text(COMMANDS, encoding="utf-8")
    assert read_lists(path) == {"area": ["kitchen", "hallway"]}


def test_carriers_name_every_value_and_are_well_formed() -> None:
    names = ("timer_name", "area", "light_name", "colour", "item", "list_name")
    sentences = carriers({name: [f"some {name}"] for name in names})
    assert len(sentences) == len(set(sentences)) > 400
    assert all(text.count("{") == text.count("}") == 1 for text in sentences)
    assert all(any(f"some {name}" in text.lower() for text in sentences) for name in names)


@needs_flite
def test_parts_of_a_carrier_are_cut_at_their_words() -> None:
    (head,) = cut("{Timer set for} ten minutes.")
    (tail,) = cut("Timer set for {ten minutes.}")
    (middle,) = cut("Timer {set,} for ten minutes.")
    assert (head.text, head.left, head.right) == ("timer set for", "start", "cut")
    assert (tail.text, tail.left, tail.right) == ("ten minutes", "cut", "end")
    assert (middle.text, middle.left, middle.right) == ("set", "cut", "comma")
    (whole,) = cut("{Timer set for ten minutes.}")
    assert len(head.samples) + len(tail.samples) == pytest.approx(len(whole.samples), abs=0.06 * SAMPLE_RATE_HZ)
    assert len(middle.samples) < len(head.samples) / 2


@needs_flite
def test_a_part_without_sound_is_refused() -> None:
    with pytest.raises(VoiceError, match="cannot cut after"):
        cut("Timer set for ten minutes {.}")


@needs_flite
def test_hums_are_the_length_of_a_hum() -> None:
    for sound in (mm_hm(say, 0), mm_hm(say, 1), hmm(say)):
        assert 0.3 < len(sound) / SAMPLE_RATE_HZ < 0.6
        assert np.abs(np.diff(sound)).max() < 0.1
        assert np.abs(sound[[0, -1]]).max() < 0.01


def test_tones_begin_and_end_in_silence() -> None:
    for sound in (alarm(), chime()):
        assert np.abs(sound).max() <= 0.6
        assert np.abs(sound[[0, -1]]).max() < 0.01


def test_without_flite_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceError, match="apt-get install flite"):
        build(tmp_path / "commands.yaml", tmp_path)
