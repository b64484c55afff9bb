"""Events on disk, for who asked for it (`run --log`), and never more nor longer than is said here.

They hold what was said, as words. A file is for one day (UTC); those before it are FILE.1 (the newest) to FILE.6.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from edge_agent.event_json import to_json
from edge_agent.events import Event

MOST_BYTES = 2_000_000  # of one file
MOST_FILES = 7
MOST_AGE = timedelta(days=7)
Now = Callable[[], datetime]


def _utc() -> datetime:
    return datetime.now(timezone.utc)


class EventLog:
    """A sink of events. Thread: one."""

    def __init__(self, path: Path, now: Now = _utc) -> None:
        """Raises OSError where nothing can be written."""
        self._path, self._now = path, now
        self._day = self._written(path).date() if path.exists() else now().date()
        self._file = path.open("a", encoding="utf-8")
        self._begin_anew_if_due()

    def write(self, event: Event) -> None:
        """One line, at once."""
        self._begin_anew_if_due()
        self._file.write(json.dumps(to_json(event), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()

    def _begin_anew_if_due(self) -> None:
        today = self._now().date()
        if self._day == today and self._file.tell() < MOST_BYTES:
            return
        self._file.close()
        for number in reversed(range(MOST_FILES - 1)):
            if self._older(number).exists():
                self._older(number).replace(self._older(number + 1))
        self._file, self._day = self._path.open("a", encoding="utf-8"), today
        for number in range(1, MOST_FILES + 1):
            older = self._older(number)
            if older.exists() and (number == MOST_FILES or self._now() - self._written(older) > MOST_AGE):
                older.unlink()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    @staticmethod
    def _written(path: Path) -> datetime:
        return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
