"""What a machine is like and how the agent behaves on it: every key, what it may be, and what it is by default.

Strict: no unknown key, no bad value. Frozen: nobody changes a profile while the agent runs. See `profile_file.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.units import HOP_MS, STEP_MS

MAX_LOOKAHEAD_MS = 80

Engine = Literal["clips", "flite", "espeak-ng", "piper"]
Intensity = Annotated[float, Field(ge=0.0, le=1.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AudioProfile(_Strict):
    """Sound device. `device` is a name or part of one, or "default".

    `echo`: who takes the agent's own sound out of an open loudspeaker's microphone: the agent, the hardware, or nobody.
    """

    device: str = "default"
    block_ms: Annotated[int, Field(ge=1, le=100)] = 10
    latency_ms: Annotated[int, Field(ge=5, le=500)] = 40
    loudspeaker: Literal["open", "isolated"] = "open"
    echo: Literal["off", "on", "hardware"] = "on"
    volume_percent: Annotated[int, Field(ge=0, le=100)] = 70

    @property
    def cancels_echo(self) -> bool:
        """The agent has an echo to cancel by itself."""
        return self.loudspeaker == "open" and self.echo == "on"

    @property
    def hears_over_itself(self) -> bool:
        """The agent's own sound does not reach it."""
        return self.loudspeaker == "isolated" or self.echo == "hardware"


class ModelProfile(_Strict):
    """`bundle` is a shipped name or a folder."""

    bundle: str = "default"
    backend: Literal["onnx", "litert", "tensorrt", "auto"] = "auto"
    inference_p99_ms: Annotated[float, Field(gt=0, le=40)] = 4.0


class WakeProfile(_Strict):
    """No phrases: the agent listens from the start. `awake_s` is how long it listens after a phrase or a reply."""

    phrases: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    awake_s: Annotated[float, Field(gt=0, le=600)] = 8.0


class Reflex(_Strict):
    """One reflex; intensity 0..1 scales how often and how strongly it shows."""

    enabled: bool = True
    intensity: Intensity = 0.5


class ReflexesProfile(_Strict):
    """Reactions that need no answer."""

    nod: Reflex = Reflex()
    back_channel: Reflex = Reflex()
    filler: Reflex = Reflex()
    acknowledge: Reflex = Reflex()
    posture: Reflex = Reflex()
    barge_in: Reflex = Reflex()


class EndpointingProfile(_Strict):
    """Silence that ends a turn, by what the grammar says about the words so far.

    `answers_early`: a command that could go on is answered before that, and nothing done until then.
    """

    complete_ms: Annotated[int, Field(ge=40, le=5000)] = 120
    could_go_on_ms: Annotated[int, Field(ge=40, le=5000)] = 600
    incomplete_ms: Annotated[int, Field(ge=40, le=10000)] = 1400
    no_intent_ms: Annotated[int, Field(ge=40, le=10000)] = 800
    answers_early: bool = True


class VoiceProfile(_Strict):
    """Engines in the order in which they are tried."""

    engines: Annotated[tuple[Engine, ...], Field(min_length=1)] = ("clips", "flite", "espeak-ng", "piper")


class PrivacyProfile(_Strict):
    """What the gate starts as; how long a spoken yes holds; where sound may go; files of receipts and of the switch."""

    state: Literal["muted", "local_only", "ask", "on"] = "local_only"
    consent: Literal["turn", "session"] = "turn"
    hosts: tuple[str, ...] = ()
    receipts: str = ""
    switch: str = ""


class ProviderProfile(_Strict):
    """One cloud model. `model` and `url` empty: the provider's own; a key never stands here (docs/offload.md).

    tool_model: who runs the tools for a model that only delegates (`gpt_live`); empty: nobody.
    hearing_..., speaking_...: of a pipeline's transcription and speech services, by default on the server of its chat.
    """

    kind: Literal["gemini_live", "openai_realtime", "gpt_live", "pipeline"]
    model: str = ""
    url: str = ""
    key_file: str = ""
    voice: str = ""
    tool_model: str = ""
    hearing_url: str = ""
    hearing_model: str = "whisper-1"
    speaking_url: str = ""
    speaking_model: str = "tts-1"


class ModerationProfile(_Strict):
    """A service that answers `/moderations`, asked beside the rules; `url`, up to and with /v1, empty: nobody.

    `unseen_letters`: with `without_words: block` so many letters may sound before they were looked at, so that an
    answer need not wait for verdicts.
    """

    url: str = ""
    model: str = ""
    key_file: str = ""
    unseen_letters: Annotated[int, Field(ge=0)] = 10


