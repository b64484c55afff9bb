"""How much of an answer was heard, item by item: a provider that forgets what was not heard must be told exactly.

Positions are counted within each item: counting across items asks for more than an item has, and a session was seen
to fall silent after that.
"""

from dataclasses import dataclass, field

from edge_agent.link.cloud.pcm import duration_ms


@dataclass(slots=True)
class Answer:
    """One response, and the sound received of each of its items, in order."""

    answer_id: str
    is_making: bool = True
    has_calls: bool = False
    bytes_of: dict[str, int] = field(default_factory=dict)

    @property
    def has_sound(self) -> bool:
        """True once there was anything to hear."""
        return any(self.bytes_of.values())


@dataclass(frozen=True, slots=True)
class Cut:
    """What to do to one item: keep `keep_ms` of it, or, at 0, all of it goes."""

    item_id: str
    keep_ms: int


def cuts(made: Answer, heard_ms: float, rate_hz: int) -> list[Cut]:
    """What to take back of an answer of which `heard_ms` were heard; empty when all of it was."""
    left_ms, found = max(0.0, heard_ms), []
    for item_id, num_bytes in made.bytes_of.items():
        has_ms = duration_ms(num_bytes, rate_hz)
        if left_ms < has_ms or made.is_making:
            found.append(Cut(item_id, int(min(left_ms, has_ms))))
        left_ms = max(0.0, left_ms - has_ms)
    return found
