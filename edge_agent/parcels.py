"""What the hop and the link process say to each other about the cloud: one parcel is one message of a ring.

    offload ring   hop -> link   Began, Sound ..., then Ended or Abandoned; Cancelled; Result; Look (the gate writes)
    answer ring    link -> hop   Piece ..., then Over; or Lost, when no (more) answer will come
    house ring     link -> hop   Call: the model that answers wants something done at home;
                                 State, Reach, Told: how the home automation finds the house

A turn of the user has a number, and the answer to it has the same one. Thread: any; parcels are values.
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32_767
MAX_HEADER_BYTES = 4_096
_END = b"\n"


@dataclass(frozen=True, slots=True)
class Began:
    """Sound of this turn begins to leave the hop process; `purpose` and `consent` say why it may."""

    turn: int
    at_sample: int
    purpose: str
    consent: str
    pre_roll_ms: float


@dataclass(frozen=True, slots=True)
class Sound:
    """Microphone sound, PCM16 at 16 kHz; `at_sample`: its first sample."""

    turn: int
    at_sample: int
    pcm16: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn is over: answer it."""

    turn: int
    at_sample: int


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The turn is not to be answered: the device took care of it, or the talker forbade it."""

    turn: int
    at_sample: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nobody wants (the rest of) the answer; `heard_ms` of it sounded."""

    turn: int
    heard_ms: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound of an answer, PCM16 at 16 kHz; `depth_ms`: how much to have before it begins to sound."""

    turn: int
    depth_ms: float
    pcm16: bytes


@dataclass(frozen=True, slots=True)
class Over:
    """All of the answer was sent; `text`: its words, as the model gave them."""

    turn: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """No (more) answer will come. `say` tells the user; with `drop`, what has not sounded yet must not."""

    turn: int
    say: str
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A model that answers this turn wants a command carried out; `slots`: a JSON object, checked by its schema."""

    turn: int
    call_id: str
    intent: str
    slots: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call: a JSON object; `failed`: nothing was done, and why."""

    turn: int
    call_id: str
    output: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One picture may be taken now and leave with this turn; `call_id`: of the call that wants it, or empty."""

    turn: int
    at_sample: int
    call_id: str


@dataclass(frozen=True, slots=True)
class State:
    """How something at home is now; `told`: a JSON object of fields of the house's model (skills/home.py)."""

    what: str
    area: str
    name: str
    told: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether things of a kind can be acted on; `trouble`: what to say when not, empty when they can."""

    what: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Told:
    """Something to be said aloud."""

    say: str


CloudParcel = Began | Sound | Ended | Abandoned | Cancelled | Piece | Over | Lost
HouseParcel = Call | Result | Look | State | Reach | Told
Parcel = CloudParcel | HouseParcel
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Began, Sound, Ended, Abandoned, Cancelled, Piece, Over, Lost),
        *(Call, Result, Look, State, Reach, Told),
    )
}
_SOUND = "pcm16"


def pack(parcel: Parcel) -> bytes:
    """As bytes for a ring."""
    header: dict[str, Any] = {"kind": type(parcel).__name__}
    pcm16 = b""
    for entry in dataclasses.fields(parcel):
        value = getattr(parcel, entry.name)
        if entry.name == _SOUND:
            pcm16 = value
        else:
            header[entry.name] = value
    return json.dumps(header).encode() + _END + pcm16


def unpack(message: bytes) -> Parcel | None:
    """Inverse of `pack`; None for what is no parcel (a process of another version wrote it)."""
    head, found, pcm16 = message.partition(_END)
    if not found or len(head) > MAX_HEADER_BYTES:
        return None
    try:
        header = json.loads(head)
        kind = _KINDS[header.pop("kind")]
        if any(entry.name == _SOUND for entry in dataclasses.fields(kind)):
            header[_SOUND] = pcm16[: len(pcm16) // 2 * 2]
        parcel: Parcel = kind(**header)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return parcel if all(_is_of_type(parcel, entry) for entry in dataclasses.fields(parcel)) else None


def _is_of_type(parcel: Parcel, entry: "dataclasses.Field[Any]") -> bool:
    value = getattr(parcel, entry.name)
    wanted = (float, int) if entry.type is float else entry.type
    return isinstance(value, wanted) and not (wanted is not bool and isinstance(value, bool))  # type: ignore[arg-type]


def as_pcm16(sound: NDArray[np.float32]) -> bytes:
    """Float sound, [-1, 1], as little-endian PCM16."""
    return (np.clip(sound, -1.0, 1.0) * FULL_SCALE).astype("<i2").tobytes()
