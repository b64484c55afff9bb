"""Time as a count of capture samples, and the time of day for those who say it aloud.

Everything the agent decides is stamped in samples of the capture clock. Only a skill that tells the time or the
date asks a `Clock` what time of day a sample had; in a replay that is counted from a fixed moment.
"""

from datetime import datetime, timedelta
from typing import Protocol

from edge_agent.units import samples_to_ms


class Clock(Protocol):
    """Time of day for a moment of the capture clock."""

    def local_time(self, at_sample: int) -> datetime: ...


class WallClock:
    """The machine's own clock: a sound card drifts by seconds a day, so `at_sample` is not used."""

    def local_time(self, at_sample: int) -> datetime:
        return datetime.now()


class FakeClock:
    """A day that begins at `started_at` with sample 0."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at

    def local_time(self, at_sample: int) -> datetime:
        return self._started_at + timedelta(milliseconds=samples_to_ms(at_sample))
