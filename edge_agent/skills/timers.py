"""Timers, counted in capture samples: several at once, named, and ringing until someone says stop.

Thread: hop only. `next_due_sample` is the one comparison that the hop makes; nothing is allocated until a timer is due.
"""

from dataclasses import dataclass

from edge_agent.skills.words import duration
from edge_agent.units import SAMPLE_RATE_HZ

NEVER = 2**62  # a sample that no device reaches
MAX_TIMERS = 16
MAX_TIMER_S = 24 * 3600


@dataclass(frozen=True)
class Timer:
    """One running timer. name: empty when the user gave none."""

    name: str
    length_s: int
    due_sample: int

    @property
    def label(self) -> str:
        """What tells it from others: 'pasta', 'ten minute'."""
        return self.name or duration(self.length_s, singular=True)

    def left_s(self, at_sample: int) -> int:
        """Whole seconds left, rounded to the nearest, at least one."""
        return max(1, round((self.due_sample - at_sample) / SAMPLE_RATE_HZ))


@dataclass(frozen=True)
class Alarm:
    """A timer that rings now. text: what to say with it; at_sample: when it fell due."""

    label: str
    text: str
    at_sample: int


class Timers:
    """All timers of the house."""

    def __init__(self) -> None:
        self.running: list[Timer] = []
        self.ringing: list[Alarm] = []
        self.next_due_sample = NEVER

    def start(self, length_s: int, name: str, at_sample: int) -> Timer:
        """Start a timer. Errors: none; the caller keeps to MAX_TIMERS and MAX_TIMER_S."""
        timer = Timer(name, length_s, at_sample + length_s * SAMPLE_RATE_HZ)
        self.running.append(timer)
        self.running.sort(key=lambda each: each.due_sample)
        self._look_ahead()
        return timer

    def replace(self, timers: list[Timer]) -> None:
        """Let these run, and no others."""
        self.running = timers
        self._look_ahead()

    def cancel(self, timers: list[Timer]) -> None:
        """Forget these timers."""
        self.running = [timer for timer in self.running if timer not in timers]
        self._look_ahead()

    def find(self, name: str = "", length_s: int = 0) -> list[Timer]:
        """Timers that a request means; all of them when it names none."""
        return [
            timer
            for timer in self.running
            if (not name or timer.name == name) and (not length_s or timer.length_s == length_s)
        ]

    def due(self, at_sample: int) -> list[Alarm]:
        """Timers that have run out by now; they ring until `silence`."""
        if at_sample < self.next_due_sample:
            return []
        over = [timer for timer in self.running if timer.due_sample <= at_sample]
        alarms = [Alarm(timer.label, f"Your {timer.label} timer is done.", timer.due_sample) for timer in over]
        self.cancel(over)
        self.ringing += alarms
        return alarms

    def silence(self) -> bool:
        """Stop whatever rings; True when something did."""
        rang = bool(self.ringing)
        self.ringing = []
        return rang

    def _look_ahead(self) -> None:
        self.next_due_sample = self.running[0].due_sample if self.running else NEVER
