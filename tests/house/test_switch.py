"""The microphone's switch as a file: moved by the command line, followed by the supervisor, whatever stands in it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli.main import cli
from edge_agent.processes import switch
from edge_agent.processes.supervisor import Supervisor


def test_where_nobody_has_moved_it_the_profile_says(tmp_path: Path) -> None:
    assert switch.is_off(tmp_path / "none", True)
    assert not switch.is_off(tmp_path / "none", False)


@pytest.mark.parametrize("word", ["", "offside", "\xff", "muted", "0" * 100_000])
def test_what_is_neither_word_changes_nothing(tmp_path: Path, word: str) -> None:
    path = tmp_path / "microphone"
    path.write_bytes(word.encode("latin-1"))
    assert switch.is_off(path, True)
    assert not switch.is_off(path, False)


def test_the_command_line_moves_it_and_a_running_agent_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    agent = Supervisor("generic_x86")
    assert agent.channels.mic_off.count == 0
    for command, is_off in (("mute", 1), ("unmute", 0)):
        said = CliRunner().invoke(cli, [command])
        assert said.exit_code == 0, said.output
        agent._read_switch()
        assert agent.channels.mic_off.count == is_off
    assert Supervisor("generic_x86").channels.mic_off.count == 0


def test_muted_by_profile_until_somebody_unmutes(tmp_path: Path) -> None:
    profile = tmp_path / "quiet.yaml"
    profile.write_text("name: quiet\nprivacy: {state: muted, switch: here/microphone}\n")
    agent = Supervisor(str(profile))
    assert agent.channels.mic_off.count == 1
    switch.move(tmp_path / "here" / "microphone", off=False)
    agent._read_switch()
    assert agent.channels.mic_off.count == 0
