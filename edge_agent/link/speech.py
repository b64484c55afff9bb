"""The user's speech that a model has not answered yet, kept so that it can be said again to another session."""

from dataclasses import dataclass, field

from edge_agent.link.receipts import Receipt, now
from edge_agent.parcels import Began, Sound
from edge_agent.units import SAMPLE_RATE_HZ

BYTES_PER_MS = SAMPLE_RATE_HZ * 2 / 1000
MAX_BYTES = int(35_000 * BYTES_PER_MS)  # more than the gate lets out of one turn


@dataclass(slots=True)
class Speech:
    """One turn. Bounded; kept in memory until it is answered."""

    turn: int
    receipt: Receipt
    sounds: list[Sound] = field(default_factory=list)
    num_bytes: int = 0
    picture: bytes = b""  # the newest that goes with it, JPEG
    is_ended: bool = False
    num_repeats: int = 0  # times it was said again because no answer came
    progress_s: float = 0.0  # when something of its answer came last

    @classmethod
    def begin(cls, began: Began) -> "Speech":
        return cls(began.turn, Receipt(began.turn, now(), began.purpose, began.consent, began.pre_roll_ms))

    def add(self, sound: Sound) -> bool:
        """Keep a piece; False when there is no room for it."""
        if self.num_bytes + len(sound.pcm16) > MAX_BYTES:
            return False
        self.sounds.append(sound)
        self.num_bytes += len(sound.pcm16)
        return True

    def show(self, host: str) -> None:
        """Its picture goes to a host."""
        self.receipt.hosts.setdefault(host, 0.0)
        self.receipt.sent_bytes += len(self.picture)
        self.receipt.num_pictures += 1

    def was_sent(self, host: str, num_bytes: int) -> None:
        """So much of it went to a host."""
        self.receipt.hosts[host] = self.receipt.hosts.get(host, 0.0) + num_bytes / BYTES_PER_MS
