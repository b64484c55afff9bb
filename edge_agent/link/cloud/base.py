"""What every cloud session can do, and what comes out of it.

The live protocols differ in who owns the turns, so a session says what it can (`Capabilities`) and the caller asks
before it relies on it. What a provider cannot do is left out silently, never an error: `cancel` on a provider without
one only stops what `events` would still hand out.

Thread: one asyncio loop. Times are on that loop's clock; sound is placed by capture samples.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from edge_agent.errors import CloudError

TurnOwner = Literal["device", "provider"]
Role = Literal["user", "agent"]
TurnEnd = Literal["complete", "calls", "cancelled", "interrupted", "empty", "blocked", "limit", "failed"]
FailureKind = Literal[
    "key",  # the provider refuses our key
    "quota",  # too much used, or not paid
    "model",  # the provider does not know the model
    "refused",  # the provider refuses what was asked of it
    "unreachable",  # no such name, nobody listens, no network
    "tls",  # whoever answers is not who we want, or cannot prove it
    "timeout",  # no answer in time
    "dropped",  # the connection ended without a word
    "server",  # the provider's own fault
    "expired",  # the session's time is up
]
WORTH_RETRYING: frozenset[FailureKind] = frozenset({"unreachable", "timeout", "dropped", "server", "expired"})
INPUT_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one provider with one model can do."""

    provider: str
    output_rate_hz: int
    turn_owners: tuple[TurnOwner, ...] = ("device", "provider")
    can_cancel: bool = True
    can_truncate: bool = False  # can be told how much of an answer was heard
    can_resume: bool = False
    accepts_text: bool = True
    tools: bool = True
    vision: bool = False
    is_paced: bool = False  # sound arrives at the pace of playing, silence included; else as fast as it can
    needs_every_moment: bool = False  # its time stands still while no sound is sent: silence must be sent too
    max_session_s: float | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One function offered to the model. `parameters`: JSON Schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    is_long: bool = False  # its result may come turns later; the model goes on talking meanwhile
    is_silent: bool = False  # its result needs no answer


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier utterance, to begin a new session with what was said before."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """How a session begins. Holds no key: each client takes its own from `keys.find_key`."""

    model: str
    url: str = ""  # empty: the provider's own
    key_file: str = ""  # empty: found by its name, see keys.py
    instructions: str = ""
    language: str = ""  # BCP-47, empty: the model chooses
    voice: str = ""
    turns: TurnOwner = "device"
    tools: tuple[Tool, ...] = ()
    tool_model: str = ""  # who runs the tools where the model that talks only delegates; empty: no tools there
    history: tuple[Said, ...] = ()
    resume_handle: str | None = None
    open_timeout_s: float = 5.0
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 60.0  # pongs of 30 s were seen on healthy sessions


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """A piece of the answer: PCM16 mono, little-endian, at `rate_hz`. Never of an answer that was cancelled."""

    pcm16: bytes
    rate_hz: int
    answer_id: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a model says was said; unordered against the sound. `text` is new text, or all of it when `final`."""

    role: Role
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool run. Arguments have passed the tool's schema; bad ones were answered by the client."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCallsCancelled:
    """Calls whose results nobody waits for any more: undo what can be undone, send nothing."""

    call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TalkerHeard:
    """The provider's own detector: the talker began (`speaking`) or ended. Only where the provider owns turns."""

    speaking: bool


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The answer is over. "interrupted" and "cancelled": drop all of its sound that is not played yet.

    "calls": it goes on after the results of its tool calls. "empty": it ended without sound or tool call; speak
    locally. `detail`: the provider's own word.
    """

    reason: TurnEnd
    answer_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ResumeHandle:
    """Give this to the next `SessionConfig`; None: resuming now would lose what is going on."""

    handle: str | None


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The provider will close in `left_ms`: open a new session at the next pause."""

    left_ms: float


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """What was used, as counted by the provider: of one answer (tokens), or so far (seconds)."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """The session is over; nothing follows. `message`: one sentence, fit to be spoken. `detail`: for the log."""

    kind: FailureKind
    message: str
    detail: str = ""
    retry_after_s: float | None = None


CloudEvent = (
    AudioDelta
    | Transcript
    | ToolCall
    | ToolCallsCancelled
    | TalkerHeard
    | TurnDone
    | ResumeHandle
    | GoingAway
    | UsageSeen
    | Failed
)


class SessionFailed(CloudError):
    """A session that could not be opened; `failure` is what `events` would have ended with."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(f"{failure.message} ({failure.detail})" if failure.detail else failure.message)
        self.failure = failure


@dataclass(slots=True)
class Counters:
    """What a session met that was not as it should be; none of it ended the session."""

    num_messages: int = 0
    num_malformed: int = 0  # not JSON, not UTF-8, too deep, or a known message of the wrong shape
    num_unknown: int = 0  # well formed, but nothing we know
    num_oversize: int = 0  # sound, text or arguments beyond what one message may carry
    num_late: int = 0  # pieces of answers that were cancelled
    num_errors: int = 0  # errors the provider reported and went on after
    num_bad_calls: int = 0  # tool calls answered with an error by the client
    bytes_sent: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call. `output` for success, `error` for failure; both plain JSON values."""

    call_id: str
    name: str
    output: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    wants_answer: bool = True  # False: a light was switched, nobody needs to hear of it


class CloudSession(Protocol):
    """One connection to one model, opened once and closed once; a new try is a new session.

    No method but `open` raises: after a failure they do nothing, and `events` ends with the reason.
    """

    capabilities: Capabilities
    counters: Counters

    async def open(self) -> None:
        """Connect, introduce ourselves, and wait until the model is ready. Raises SessionFailed."""

    def events(self) -> AsyncIterator[CloudEvent]:
        """What the model does, in order, until `close` (then it just ends) or after a `Failed`. One reader."""

    async def begin_turn(self) -> None:
        """The talker began; an answer that is still being made is interrupted where the provider does so."""

    async def send_audio(self, pcm16: bytes, at_sample: int) -> None:
        """Sound of the microphone: PCM16 mono at 16 kHz; `at_sample`: capture time of its first sample.

        Where the provider owns the turns, a gap since the last piece is filled with silence.
        """

    async def end_turn(self) -> None:
        """The talker gave up the floor: answer now."""

    async def abandon_turn(self) -> None:
        """What was sent of the turn in progress is not to be answered: the device took care of it."""

    async def send_text(self, text: str) -> None:
        """A whole turn as text instead of sound: answer now."""

    async def send_image(self, jpeg: bytes) -> None:
        """One picture (JPEG), for the turn in progress; nothing where there is no `vision`."""

    async def cancel(self, heard_ms: float) -> None:
        """Stop the answer; the talker heard `heard_ms` of its sound. From this call on none of it is handed out."""

    async def send_tool_result(self, result: ToolResult) -> None:
        """Answer a `ToolCall`; may come late, and is dropped for one that was cancelled."""

    async def close(self) -> None:
        """End the session; returns within a second even when the other side does not answer."""