class CloudProfile(_Strict):
    """Who answers what the device cannot, in the order in which they are tried; none: nobody.

    `persona`: who the model is; how one speaks aloud is said to every model (link/cloud/prompt.py). `language`: BCP-47.
    `tools`: the commands of this house are offered to it as functions.
    """

    providers: tuple[ProviderProfile, ...] = ()
    persona: str = "You are the voice of a small device in a home: friendly, calm and quick."
    language: str = "en-US"
    tools: bool = True
    early: bool = True
    deadline_ms: Annotated[int, Field(ge=2_000, le=60_000)] = 10_000
    pre_roll_ms: Annotated[int, Field(ge=0, le=1_000)] = 400
    keep_open_s: Annotated[float, Field(ge=0, le=3_600)] = 120.0
    safety_rules: str = "default"
    without_words: Literal["block", "pass"] = "pass"
    moderation: ModerationProfile = ModerationProfile()

    @property
    def client(self) -> str | None:
        """Who waits for sound, by name; None when nobody does."""
        return self.providers[0].kind if self.providers else None


class CameraProfile(_Strict):
    """A camera whose pictures may go with a question: "/dev/video0", an image file, or "pattern"; empty: none.

    `when`: "asked": the model asks for one; "question": one a second, as long as the question leaves.
    """

    source: str = ""
    when: Literal["asked", "question"] = "asked"
    max_side_px: Annotated[int, Field(ge=64, le=1280)] = 640
    quality: Annotated[int, Field(ge=30, le=95)] = 70


class EntityProfile(_Strict):
    """What an entity of Home Assistant is called here."""

    area: str = ""
    name: str = ""


class HomeAssistantProfile(_Strict):
    """A Home Assistant on the home network that carries out what users want of lights, music and locks; no url: none.

    `token_file`: else found by its name (docs/home_assistant.md). `entities`: by entity id, where its own names do not
    do; locks are used only when they stand here.
    """

    url: str = ""
    token_file: str = ""
    entities: dict[str, EntityProfile] = Field(default_factory=dict)


class RealtimeProfile(_Strict):
    """`priority` is that of SCHED_FIFO, 0 for ordinary scheduling; both degrade, with one line, when refused."""

    priority: Annotated[int, Field(ge=0, le=80)] = 50
    lock_memory: bool = True


@dataclass(frozen=True)
class LatencyBudget:
    """Last voiced sample at the microphone to first sample of the answer at the loudspeaker, part by part."""

    capture_ms: float
    hop_ms: float
    step_ms: float
    lookahead_ms: float
    inference_ms: float
    endpointing_ms: float
    playback_ms: float

    @property
    def total_ms(self) -> float:
        return float(sum(getattr(self, part.name) for part in fields(self)))


class Profile(_Strict):
    """One machine and one character."""

    name: str
    description: str = ""
    commands: str = "household"
    audio: AudioProfile = AudioProfile()
    model: ModelProfile = ModelProfile()
    wake: WakeProfile = WakeProfile()
    reflexes: ReflexesProfile = ReflexesProfile()
    endpointing: EndpointingProfile = EndpointingProfile()
    voice: VoiceProfile = VoiceProfile()
    privacy: PrivacyProfile = PrivacyProfile()
    cloud: CloudProfile = CloudProfile()
    camera: CameraProfile = CameraProfile()
    home_assistant: HomeAssistantProfile = HomeAssistantProfile()
    realtime: RealtimeProfile = RealtimeProfile()

    def latency_budget(self, lookahead_ms: float = MAX_LOOKAHEAD_MS) -> LatencyBudget:
        """Delay of a complete command; device latency is counted once each way."""
        return LatencyBudget(
            capture_ms=self.audio.latency_ms,
            hop_ms=HOP_MS,
            step_ms=STEP_MS,
            lookahead_ms=lookahead_ms,
            inference_ms=self.model.inference_p99_ms,
            endpointing_ms=self.endpointing.complete_ms,
            playback_ms=self.audio.latency_ms,
        )

    def with_choices(self, *, commands: str | None = None, wake_phrases: Iterable[str] = ()) -> "Profile":
        """A copy with what the command line asked for."""
        phrases = tuple(wake_phrases)
        wake = self.wake.model_copy(update={"phrases": phrases}) if phrases else self.wake
        return self.model_copy(update={"wake": wake, "commands": commands or self.commands})
