"""The gate: the one function that decides whether sound may leave the device, and the receipt of what it said.

The gate is the only writer of the offload ring, and the link process sees microphone sound nowhere else, so
reading this file is reading everything that can leave. Thread: hop only; asked once per turn, never per hop.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Offload
from edge_agent.ring import MessageRing
from edge_agent.units import samples_to_ms

State = Literal["muted", "local_only", "ask", "on"]
MAX_RECEIPTS = 1_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was asked of the gate, and what it answered; `sent_ms` of sound left."""

    at_sample: int
    purpose: str
    allowed: bool
    reason: str
    sent_ms: float


def decide(state: State, client: str | None) -> tuple[bool, str]:
    """Whether sound may leave, and why (not). `client` is the cloud service that waits for it, None when there is none.

    Pure. Everything but "on" refuses by its own name, since nobody has been asked.
    """
    if state != "on":
        return False, state
    if client is None:
        return False, "no_client"
    return True, client


class Gate:
    """The decision applied: writes what may leave, keeps the receipts."""

    def __init__(self, state: State, ring: MessageRing | None = None, client: str | None = None) -> None:
        """Without a ring (in a replay) there is nowhere to go, so everything is refused."""
        self.state = state
        self._ring = ring
        self._client = client if ring is not None else None
        self.receipts: deque[Receipt] = deque(maxlen=MAX_RECEIPTS)

    def offer(self, sound: NDArray[np.float32], at_sample: int, purpose: str) -> Offload:
        """Let the sound of one turn out, or not; the event says which. Never raises, never waits."""
        allowed, reason = decide(self.state, self._client)
        if allowed and (self._ring is None or not self._ring.send(sound.tobytes())):
            allowed, reason = False, "ring_full"
        self.receipts.append(
            Receipt(at_sample, purpose, allowed, reason, samples_to_ms(len(sound)) if allowed else 0.0)
        )
        return Offload(at_sample, allowed=allowed, reason=reason)
