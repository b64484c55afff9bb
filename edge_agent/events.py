"""What happens in a conversation, as frozen values on one clock.

Every event carries `at_sample`, the capture sample at which it became true. `docs/events.md` describes each
field; the JSON names are fixed there and a test keeps them so. Fields that end in `_sample` leave as `_ms`.

Thread: any. Making an event allocates, so the hop makes one when something happens, never per hop.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

SlotValue = str | int | float


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    name: ClassVar[str] = ""

    at_sample: int


@dataclass(frozen=True, slots=True)
class SpeechStarted(Event):
    """The talker began to speak; `p_voice` is the evidence."""

    name: ClassVar[str] = "speech_started"
    p_voice: float = 1.0


@dataclass(frozen=True, slots=True)
class Partial(Event):
    """Words so far; any of them may still change."""

    name: ClassVar[str] = "partial"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Committed(Event):
    """Words that the search no longer expects to change."""

    name: ClassVar[str] = "committed"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Revised(Event):
    """Committed words that later sound contradicted: `was` became `text`."""

    name: ClassVar[str] = "revised"
    text: str = ""
    was: str = ""


@dataclass(frozen=True, slots=True)
class Intent(Event):
    """The turn was a command; `slots` holds values as the commands file lists them."""

    name: ClassVar[str] = "intent"
    intent: str = ""
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Corrected(Event):
    """The talker took a command back, or put something else in it; an `Intent` with what is done instead comes with it.

    was, slots: before and now; undone: what it had changed was taken back; erased_ms: how much was heard of a reply
    that does not hold any more.
    """

    name: ClassVar[str] = "corrected"
    intent: str = ""
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    was: Mapping[str, SlotValue] = field(default_factory=dict)
    undone: bool = False
    erased_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class GoesOn(Event):
    """The talker goes on after an answer had begun: it is silent now, and nothing was done yet.

    heard_ms, heard: how much of the answer was heard, and its words that had begun.
    """

    name: ClassVar[str] = "goes_on"
    heard_ms: float = 0.0
    heard: str = ""


@dataclass(frozen=True, slots=True)
class NoIntent(Event):
    """The turn was speech, but no command; `confidence` is that of the best command."""

    name: ClassVar[str] = "no_intent"
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class EndOfTurn(Event):
    """The talker gave up the floor, and why we think so.

    reason: "complete", "could_go_on", "incomplete", "no_intent" (which silence limit applied) or "too_long".
    silence_ms: silence waited for; last_voice_sample: end of the last voiced hop. The rest is why it was waited for so
    long; None is what was not known.
    """

    name: ClassVar[str] = "end_of_turn"
    reason: str = ""
    silence_ms: float = 0.0
    last_voice_sample: int = 0
    text: str = ""
    wait_ms: float | None = None
    p_end: float | None = None
    p_eot: float | None = None
    level_fall_db: float | None = None
    pitch_fall_semitones: float | None = None
    confidence: float | None = None
    pace: float | None = None


@dataclass(frozen=True, slots=True)
class Wake(Event):
    """A wake phrase was heard."""

    name: ClassVar[str] = "wake"
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class NearWake(Event):
    """What was heard fell just short of a wake phrase; `p_wake` is how likely it seemed."""

    name: ClassVar[str] = "near_wake"
    phrase: str = ""
    p_wake: float = 0.0


@dataclass(frozen=True, slots=True)
class BackChannel(Event):
    """The agent said "mm-hm" without taking the floor."""

    name: ClassVar[str] = "back_channel"
    clip: str = ""


@dataclass(frozen=True, slots=True)
class Nod(Event):
    """The agent nods; `intensity` 0..1 is the depth, `reason` what asked for it."""

    name: ClassVar[str] = "nod"
    intensity: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Filler(Event):
    """The agent holds the floor while it works on an answer."""

    name: ClassVar[str] = "filler"
    clip: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledge(Event):
    """The agent said "sure": it has understood, and the answer is not ready yet."""

    name: ClassVar[str] = "acknowledge"
    clip: str = ""


@dataclass(frozen=True, slots=True)
class Gaze(Event):
    """The agent looks elsewhere now: at the "talker", "aside" (it thinks) or "away" (nobody is there)."""

    name: ClassVar[str] = "gaze"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Posture(Event):
    """The agent holds itself otherwise now: "listening", "thinking", "speaking" or "resting"."""

    name: ClassVar[str] = "posture"
    posture: str = ""


@dataclass(frozen=True, slots=True)
class FirstAudio(Event):
    """First sample of the agent's sound after a turn.

    latency_ms: from the talker's last voiced sample; kind: "reply", "filler", "acknowledge" or "alarm".
    """

    name: ClassVar[str] = "first_audio"
    latency_ms: float = 0.0
    kind: str = "reply"


@dataclass(frozen=True, slots=True)
class BargeIn(Event):
    """The talker spoke over the agent.

    stage: "duck" (suspected), "stop" (silent), then "resume" (it was none) or "drop" (the rest will not be said).
    heard_ms, heard: how much of the reply was heard, and its words that have begun. latency_ms: since it began.
    """

    name: ClassVar[str] = "barge_in"
    stage: str = "stop"
    heard_ms: float = 0.0
    latency_ms: float = 0.0
    heard: str = ""


@dataclass(frozen=True, slots=True)
class Reply(Event):
    """What the agent says."""

    name: ClassVar[str] = "reply"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Microphone(Event):
    """The microphone's switch was moved. state: "off" (nothing is heard, nothing leaves) or "on"."""

    name: ClassVar[str] = "microphone"
    state: str = "on"


