"""What retraining needs is asked for at once, all of it, with the commands that install it."""

from pathlib import Path

import pytest

from export import needs
from export.needs import NeedsError, check_needs


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has it all; its folder of programs."""
    programs, voices = tmp_path / "bin", tmp_path / "voices"
    programs.mkdir()
    for name in needs.PROGRAMS:
        (programs / name).touch(0o755)
    for voice in needs.VOICES:
        (voices / "english" / voice).mkdir(parents=True)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(needs, "VOICES_FOLDER", voices)
    monkeypatch.setattr(needs, "MODULES", ("json",))
    return programs


def test_nothing_is_missing(everything: Path) -> None:
    check_needs()


def test_all_that_is_missing_is_named_with_its_cure(everything: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (everything / "fluidsynth").unlink()
    (needs.VOICES_FOLDER / "english" / "ked_diphone").rmdir()
    monkeypatch.setattr(needs, "MODULES", ("json", "no_such_module"))
    with pytest.raises(NeedsError) as error:
        check_needs()
    told = str(error.value)
    assert "apt-get install fluidsynth festvox-kdlpc16k and" in told
    assert "pip install 'edge-agent[export]' (no no_such_module)" in told
