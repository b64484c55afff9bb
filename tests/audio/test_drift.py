"""What is kept of a device's clocks between two starts."""

import math
from pathlib import Path

import pytest

from edge_agent.audio import drift


def test_each_device_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "state" / drift.FILE_NAME
    assert drift.known_ppm(path, "default") == 0.0
    drift.remember(path, "default", 203.42)
    drift.remember(path, "USB", -17.0)
    assert (drift.known_ppm(path, "default"), drift.known_ppm(path, "USB")) == (203.4, -17.0)
    assert [file.name for file in path.parent.iterdir()] == [drift.FILE_NAME]


def test_a_device_without_drift_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / drift.FILE_NAME
    drift.remember(path, "default", 0.2)
    assert not path.exists(), "nothing is written where there is nothing to know"
    drift.remember(path, "default", 50.0)
    drift.remember(path, "default", 0.2)
    assert drift.known_ppm(path, "default") == 0.0


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"default": "much"}', '{"default": NaN}', '{"default": true}'])
def test_what_is_no_drift_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / drift.FILE_NAME
    path.write_text(text, encoding="utf-8")
    assert drift.known_ppm(path, "default") == 0.0
    drift.remember(path, "default", 20.0)
    assert math.isclose(drift.known_ppm(path, "default"), 20.0)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        drift.remember(tmp_path / "file" / drift.FILE_NAME, "default", 20.0)
