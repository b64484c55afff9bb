"""Parcels on their way to the hop process: in order, and waiting here while its ring is full."""

import asyncio
from collections import deque
from collections.abc import Callable

from edge_agent.parcels import Lost, Parcel, Piece

MAX_WAITING_BYTES = 16_000_000  # eight minutes of an answer; a longer one is cut
RETRY_S = 0.05


class Outbox:
    """Thread: the asyncio loop."""

    def __init__(self, put: Callable[[Parcel], bool]) -> None:
        """put: writes one parcel to the ring, or returns False when it has no room."""
        self._put = put
        self._waiting: deque[Parcel] = deque()
        self._num_bytes = 0
        self._retry: asyncio.TimerHandle | None = None

    def send(self, parcel: Parcel) -> None:
        """Now, or as soon as there is room."""
        num_bytes = len(parcel.pcm16) if isinstance(parcel, Piece) else 0
        if self._num_bytes + num_bytes > MAX_WAITING_BYTES:
            return
        self._waiting.append(parcel)
        self._num_bytes += num_bytes
        self._flush()

    def forget_pieces(self) -> None:
        """What waits is not to be heard any more; what is to be told still is."""
        self._waiting = deque(parcel for parcel in self._waiting if isinstance(parcel, Lost))
        self._num_bytes = 0

    def close(self) -> None:
        """No more retries."""
        if self._retry is not None:
            self._retry.cancel()

    def _flush(self) -> None:
        while self._waiting and self._put(self._waiting[0]):
            parcel = self._waiting.popleft()
            self._num_bytes -= len(parcel.pcm16) if isinstance(parcel, Piece) else 0
        if self._waiting and self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._again)

    def _again(self) -> None:
        self._retry = None
        self._flush()
