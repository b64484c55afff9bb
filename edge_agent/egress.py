"""The gate: the one function that decides whether sound may leave the device, and the receipt of what it said.

The gate is the only writer of the offload ring, and the link process sees microphone sound nowhere else, so
reading this file is reading everything that can leave. Thread: hop only.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Offload, SoundLeft
from edge_agent.parcels import Abandoned, Began, Cancelled, Ended, Look, Parcel, Result, Sound, as_pcm16, pack
from edge_agent.ring import MessageRing
from edge_agent.units import ms_to_samples, samples_to_ms

State = Literal["muted", "local_only", "ask", "on"]
Consent = Literal["none", "turn", "session"]
MAX_RECEIPTS = 1_000
MAX_TURN_MS = 30_000.0  # longer than any turn: a gate that was left open closes by itself
PRE_ROLL_MS = 400.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was asked of the gate, and what it answered; `sent_ms` of sound left."""

    at_sample: int
    purpose: str
    allowed: bool
    reason: str
    sent_ms: float


def decide(state: State, client: str | None, consent: Consent = "none") -> tuple[bool, str]:
    """Whether sound may leave, and why (not). `client` is the host that waits for it, None when there is none.

    Pure. "muted" and "local_only" refuse whatever was said; "ask" needs a spoken consent; "on" needs none.
    """
    if state in ("muted", "local_only") or (state == "ask" and consent == "none"):
        return False, state
    if client is None:
        return False, "no_client"
    return True, client


@dataclass(slots=True)
class _Leaving:
    turn: int
    purpose: str
    sent_ms: float = 0.0
    pre_roll_ms: float = 0.0


