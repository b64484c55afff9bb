"""python -m export explains itself and says in one line what is missing; nothing of it needs torch before it trains."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from export.__main__ import main

EVERY = ["corpus", "people", "acted", "train", "publish", "parity", "eval", "clips", "spoken-set"]


@pytest.mark.parametrize("command", EVERY)
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert f"{command} [OPTIONS]" in result.output
    assert "default:" in result.output


def test_the_commands_are_listed_in_help() -> None:
    output = CliRunner().invoke(main, ["--help"]).output
    assert all(f"  {command} " in output for command in ("corpus", "people", "train", "publish", "parity", "eval"))


@pytest.mark.parametrize("command", ["publish", "parity", "eval"])
def test_a_missing_checkpoint_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    missing = tmp_path / "checkpoint.pt"
    result = CliRunner().invoke(main, [command, "--checkpoint", str(missing)])
    assert result.exit_code == 2
    assert f"File '{missing}' does not exist." in result.output
    assert "Traceback" not in result.output
