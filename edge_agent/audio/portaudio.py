"""A stream of a sound device: PortAudio calls our C callback, which talks to two rings and never to Python.

PortAudio's "frame" (one sample of each channel) is a sample in this project: translated here and nowhere else.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edge_agent._kernels import ffi, lib
from edge_agent.audio.alsa import is_held
from edge_agent.errors import AudioError
from edge_agent.ring import Ring
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples

CHANNELS = ((1, 1), (1, 2), (2, 2))  # (microphone, loudspeaker), in the order in which they are tried
PA_INVALID_CHANNEL_COUNT = -9998
PA_INVALID_SAMPLE_RATE = -9997
PA_DEVICE_UNAVAILABLE = -9985
NO_DEVICE_CURE = (
    "plug one in, start PulseAudio or PipeWire ('pactl info' must answer), "
    "or use 'edge-agent replay' on a recording; 'edge-agent devices' lists what there is"
)


@dataclass(frozen=True)
class Wanted:
    """What to open."""

    device: str
    block_ms: int
    latency_ms: int


class DeviceStream:
    """A device that runs; the rings must outlive it."""

    def __init__(self, wanted: Wanted, capture: Ring, playback: Ring) -> None:
        """Open and start. Raises AudioError with the cure. May wait for the sound server, for ever if that hangs."""
        sounddevice = load_sounddevice()
        self._capture = capture
        self._error: type[Exception] = sounddevice.PortAudioError
        device = _device_id(sounddevice, wanted.device)
        try:
            self._stream = self._open(sounddevice, wanted, device, capture, playback)
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            # a device that is held in one direction is listed with no channels in that one
            raise AudioError(busy(wanted.device) if is_held(wanted.device) else explain(wanted.device, error)) from None

    def _open(self, sounddevice: Any, wanted: Wanted, device: str | None, capture: Ring, playback: Ring) -> Any:
        for channels in CHANNELS:
            handle = lib.duplex_create(capture.handle, playback.handle, HOP_SAMPLES, *channels)
            self._duplex = ffi.gc(handle, lib.duplex_destroy)
            try:
                # the base class is the one that takes a C function; sounddevice keeps it for authors of such streams
                return sounddevice._StreamBase(
                    kind="duplex",
                    samplerate=SAMPLE_RATE_HZ,
                    blocksize=ms_to_samples(wanted.block_ms),
                    device=device,
                    channels=channels,
                    dtype="float32",
                    latency=wanted.latency_ms / 1000,
                    callback=ffi.addressof(lib, "duplex_callback"),
                    userdata=self._duplex,
                    wrap_callback=None,
                )
            except sounddevice.PortAudioError as error:
                if channels == CHANNELS[-1] or PA_INVALID_CHANNEL_COUNT not in error.args:
                    raise
        raise AssertionError("the last try returns or raises")

    @property
    def is_active(self) -> bool:
        """False once PortAudio's thread has given up."""
        return bool(self._stream.active)

    @property
    def capture_delay_ms(self) -> int:
        """How old the microphone's sound is when it comes."""
        delay_ms: int = lib.duplex_capture_delay_ms(self._duplex)
        return delay_ms

    def begin_anew(self) -> None:
        """Throw away what waits to be heard; takes some 50 ms. A device that refuses is no longer active."""
        lib.spsc_ring_count_overrun(self._capture.handle)
        with suppress(self._error):
            self._stream.abort()
            self._stream.start()


def load_sounddevice() -> Any:
    """The module, whose import initialises PortAudio. Raises AudioError where the library is missing."""
    try:
        import sounddevice
    except OSError as error:
        cure = "install PortAudio ('apt-get install libportaudio2')"
        raise AudioError(f"sound devices cannot be used: {error}; {cure}") from None
    except Exception as error:  # PortAudioError, which is a name of the module that could not be imported
        raise AudioError(f"no sound device: PortAudio cannot start ({error.args[0]}); {NO_DEVICE_CURE}") from None
    return sounddevice


def look_again() -> None:
    """Make PortAudio forget the devices that it saw at its start. No stream may be open. Raises AudioError."""
    sounddevice = load_sounddevice()
    try:
        sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"no sound device: PortAudio cannot start ({error.args[0]}); {NO_DEVICE_CURE}") from None


def _device_id(sounddevice: Any, name: str) -> str | None:
    names = [str(device["name"]) for device in sounddevice.query_devices()]
    if any(name.lower() in known.lower() for known in names):
        return name
    if is_held(name):
        raise AudioError(busy(name))
    if not names:
        raise AudioError(f"no sound device: {NO_DEVICE_CURE}")
    if name == "default":
        return None  # a host that names no device so has a default all the same
    raise AudioError(f"no sound device '{name}': there are {', '.join(names)}; set audio.device to one of these")


def busy(device: str) -> str:
    """One line for a device that another program holds, with the cure."""
    cure = "another program holds it: close that ('fuser -v /dev/snd/*' names it), or start a sound server to share it"
    return f"sound device '{device}' is busy; {cure}"


def explain(device: str, error: Exception) -> str:
    """One line for what PortAudio refused, with the cure."""
    if PA_DEVICE_UNAVAILABLE in error.args:
        return busy(device)
    if PA_INVALID_SAMPLE_RATE in error.args:
        return f"sound device '{device}' cannot do {SAMPLE_RATE_HZ} Hz; set audio.device to 'default', which converts"
    reason = str(error.args[0]) if error.args else error.__class__.__name__
    return f"sound device '{device}' cannot be opened ({reason}); 'edge-agent devices' lists what there is"
