"""Pieces of music: in time, by the instruments that may play, and a clear word where no program plays them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mido", reason="mido is part of the [export] extra")

from export.music import MusicError, _piece, play

PIECE_S = 5.0


def test_a_piece_is_played_by_its_instruments_within_its_time() -> None:
    for seed in range(20):
        messages = list(_piece(10.0, PIECE_S, [7, 9], np.random.default_rng(seed)))
        assert {one.program for _, one in messages if one.type == "program_change"} <= {7, 9}
        assert sum(one.type == "note_on" for _, one in messages) == sum(one.type == "note_off" for _, one in messages)
        assert min(at_s for at_s, _ in messages) == 10.0
        assert max(at_s for at_s, _ in messages) <= 10.0 + PIECE_S + 1e-6
        assert all(0 <= one.note < 128 for _, one in messages if one.type == "note_on")


def test_no_player_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MusicError, match="install Debian's fluidsynth"):
        play(1, PIECE_S, [0], tmp_path / "font.sf2", tmp_path, [1])
