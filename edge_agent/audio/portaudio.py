"""One running stream of a sound device: PortAudio calls our C callback, which talks to two rings and never to Python.

PortAudio's "frame" (one sample of each channel) is a sample in this project: translated here and nowhere else.
"""

from typing import Any

from edge_agent._kernels import ffi, lib
from edge_agent.errors import AudioError
from edge_agent.profile import AudioProfile
from edge_agent.ring import Ring
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples

SAMPLE_BYTES = 4
CAPTURE_HOPS = 200  # two seconds: a stalled hop process catches up, it does not forget
PLAYBACK_HOPS = 64
# silence queued before the start, so that a hop that is late by less than this is not heard
PREFILL_HOPS = 2
CHANNELS = ((1, 1), (1, 2), (2, 2))  # (microphone, loudspeaker), in the order in which they are tried

PA_INVALID_CHANNEL_COUNT = -9998
PA_INVALID_SAMPLE_RATE = -9997
PA_DEVICE_UNAVAILABLE = -9985
NO_DEVICE_CURE = (
    "plug one in, start PulseAudio or PipeWire ('pactl info' must answer), "
    "or use 'edge-agent replay' on a recording; 'edge-agent devices' lists what there is"
)


class DeviceStream:
    """A device that runs. Its rings are its own: a lost stream takes them along."""

    def __init__(self, audio: AudioProfile) -> None:
        """Open and start. Raises AudioError with the cure. May wait for the sound server: not for the hop thread."""
        sounddevice = load_sounddevice()
        self.capture = Ring.create(2 * HOP_SAMPLES * SAMPLE_BYTES, CAPTURE_HOPS)
        self.playback = Ring.create(HOP_SAMPLES * SAMPLE_BYTES, PLAYBACK_HOPS)
        self.playback.write(bytes(PREFILL_HOPS * HOP_SAMPLES * SAMPLE_BYTES))
        self._duplex: Any = None
        self._stream: Any = None
        device = _device_id(sounddevice, audio.device)
        try:
            self._open(sounddevice, audio, device)
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            self.close()
            raise AudioError(explain(audio.device, error)) from None

    def _open(self, sounddevice: Any, audio: AudioProfile, device: str | None) -> None:
        for channels in CHANNELS:
            try:
                self._open_with(sounddevice, audio, device, channels)
                return
            except sounddevice.PortAudioError as error:
                if channels == CHANNELS[-1] or PA_INVALID_CHANNEL_COUNT not in error.args:
                    raise

    def _open_with(self, sounddevice: Any, audio: AudioProfile, device: str | None, channels: tuple[int, int]) -> None:
        handle = lib.duplex_create(self.capture.handle, self.playback.handle, HOP_SAMPLES, *channels)
        self._duplex = ffi.gc(handle, lib.duplex_destroy)
        # the base class is the one that takes a C function; sounddevice keeps it for authors of such streams
        self._stream = sounddevice._StreamBase(
            kind="duplex",
            samplerate=SAMPLE_RATE_HZ,
            blocksize=ms_to_samples(audio.block_ms),
            device=device,
            channels=channels,
            dtype="float32",
            latency=audio.latency_ms / 1000,
            callback=ffi.addressof(lib, "duplex_callback"),
            userdata=self._duplex,
            wrap_callback=None,
        )

    @property
    def is_active(self) -> bool:
        """Any thread. False once PortAudio's thread has given up."""
        return bool(self._stream.active)

    @property
    def capture_overruns(self) -> int:
        """Any thread. Times at which sound from the microphone was lost, by us or by the device."""
        return self.capture.overruns + int(lib.duplex_capture_overflows(self._duplex))

    @property
    def playback_underruns(self) -> int:
        """Any thread. Times at which the loudspeaker had nothing to play, by our fault or the device's."""
        return self.playback.underruns + int(lib.duplex_playback_underflows(self._duplex))

    def close(self) -> None:
        """Stop and give the device back; may wait for the sound server. More than once is allowed."""
        if self._stream is not None:
            self._stream.close(ignore_errors=True)


def load_sounddevice() -> Any:
    """The module, whose import initialises PortAudio. Raises AudioError where the library is missing."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioError(
            f"sound devices cannot be used: {error}; install PortAudio ('apt-get install libportaudio2')"
        ) from None
    return sounddevice


def look_again() -> None:
    """Make PortAudio forget the devices that it saw at its start. No stream may be open."""
    sounddevice = load_sounddevice()
    sounddevice._terminate()
    try:
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"PortAudio cannot start ({error}); {NO_DEVICE_CURE}") from None


def list_devices() -> list[dict[str, Any]]:
    """What PortAudio sees, as sounddevice's `query_devices` gives it. Raises AudioError."""
    return [dict(device) for device in load_sounddevice().query_devices()]


def _device_id(sounddevice: Any, name: str) -> str | None:
    devices = sounddevice.query_devices()
    if not len(devices):
        raise AudioError(f"no sound device: {NO_DEVICE_CURE}")
    names = [str(device["name"]) for device in devices]
    if any(name.lower() in known.lower() for known in names):
        return name
    if name == "default":
        return None  # a host that names no device so has a default all the same
    raise AudioError(f"no sound device '{name}': there are {', '.join(names)}; set audio.device to one of these")


def explain(device: str, error: Exception) -> str:
    """One line for what PortAudio refused, with the cure."""
    if PA_DEVICE_UNAVAILABLE in error.args:
        cure = "another program holds it: close that ('fuser -v /dev/snd/*' names it), or set audio.device to 'default'"
        return f"sound device '{device}' is busy or gone; {cure}"
    if PA_INVALID_SAMPLE_RATE in error.args:
        return f"sound device '{device}' cannot do {SAMPLE_RATE_HZ} Hz; set audio.device to 'default', which converts"
    reason = str(error.args[0]) if error.args else error.__class__.__name__
    return f"sound device '{device}' cannot be opened ({reason}); 'edge-agent devices' lists what there is"
