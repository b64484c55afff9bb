"""The append-only log of what left the device: two lines for a turn, when its sound begins to leave and at its end.

A file is made only when sound really leaves. It holds no sound and no words.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

FILE_NAME = "receipts.jsonl"


@dataclass(slots=True)
class Receipt:
    """One turn. `hosts`: ms of sound that each host got; consent: "profile", "turn" or "session".

    outcome: "answered", "abandoned", "cancelled", "blocked", "lost"; "leaving" until then.
    sent_bytes: of what is no sound: a picture, what a home automation at home was told (turn 0, outcome "closed").
    """

    turn: int
    at: str
    purpose: str
    consent: str
    pre_roll_ms: float
    hosts: dict[str, float] = field(default_factory=dict)
    outcome: str = "leaving"
    sent_bytes: int = 0
    num_pictures: int = 0

    @property
    def sent_ms(self) -> float:
        return sum(self.hosts.values())


class ReceiptLog:
    """Thread: the asyncio loop. Never raises: a full disk must not end an answer, so it is told instead."""

    def __init__(self, path: Path, on_failure: Callable[[str], None]) -> None:
        self._path = path
        self._on_failure = on_failure

    def write(self, receipt: Receipt) -> None:
        """Append the receipt as it is now, and have it on the disk."""
        line = json.dumps({"written": now(), **asdict(receipt)})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(fd, line.encode() + b"\n")
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            self._on_failure(f"no receipt could be written to {self._path}: {error.strerror}")


def now() -> str:
    """Time of day, with its zone, to the millisecond."""
    return datetime.now(timezone.utc).astimezone().isoformat(timespec="milliseconds")


def default_path() -> Path:
    """Where receipts are kept when the profile does not say."""
    state = os.environ.get("STATE_DIRECTORY") or os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "edge-agent" / FILE_NAME


def read_receipts(path: Path) -> Iterator[dict[str, Any]]:
    """The last word on each turn, oldest first; lines that are no receipt are passed over. Raises OSError."""
    latest: dict[tuple[str, int], dict[str, Any]] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                record = json.loads(line)
                latest[(str(record["at"]), int(record["turn"]))] = record
            except (KeyError, TypeError, ValueError):
                continue
    yield from latest.values()
