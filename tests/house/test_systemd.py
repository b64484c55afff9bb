"""The unit file: accepted by systemd without a word, and each line with its reason."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "edge-agent.service"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_to_say() -> None:
    result = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, timeout=30)
    assert (result.stderr, result.returncode) == ("", 0)


def test_settings_that_keep_it_honest() -> None:
    settings = dict(
        line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")
    )
    assert settings["Type"] == "notify"
    assert settings["WatchdogSec"] == "30s"
    assert settings["RestartPreventExitStatus"] == "2"
    assert settings["PrivateNetwork"] == "yes"
    assert int(settings["LimitRTPRIO"]) >= 50


def test_each_block_of_settings_has_a_reason() -> None:
    blocks = UNIT.read_text().split("[Service]")[1].split("[Install]")[0].strip().split("\n\n")
    assert [block for block in blocks if "#" not in block] == []
