"""What this machine has and lacks, each lack with its cure. Changes nothing, and starts nothing that lasts."""

import importlib
import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from edge_agent.errors import EdgeAgentError
from edge_agent.processes.realtime import can_enter_realtime
from edge_agent.profile import Profile

Grade = Literal["good", "lacking", "missing"]  # missing: the agent cannot run live without it

RUNTIMES = {"onnxruntime": "onnxruntime", "ai_edge_litert": "ai-edge-litert", "tensorrt": "tensorrt"}
VOICE_PROGRAMS = {
    "flite": "apt-get install flite",
    "espeak-ng": "apt-get install espeak-ng",
    "piper": "pip install piper-tts",
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    area: str
    grade: Grade
    what: str
    cure: str = ""


@dataclass(frozen=True)
class SoundDevice:
    """One device as the system names it."""

    name: str
    num_capture_channels: int
    num_playback_channels: int
    is_default: bool


def examine(profile: Profile) -> Iterator[Finding]:
    """All findings, one area after the other, as each is known."""
    areas: tuple[Callable[[Profile], Iterator[Finding]], ...] = (
        _kernels,
        _sound,
        _runtimes,
        _models,
        _voices,
        _realtime,
        _privacy,
        _cloud,
        _home,
        _camera,
    )
    for area in areas:
        yield from area(profile)


def sound_devices() -> tuple[SoundDevice, ...]:
    """Devices of the system's sound library. Raises AudioError when it is not installed."""
    from edge_agent.errors import AudioError

    try:
        sounddevice = importlib.import_module("sounddevice")
    except (ImportError, OSError):
        raise AudioError("PortAudio is not installed: apt-get install libportaudio2") from None
    defaults = set(sounddevice.default.device)
    return tuple(
        SoundDevice(
            entry["name"], entry["max_input_channels"], entry["max_output_channels"], entry["index"] in defaults
        )
        for entry in sounddevice.query_devices()
    )


def _kernels(profile: Profile) -> Iterator[Finding]:
    try:
        importlib.import_module("edge_agent._kernels")
    except ImportError:
        yield Finding("kernels", "missing", "the C kernels are not compiled", "make kernels")
    else:
        yield Finding("kernels", "good", "compiled")


def _sound(profile: Profile) -> Iterator[Finding]:
    try:
        devices = sound_devices()
    except EdgeAgentError as error:
        yield Finding("sound", "missing", *str(error).split(": ", 1))
        return
    capture = [device for device in devices if device.num_capture_channels]
    playback = [device for device in devices if device.num_playback_channels]
    for direction, found in (("microphone", capture), ("loudspeaker", playback)):
        if found:
            best = next((device for device in found if device.is_default), found[0])
            yield Finding("sound", "good", f"{direction}: {best.name}")
        else:
            cure = "connect one or start the sound server (pulseaudio, pipewire); replay works without"
            yield Finding("sound", "missing", f"no {direction}", cure)


def _runtimes(profile: Profile) -> Iterator[Finding]:
    for module, distribution in RUNTIMES.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding("runtimes", "good", f"{distribution} {_version(distribution)}")
        elif module == "tensorrt":
            yield Finding(
                "runtimes",
                "lacking",
                "no tensorrt, which only boards with an NVIDIA GPU use",
                "pip install 'edge-agent[tensorrt]'",
            )
        else:
            yield Finding("runtimes", "lacking", f"no {distribution}", f"pip install {distribution}")


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _models(profile: Profile) -> Iterator[Finding]:
    from edge_agent.models.bundle import Bundle, find_bundle

    try:
        bundle = Bundle.open(find_bundle(profile.model.bundle))
    except EdgeAgentError as error:
        what, _, cure = str(error).rpartition("; ")
        yield Finding("models", "missing", what or cure, cure if what else "see: edge-agent models")
    else:
        yield Finding("models", "good", f"{bundle.name}: complete and unaltered, for {', '.join(sorted(bundle.files))}")


def _voices(profile: Profile) -> Iterator[Finding]:
    from edge_agent.voice.voice import installed_engines

    yield Finding("voices", "good", "clip bank, for fixed phrases")
    found = [engine.name for engine in installed_engines()]
    for program in found:
        yield Finding("voices", "good", f"{program}, for free text")
    if "piper" not in found and shutil.which("piper"):
        yield Finding("voices", "lacking", "piper has no voice", "PIPER_MODEL=/path/to/voice.onnx edge-agent run")
    if not found:
        yield Finding("voices", "lacking", "no program that speaks free text", VOICE_PROGRAMS["flite"])


def _realtime(profile: Profile) -> Iterator[Finding]:
    refused = can_enter_realtime(profile.realtime)
    if not refused:
        yield Finding("real time", "good", f"priority {profile.realtime.priority} and locked memory are granted")
    for line in refused:
        yield Finding("real time", "lacking", *line.split(": ", 1))


def _privacy(profile: Profile) -> Iterator[Finding]:
    hosts = ", ".join(importlib.import_module("edge_agent.link.keyring").hosts(profile))
    if profile.privacy.state == "on" and hosts:
        yield Finding("privacy", "good", f"on: open questions go to {hosts}")
    elif profile.privacy.state == "ask" and hosts:
        yield Finding("privacy", "good", f"ask: open questions go to {hosts}, after your yes")
    else:
        yield Finding("privacy", "good", f"{profile.privacy.state}: no sound leaves this machine")


def _cloud(profile: Profile) -> Iterator[Finding]:
    if not profile.cloud.providers:
        return
    try:
        importlib.import_module("edge_agent.link.clouds").make_runner(profile, lambda parcel: False, lambda line: None)
    except EdgeAgentError as error:
        yield Finding("cloud", "lacking", *str(error).rsplit(": ", 1))
        return
    for kind, trouble, cure in importlib.import_module("edge_agent.link.keyring").key_troubles(profile):
        if trouble:
            yield Finding("cloud", "lacking", f"{kind}: {trouble}", cure)
        else:
            yield Finding("cloud", "good", f"{kind}: it has its key, or needs none; nobody was connected to")


def _home(profile: Profile) -> Iterator[Finding]:
    if not profile.home_assistant.url:
        return
    trouble = importlib.import_module("edge_agent.link.home_assistant.reach").ask_whether_there(profile)
    if trouble:
        yield Finding("home", "lacking", *f"Home Assistant: {trouble}".rsplit("; ", 1))
    else:
        yield Finding("home", "good", f"Home Assistant at {profile.home_assistant.url} can be reached")


def _camera(profile: Profile) -> Iterator[Finding]:
    if not profile.camera.source:
        return
    camera = importlib.import_module("edge_agent.link.camera")
    try:
        num_bytes = len(camera.Camera(profile.camera).take())
    except EdgeAgentError as error:
        yield Finding("camera", "lacking", *str(error).split(": ", 1))
    else:
        yield Finding("camera", "good", f"{profile.camera.source}: a picture of {num_bytes / 1000:.0f} kB")