@dataclass(frozen=True, slots=True)
class Offload(Event):
    """The egress gate was asked to let sound out; `reason` says why it did or did not."""

    name: ClassVar[str] = "offload"
    allowed: bool = False
    reason: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class CloudCall(Event):
    """A cloud model wanted a command carried out.

    outcome: "done", "failed" (the skill could not), "asked" (the user, for a yes) or "refused".
    """

    name: ClassVar[str] = "cloud_call"
    intent: str = ""
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Camera(Event):
    """The camera's light. state: "on" from the moment when a picture may leave, with that turn, until "off"."""

    name: ClassVar[str] = "camera"
    state: str = "off"
    turn: int = 0


@dataclass(frozen=True, slots=True)
class HouseAct(Event):
    """Something is wanted of a device at home. kind: "light", "media", "lock", "temperature", "cover" or "scene".

    target: as it is called in replies.
    area, device: as the commands file calls them, empty: not said; value: "on", "off", percent, a colour, "pause" ...
    """

    name: ClassVar[str] = "house_act"
    kind: str = ""
    target: str = ""
    area: str = ""
    device: str = ""
    value: SlotValue = ""


@dataclass(frozen=True, slots=True)
class SoundLeft(Event):
    """Sound that was leaving since an `Offload` that was allowed leaves no longer.

    outcome: "asked" (an answer is wanted) or "abandoned"; sent_ms: how much left, pre_roll_ms of it before the speech.
    """

    name: ClassVar[str] = "sound_left"
    turn: int = 0
    purpose: str = ""
    outcome: str = ""
    sent_ms: float = 0.0
    pre_roll_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class CloudAnswer(Event):
    """An answer of a cloud model was played to its end: its words, its length, and how often it ran dry."""

    name: ClassVar[str] = "cloud_answer"
    text: str = ""
    played_ms: float = 0.0
    num_gaps: int = 0


@dataclass(frozen=True, slots=True)
class Xrun(Event):
    """Sound was lost: "capture_overrun", "playback_underrun", "device_lost"; or is back: "device_back"."""

    name: ClassVar[str] = "xrun"
    kind: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Fault(Event):
    """A part of the path failed and was reset; the others go on.

    state: "failed", "degraded" (rests, to be tried again) or "recovered"; count: faults of this part so far.
    """

    name: ClassVar[str] = "fault"
    part: str = ""
    state: str = "failed"
    count: int = 1
    error: str = ""


@dataclass(frozen=True, slots=True)
class Summary(Event):
    """Figures of a conversation (replay: at its end; live: once a minute, since the last one)."""

    name: ClassVar[str] = "summary"
    num_hops: int = 0
    num_turns: int = 0
    num_intents: int = 0
    num_xruns: int = 0
    hop_p50_ms: float = 0.0
    hop_p99_ms: float = 0.0
    hop_max_ms: float = 0.0


EVENT_TYPES: dict[str, type[Event]] = {
    kind.name: kind
    for kind in (
        *(SpeechStarted, Partial, Committed, Revised, Intent, NoIntent, EndOfTurn, Wake, NearWake),
        *(Acknowledge, Corrected, GoesOn, Gaze, Posture, Microphone),
        *(BackChannel, Nod, Filler, FirstAudio, BargeIn, Reply, Offload, SoundLeft, CloudAnswer, CloudCall),
        *(HouseAct, Camera),
        *(Xrun, Fault, Summary),
    )
}
