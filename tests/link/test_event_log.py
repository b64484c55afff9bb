"""What is kept on disk for who asked for it: the newest events, not too many, and not for long."""

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent.events import Reply
from edge_agent.link import event_log
from edge_agent.link.event_log import MOST_AGE, MOST_FILES, EventLog

NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def log_at(path: Path, at: datetime, text: str) -> None:
    """As an agent that was started then, said something, and was ended."""
    log = EventLog(path, lambda: at)
    log.write(Reply(0, text))
    log.close()
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_one_day_is_one_file_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log_at(path, NOON, "one")
    log_at(path, NOON + timedelta(hours=1), "two")
    log_at(path, NOON + timedelta(days=1), "three")
    assert texts(path) == ["three"]
    assert texts(tmp_path / "events.jsonl.1") == ["one", "two"]


def test_nothing_is_kept_longer_than_promised(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for day in range(20):
        log_at(path, NOON + timedelta(days=day), str(day))
    kept = [text for file in tmp_path.iterdir() for text in texts(file)]
    assert sorted(kept, key=int) == [str(day) for day in range(20 - MOST_FILES, 20)]
    log_at(path, NOON + timedelta(days=19) + MOST_AGE + timedelta(days=1), "later")
    assert [text for file in tmp_path.iterdir() for text in texts(file)] == ["later"]


def test_no_more_is_kept_than_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "MOST_BYTES", 1_000)
    path = tmp_path / "events.jsonl"
    log = EventLog(path, lambda: NOON)
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    for number in range(500):
        log.write(Reply(0, f"{number:0100}"))
        for file in tmp_path.iterdir():
            os.utime(file, (NOON.timestamp(), NOON.timestamp()))
    log.close()
    files = list(tmp_path.iterdir())
    assert len(files) == MOST_FILES
    assert max(file.stat().st_size for file in files) < 1_300
    assert int(texts(path)[-1]) == 499
