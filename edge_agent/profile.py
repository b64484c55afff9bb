"""What a machine is like and how the agent behaves on it: one YAML file, checked whole before anything starts.

Strict: an unknown key or a bad value is a `ProfileError` with file, line and the valid choices. Frozen: nobody
changes a profile while the agent runs. Boards are data: `firmware_configs/NAME.yaml`, found by name.
"""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import ProfileError
from edge_agent.units import HOP_MS, STEP_MS

DEFAULT_PROFILE = "generic_x86"
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

    `least_letters`: a text with fewer is never objected to, so that with `without_words: block` an answer may begin.
    """

    url: str = ""
    model: str = ""
    key_file: str = ""
    least_letters: Annotated[int, Field(ge=1)] = 1


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


class _Loader(yaml.SafeLoader):
    """YAML 1.2 booleans: `state: on` is the word "on", not true."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


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


def shipped_profiles() -> dict[str, Path]:
    """Profiles that come with the package, by name."""
    here = Path(__file__).resolve().parent
    # an installed package carries them inside, a checkout beside it
    for folder in (here / "firmware_configs", here.parent / "firmware_configs"):
        found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        if found:
            return found
    return {}


def load_profile(name_or_path: str | Path = DEFAULT_PROFILE) -> Profile:
    """Read and check a profile, by shipped name or by file.

    Raises ProfileError with file and line.
    """
    path = _find(str(name_or_path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read ({error.__class__.__name__}); give a YAML file") from None
    root = _compose(path, text)
    try:
        values = yaml.load(text, Loader=_Loader)
        # checked as JSON, where a list may fill a tuple although the schema is strict
        profile = Profile.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise _explained(path, root, error) from None
    except (TypeError, ValueError) as error:
        raise ProfileError(f"{path}:1: {error}; use plain strings, numbers, lists and true or false") from None
    return _with_absolute_paths(profile, path.parent)


def _find(name_or_path: str) -> Path:
    shipped = shipped_profiles()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    choices = ", ".join(shipped) or "none is shipped"
    raise ProfileError(f"no profile '{name_or_path}': give a YAML file or one of: {choices}")


def _compose(path: Path, text: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProfileError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ProfileError(f"{path}:1: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(root, yaml.MappingNode):
        raise ProfileError(f"{path}:1: a profile is a list of 'key: value' lines, beginning with 'name:'")
    return root


def _explained(path: Path, root: yaml.MappingNode, error: ValidationError) -> ProfileError:
    """First fault of a profile, with its line and the cure."""
    fault = error.errors(include_url=False)[0]
    where = fault["loc"]
    key = ".".join(str(part) for part in where)
    place = f"{path}:{_line_of(root, where)}"
    if fault["type"] == "extra_forbidden":
        return ProfileError(f"{place}: unknown key '{key}'; {_suggestion(where)}")
    if fault["type"] == "missing":
        return ProfileError(f"{place}: '{key}' is missing")
    return ProfileError(f"{place}: '{key}' is {fault['input']!r}: {_lower_first(fault['msg'])}")


def _line_of(root: yaml.Node, where: tuple[int | str, ...]) -> int:
    """Line (from 1) of the deepest part of a path that the file has."""
    node, line = root, root.start_mark.line
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return line + 1


def _suggestion(where: tuple[int | str, ...]) -> str:
    model: Any = Profile
    for part in where[:-1]:
        fields_here = getattr(model, "model_fields", None)
        # a list or a mapping of models: what it holds comes last
        inner = [each for each in get_args(model) if each is not ...]
        model = inner[-1] if fields_here is None else fields_here[part].annotation
    valid = list(model.model_fields)
    close = difflib.get_close_matches(str(where[-1]), valid, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}valid: {', '.join(valid)}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _with_absolute_paths(profile: Profile, folder: Path) -> Profile:
    """Files that a profile names are relative to the profile, not to where the agent was started."""
    model = profile.model.model_copy(update={"bundle": _absolute(profile.model.bundle, folder)})
    cloud = profile.cloud.model_copy(update={"safety_rules": _absolute(profile.cloud.safety_rules, folder)})
    files = {"receipts": profile.privacy.receipts, "switch": profile.privacy.switch}
    privacy = profile.privacy.model_copy(update={key: _absolute(file, folder) for key, file in files.items()})
    camera = profile.camera.model_copy(update={"source": _absolute(profile.camera.source, folder)})
    commands = _absolute(profile.commands, folder)
    update = {"model": model, "commands": commands, "cloud": cloud, "privacy": privacy, "camera": camera}
    return profile.model_copy(update=update)


def _absolute(name_or_path: str, folder: Path) -> str:
    is_file = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    return str((folder / name_or_path).resolve()) if is_file else name_or_path