class Gate:
    """The decision applied: writes what may leave, keeps the receipts."""

    def __init__(
        self,
        state: State,
        ring: MessageRing | None = None,
        client: str | None = None,
        *,
        pre_roll_ms: float = PRE_ROLL_MS,
    ) -> None:
        """Without a ring (in a replay) there is nowhere to go, so everything is refused."""
        self.state = state
        self.consent: Consent = "none"
        self.receipts: deque[Receipt] = deque(maxlen=MAX_RECEIPTS)
        self._ring = ring
        self._client = client if ring is not None else None
        self._pre_roll_ms = pre_roll_ms
        self._num_turns = 0
        self._first_answerable = 1  # turns before it were forbidden since
        self._leaving: _Leaving | None = None

    @property
    def is_open(self) -> bool:
        """Sound of the present turn is leaving."""
        return self._leaving is not None

    @property
    def may_send(self) -> bool:
        """Sound could leave now, without asking anybody."""
        return decide(self.state, self._client, self.consent)[0]

    @property
    def turn(self) -> int:
        """Number of the turn that left last."""
        return self._num_turns

    def grant(self, consent: Consent) -> None:
        """The user said yes: for one turn, or until `revoke`. Means nothing while muted or local only."""
        self.consent = consent

    def revoke(self) -> None:
        """The user said no."""
        self.consent = "none"
        self._first_answerable = self._num_turns + 1

    def open(self, sound: NDArray[np.float32], at_sample: int, purpose: str, speech_ms: float = 0.0) -> Offload:
        """Begin to let a turn out, with its sound so far (float32, ending at `at_sample`), or refuse.

        speech_ms: how much of `sound` is the turn itself; what lies before is cut to the pre-roll. 0: all of it.
        Never raises, never waits.
        """
        self.close(at_sample, is_asked=False)  # first, since a consent for one turn ends with it
        allowed, reason = decide(self.state, self._client, self.consent)
        sound, pre_roll_ms = self._bounded(sound, speech_ms)
        if allowed:
            allowed = self._begin(sound, at_sample, purpose, pre_roll_ms)
            reason = reason if allowed else "ring_full"
        if not allowed:
            self.receipts.append(Receipt(at_sample, purpose, False, reason, 0.0))
        return Offload(at_sample, allowed=allowed, reason=reason, purpose=purpose)

    def send(self, sound: NDArray[np.float32], at_sample: int) -> SoundLeft | None:
        """The next sound (float32, ending at `at_sample`) of the turn that is leaving; does nothing when none is.

        The event, if any, says that the gate has closed by itself: the turn is too long, or the ring is full.
        """
        leaving = self._leaving
        if leaving is None:
            return None
        ms = samples_to_ms(len(sound))
        is_sent = leaving.sent_ms + ms <= MAX_TURN_MS and self._put(
            Sound(leaving.turn, at_sample - len(sound), as_pcm16(sound))
        )
        if not is_sent:
            return self.close(at_sample, is_asked=False)
        leaving.sent_ms += ms
        return None

    def close(self, at_sample: int, *, is_asked: bool) -> SoundLeft | None:
        """The turn is over: to be answered, or (`is_asked` False) to be forgotten. None when none was leaving."""
        leaving, self._leaving = self._leaving, None
        if leaving is None:
            return None
        self._put((Ended if is_asked else Abandoned)(leaving.turn, at_sample))
        self.receipts.append(Receipt(at_sample, leaving.purpose, True, str(self._client), leaving.sent_ms))
        if self.consent == "turn":
            self.consent = "none"
        outcome = "asked" if is_asked else "abandoned"
        return SoundLeft(at_sample, leaving.turn, leaving.purpose, outcome, leaving.sent_ms, leaving.pre_roll_ms)

    def cancel(self, turn: int, heard_ms: float) -> None:
        """Nobody wants the answer to that turn any more; `heard_ms` of it sounded. No sound goes with it."""
        self._put(Cancelled(turn, heard_ms))

    def answer_call(self, at_sample: int, result: Result) -> bool:
        """Let out what came of a call of the model that was asked: words of the household, no sound; or refuse."""
        return self._put_beside(at_sample, "tool_result", result)

    def look(self, at_sample: int, look: Look) -> bool:
        """Let one picture out with a turn that leaves or was asked; or refuse."""
        return self._put_beside(at_sample, "picture", look)

    def _put_beside(self, at_sample: int, purpose: str, parcel: Result | Look) -> bool:
        """What is no sound follows only a turn that was let out, and that nobody has forbidden since."""
        is_of_turn = self._first_answerable <= parcel.turn <= self._num_turns
        allowed = is_of_turn and self.state not in ("muted", "local_only") and self._put(parcel)
        reason = str(self._client) if allowed else self.state if is_of_turn else "forbidden"
        self.receipts.append(Receipt(at_sample, purpose, allowed, reason, 0.0))
        return allowed

    def _bounded(self, sound: NDArray[np.float32], speech_ms: float) -> tuple[NDArray[np.float32], float]:
        if speech_ms <= 0.0:
            return sound, 0.0
        num_speech = ms_to_samples(speech_ms)
        sound = sound[-(num_speech + ms_to_samples(self._pre_roll_ms)) :]
        return sound, samples_to_ms(max(0, len(sound) - num_speech))

    def _begin(self, sound: NDArray[np.float32], at_sample: int, purpose: str, pre_roll_ms: float) -> bool:
        consent = self.consent if self.state == "ask" else "profile"
        turn = self._num_turns + 1
        if not self._put(Began(turn, at_sample - len(sound), purpose, consent, pre_roll_ms)):
            return False
        self._num_turns = turn
        self._leaving = _Leaving(turn, purpose, 0.0, pre_roll_ms)
        if not self._put(Sound(turn, at_sample - len(sound), as_pcm16(sound))):
            self._leaving = None
            self._put(Abandoned(turn, at_sample))
            return False
        self._leaving.sent_ms = samples_to_ms(len(sound))
        return True

    def _put(self, parcel: Parcel) -> bool:
        return self._ring is not None and self._ring.send(pack(parcel))
