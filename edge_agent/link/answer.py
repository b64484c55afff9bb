"""One answer on its way to the player: held for the safety rules, brought to the device's rate, sent on."""

from collections import deque
from collections.abc import Callable

from edge_agent.link.cloud.base import AudioDelta
from edge_agent.link.jitter import DelaySpread, ToDeviceRate
from edge_agent.link.pace import loud_ms
from edge_agent.link.safety import AnswerGuard
from edge_agent.parcels import Parcel, Piece
from edge_agent.units import SAMPLE_RATE_HZ

BYTES_PER_SAMPLE = 2
MAX_PIECE_BYTES = SAMPLE_RATE_HZ * BYTES_PER_SAMPLE // 2  # half a second: what the player can always take
MAX_HELD_BYTES = 4_000_000  # of an answer that waits for its words; more than a minute


class Answer:
    """Thread: the asyncio loop; times are the loop's, in seconds."""

    def __init__(self, turn: int, guard: AnswerGuard, spread: DelaySpread, send: Callable[[Parcel], None]) -> None:
        self.turn = turn
        self.guard = guard
        self.received_ms = 0.0
        self._spread = spread
        self._send = send
        self._rate: ToDeviceRate | None = None
        self._loud_ms = 0.0  # of what was received: without pauses
        self._held: deque[tuple[bytes, float, float]] = deque()  # sound, `_loud_ms` at its end, when it came
        self._held_bytes = 0
        self._is_whole = False
        spread.begin()

    @property
    def holds(self) -> bool:
        """Sound waits to be passed on."""
        return bool(self._held)

    @property
    def is_over(self) -> bool:
        """All of it was passed on."""
        return self._is_whole and not self._held

    def take(self, delta: AudioDelta, now_s: float) -> None:
        """A piece has come; a rate that no answer has twice is that of its first piece."""
        duration_ms = 1000 * len(delta.pcm16) / (BYTES_PER_SAMPLE * delta.rate_hz)
        if self._rate is None:
            self._rate = ToDeviceRate(delta.rate_hz)
        if self._held_bytes > MAX_HELD_BYTES:
            return
        self._spread.arrived(now_s, duration_ms)
        self.received_ms += duration_ms
        self._loud_ms += loud_ms(delta.pcm16, delta.rate_hz)
        self._held.append((delta.pcm16, self._loud_ms, now_s))
        self._held_bytes += len(delta.pcm16)
        self.release()

    def finish(self) -> None:
        """No more will come."""
        self._is_whole = True
        self.guard.finish(self._loud_ms)
        if not self._held and self._rate is not None:
            self._pass_on(b"", is_last=True)
        self.release()

    def release(self) -> None:
        """Pass on what may be heard by now."""
        while self._held:
            pcm16, ends_ms, _ = self._held[0]
            if not self.guard.may_pass(ends_ms):
                return
            self._held.popleft()
            self._held_bytes -= len(pcm16)
            self._pass_on(pcm16, is_last=self._is_whole and not self._held)

    def gives_up(self, now_s: float) -> bool:
        """Its words do not come, and without them it must not be heard."""
        return bool(self._held) and self.guard.gives_up(1000 * (now_s - self._held[0][2]))

    def drop(self) -> None:
        """None of what waits may be heard."""
        self._held.clear()
        self._held_bytes = 0

    def _pass_on(self, pcm16: bytes, *, is_last: bool) -> None:
        assert self._rate is not None
        sound = self._rate.step(pcm16, is_last=is_last)
        depth_ms = max(self._spread.depth_ms, self.guard.least_depth_ms)
        for begin in range(0, len(sound), MAX_PIECE_BYTES):
            self._send(Piece(self.turn, depth_ms, sound[begin : begin + MAX_PIECE_BYTES]))
