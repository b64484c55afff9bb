"""The log of what left: appended, read back as one line a turn, shown by the command line, and never in the way."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli.main import cli
from edge_agent.errors import CloudError
from edge_agent.link.clouds import make_runner
from edge_agent.link.receipts import Receipt, ReceiptLog, read_receipts
from edge_agent.profile import CloudProfile, PrivacyProfile, Profile, ProviderProfile
from edge_agent.profile_file import load_profile


def receipt(turn: int, outcome: str = "answered") -> Receipt:
    return Receipt(
        turn, f"2026-01-01T00:00:{turn:02d}+00:00", "open_question", "turn", 400.0, {"a.example": 2_000.0}, outcome
    )


def test_two_lines_become_one_turn(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "receipts.jsonl"
    failures: list[str] = []
    log = ReceiptLog(path, failures.append)
    log.write(receipt(1, "leaving"))
    log.write(receipt(1))
    log.write(receipt(2, "leaving"))
    with path.open("a") as file:
        file.write("not json\n{}\n")
    found = list(read_receipts(path))
    assert [(record["turn"], record["outcome"]) for record in found] == [(1, "answered"), (2, "leaving")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert failures == []
    assert len(path.read_text().splitlines()) == 5, "a line was changed instead of appended"


def test_a_disk_that_refuses_is_told_and_nothing_else(tmp_path: Path) -> None:
    failures: list[str] = []
    ReceiptLog(tmp_path / "file" / "x", failures.append).write(receipt(1))
    (tmp_path / "wall").write_text("")
    ReceiptLog(tmp_path / "wall" / "receipts.jsonl", failures.append).write(receipt(1))
    assert len(failures) == 1
    assert "no receipt could be written" in failures[0]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(f"name: test\nprivacy: {{state: ask, receipts: {tmp_path}/receipts.jsonl}}\n")
    return path


def test_the_command_shows_what_left(profile: Path, tmp_path: Path) -> None:
    run = CliRunner()
    nothing = run.invoke(cli, ["privacy", "--profile", str(profile)])
    assert "no sound has left this machine" in nothing.output
    assert "ask" in nothing.output
    log = ReceiptLog(tmp_path / "receipts.jsonl", lambda line: None)
    for turn in (1, 2):
        log.write(receipt(turn))
    shown = run.invoke(cli, ["privacy", "--profile", str(profile)]).output
    assert "a.example" in shown
    assert "2 turns, 4.0 s of sound" in shown
    lines = run.invoke(cli, ["privacy", "--json", "--profile", str(profile)]).output.splitlines()
    assert [json.loads(line)["turn"] for line in lines] == [1, 2]


def profile_with(host: str, hosts: tuple[str, ...], kind: str = "gemini_live") -> Profile:
    provider = ProviderProfile(kind=kind, url=f"{'https' if kind == 'pipeline' else 'wss'}://{host}/x")  # type: ignore[arg-type]
    return Profile(name="t", privacy=PrivacyProfile(hosts=hosts), cloud=CloudProfile(providers=(provider,)))


def test_only_hosts_on_the_list() -> None:
    assert make_runner(Profile(name="t"), lambda parcel: True, print) is None
    assert make_runner(profile_with("eu.example", ()), lambda parcel: True, print) is not None
    assert make_runner(profile_with("eu.example", ("eu.example",)), lambda parcel: True, print) is not None
    with pytest.raises(CloudError, match=r"us\.example.*privacy\.hosts \(eu\.example\)"):
        make_runner(profile_with("us.example", ("eu.example",)), lambda parcel: True, print)


@pytest.mark.parametrize("kind", ["gemini_live", "openai_realtime", "gpt_live", "pipeline"])
def test_every_kind_of_provider_can_be_made(kind: str) -> None:
    assert make_runner(profile_with("eu.example", (), kind), lambda parcel: True, print) is not None


def test_the_demos_profile_asks_this_machine_only() -> None:
    profile = load_profile(Path(__file__).resolve().parents[2] / "demo" / "cloud.yaml")
    assert profile.privacy.hosts == ("127.0.0.1",)
    assert make_runner(profile, lambda parcel: True, print) is not None
    assert load_profile().privacy.state == "local_only"
    assert load_profile().cloud.providers == ()
