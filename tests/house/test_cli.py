"""The command line: help that needs no manual, and one line with exit status 2 for whatever a user can cure."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import edge_agent.processes.supervisor
import edge_agent.replay
from edge_agent import events
from edge_agent.cli.main import cli
from edge_agent.events import Event
from edge_agent.profile import Profile

COMMANDS = (
    "run",
    "replay",
    "doctor",
    "devices",
    "models",
    "commands",
    "commands check",
    "commands import",
    "cloud-sim",
)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def assert_one_line(result: Result, *parts: str) -> None:
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.startswith("edge-agent: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for name in cli.commands:
        line = next(line for line in result.stdout.splitlines() if line.startswith(f"  {name} "))
        assert line.endswith(".")
        assert not line.endswith("...")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str) -> None:
    result = invoke(*name.split(), "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert len(result.stdout.splitlines()) > 4


def test_replay_help_names_every_option() -> None:
    text = invoke("replay", "--help").stdout
    for option in ("--out", "--realtime", "--json", "--commands", "--wake", "--profile"):
        assert option in text


@pytest.mark.parametrize("command", ["run", "replay x.wav", "doctor"])
def test_unknown_profile(command: str) -> None:
    assert_one_line(invoke(*command.split(), "--profile", "toaster"), "no profile 'toaster'", "generic_x86")


def test_profile_with_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: p\naudio:\n  volume: 3\n")
    assert_one_line(invoke("replay", "x.wav", "--profile", str(path)), f"{path}:3: ", "volume_percent")


def test_commands_file_that_is_not_there(tmp_path: Path) -> None:
    assert_one_line(invoke("commands", "check", str(tmp_path / "none.yaml")), "none.yaml")


def test_commands_file_with_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("intents:\n  Greet:\n    sentences:\n      - hello (world\n")
    assert_one_line(invoke("commands", "check", str(path)), "c.yaml:")


def test_imported_context_can_be_checked(tmp_path: Path) -> None:
    context, commands = tmp_path / "context.yaml", tmp_path / "commands.yaml"
    context.write_text(
        "context:\n  expressions:\n    paint:\n      - 'paint it $colour:colour'\n"
        "  slots:\n    colour:\n      - red\n      - blue\n"
    )
    assert invoke("commands", "import", str(context), "-o", str(commands)).exit_code == 0
    result = invoke("commands", "check", str(commands))
    assert result.exit_code == 0
    assert "1 intents" in result.stdout


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(paths: tuple[Path, ...], **rest: object) -> None:
        raise PermissionError(13, "Permission denied", "/elsewhere")

    monkeypatch.setattr(edge_agent.replay, "replay_files", fail)
    assert_one_line(invoke("replay", "x.wav"), "/elsewhere: Permission denied")


def test_nothing_is_played_for_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = invoke("replay", "x.wav", "--out", str(tmp_path / "file" / "out"))
    assert_one_line(result, f"{tmp_path / 'file' / 'out'}: Not a directory; check the path")


def test_nothing_is_started_for_a_log_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_agent.processes.supervisor.Supervisor, "run", lambda self: pytest.fail("it was started"))
    result = invoke("run", "--log", str(tmp_path / "none" / "events.jsonl"))
    assert_one_line(result, f"{tmp_path / 'none' / 'events.jsonl'}: No such file or directory; check the path")


def test_a_log_that_can_be_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text("before\n")
    monkeypatch.setattr(edge_agent.processes.supervisor.Supervisor, "run", lambda self: 0)
    assert invoke("run", "--log", str(log)).exit_code == 0
    assert log.read_text() == "before\n"


def test_a_stand_in_whose_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = invoke("cloud-sim", "--port", port)
    assert_one_line(result, f"127.0.0.1:{port} cannot be listened on (address already in use); choose another --port")


class FakeReplay:
    """Stands in for the agent: two events a file, and what it was asked."""

    profile: Profile

    def __call__(
        self,
        paths: tuple[Path, ...],
        *,
        profile: Profile,
        out_dir: Path | None,
        realtime: bool,
        on_event: Callable[[str, Event], None],
        on_notice: Callable[[str], None],
    ) -> None:
        on_notice("no program that speaks free text")
        self.profile, self.out_dir, self.realtime = profile, out_dir, realtime
        for path in paths:
            on_event(str(path), events.Intent(16_000, "set_timer", {"minutes": 5}, 0.97))
            on_event(str(path), events.Reply(16_000, "Five minutes [bold]now[/]."))


@pytest.fixture
def fake_replay(monkeypatch: pytest.MonkeyPatch) -> FakeReplay:
    fake = FakeReplay()
    monkeypatch.setattr(edge_agent.replay, "replay_files", fake)
    return fake


def test_json_is_one_object_per_line_and_nothing_else(fake_replay: FakeReplay) -> None:
    result = invoke("replay", "a.wav", "b.flac", "--json", "--out", "somewhere")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["file"], line["event"]) for line in lines] == [
        *(("a.wav", "intent"), ("a.wav", "reply")),
        *(("b.flac", "intent"), ("b.flac", "reply")),
    ]
    assert lines[0]["slots"] == {"minutes": 5}
    assert lines[0]["at_ms"] == 1000.0
    assert fake_replay.out_dir == Path("somewhere")
    assert result.stderr == "edge-agent: no program that speaks free text\n"


def test_choices_of_the_command_line_reach_the_agent(fake_replay: FakeReplay) -> None:
    invoke("replay", "a.wav", "--wake", "hey house", "--wake", "computer", "--commands", "coffee.yaml", "--realtime")
    assert fake_replay.profile.wake.phrases == ("hey house", "computer")
    assert fake_replay.profile.commands == "coffee.yaml"
    assert fake_replay.realtime is True


def test_timeline_is_readable_and_says_words_as_they_are(fake_replay: FakeReplay) -> None:
    text = invoke("replay", "a.wav").stdout
    assert "a.wav" in text
    assert "1.00 s" in text
    assert "set_timer  minutes=5" in text
    assert "“Five minutes [bold]now[/].”" in text


def test_doctor_tells_each_lack_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = invoke("doctor")
    assert result.exit_code in (0, 1)
    for area in ("kernels", "sound", "runtimes", "models", "voices", "real time", "privacy"):
        assert area in result.stdout
    assert "apt-get install flite" in " ".join(result.stdout.split())


def test_doctor_tells_that_piper_has_no_voice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, voice = tmp_path / "piper", tmp_path / "voice.onnx"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PIPER_MODEL", raising=False)
    assert "PIPER_MODEL=" in invoke("doctor").output
    voice.write_bytes(b"a voice")
    monkeypatch.setenv("PIPER_MODEL", str(voice))
    output = invoke("doctor").output
    assert "piper, for free text" in output
    assert "PIPER_MODEL=" not in output
