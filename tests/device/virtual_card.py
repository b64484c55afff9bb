"""A sound card made of PulseAudio null sinks: speak a recording into its microphone, record its loudspeaker.

    paplay -> sink micfeed -> source mic -> agent -> sink spk -> spk.monitor -> parec

Both sinks are sides of one room, left what is spoken, right the loudspeaker: `record_room` hears both on one clock.
Each card is a daemon of its own, in a folder of its own; it takes over the environment of this process while it runs.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 16_000
PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
START_LIMIT_S = 10.0
PR_SET_PDEATHSIG = 1
REALTIME_PRIORITY = 40
# norewinds: without it the null sinks lose the beginning of what is played
SCRIPT = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink norewinds=1 sink_name=room rate=16000 channels=2 \
    channel_map=front-left,front-right format=s16le
load-module module-remap-sink sink_name=micfeed master=room remix=no channel_map=mono master_channel_map=front-left
load-module module-remap-sink sink_name=spk master=room remix=no channel_map=mono master_channel_map=front-right
load-module module-remap-source source_name=mic master=room.monitor remix=no channel_map=mono \
    master_channel_map=front-left
set-default-sink spk
set-default-source mic
"""


def missing_programs() -> list[str]:
    """What a virtual card needs and this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class VirtualCard:
    """One virtual sound card; usable as a context manager."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="card-"))
        self._socket = self._folder / "pulse" / "native"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._outer_environment: dict[str, str | None] = {}

    def __enter__(self) -> "VirtualCard":
        (self._folder / "pulse").mkdir(mode=0o700)
        (self._folder / "card.pa").write_text(SCRIPT.format(socket=self._socket), encoding="utf-8")
        self._take_environment()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self._give_environment_back()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which a program finds this card."""
        return {
            "XDG_RUNTIME_DIR": str(self._folder),
            "PULSE_RUNTIME_PATH": str(self._folder / "pulse"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }

    @property
    def pid(self) -> int:
        """Of the daemon, which runs."""
        assert self._daemon is not None
        return self._daemon.pid

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        log = self._folder / "pulse.log"
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += ["-F", str(self._folder / "card.pa"), f"--log-target=file:{log}"]
        # its streams are its own: a reader of ours must not wait for a daemon that outlived us
        silent = subprocess.DEVNULL
        self._daemon = subprocess.Popen(
            command, stdin=silent, stdout=silent, stderr=silent, preexec_fn=_end_with_parent
        )
        deadline_s = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if time.monotonic() > deadline_s or self._daemon.poll() is not None:
                raise RuntimeError(f"pulseaudio did not start:\n{log.read_text() if log.exists() else ''}")
            time.sleep(0.05)
        # a real card does not stop because the machine is busy
        with suppress(OSError):
            scheduler = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
            os.sched_setscheduler(self._daemon.pid, scheduler, os.sched_param(REALTIME_PRIORITY))

    def kill(self) -> None:
        """End the daemon at once, as a crash would."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGKILL)
            self._daemon.wait()
            self._daemon = None
            self._socket.unlink(missing_ok=True)

    def send_signal(self, number: signal.Signals) -> None:
        """To the daemon: SIGSTOP makes it hang, SIGCONT go on."""
        assert self._daemon is not None
        self._daemon.send_signal(number)

    def play(self, path: str | Path) -> "subprocess.Popen[bytes]":
        """Begin to speak a recording into the microphone; `wait()` on the result for its end."""
        return subprocess.Popen(["paplay", "--device=micfeed", str(path)])

    def play_samples(self, samples: NDArray[np.float32]) -> "subprocess.Popen[bytes]":
        """The same for float32 [n] samples at RATE_HZ."""
        path = self._folder / "spoken.wav"
        soundfile.write(path, samples, RATE_HZ, subtype="PCM_16")
        return self.play(path)

    def record(self, source: str = "spk.monitor") -> "Recording":
        """Begin to record the loudspeaker (or the microphone: "mic")."""
        return Recording(source, self._folder / f"{source}-{time.monotonic_ns()}.raw")

    def record_room(self) -> "Recording":
        """Begin to record both sides on one clock: [n, 2], what is spoken and what the loudspeaker plays."""
        return Recording("room.monitor", self._folder / f"room-{time.monotonic_ns()}.raw", num_channels=2)

    def _answers(self) -> bool:
        answer = subprocess.run(["pactl", "list", "short", "sources"], capture_output=True, check=False)
        return answer.returncode == 0 and b"mic\t" in answer.stdout

    def _take_environment(self) -> None:
        for name, value in self.environment.items():
            self._outer_environment[name] = os.environ.get(name)
            os.environ[name] = value

    def _give_environment_back(self) -> None:
        for name, value in self._outer_environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Recording:
    """What a source of the card gives, from now until `stop`."""

    def __init__(self, source: str, path: Path, num_channels: int = 1) -> None:
        self._path, self._num_channels = path, num_channels
        command = ["parec", "-d", source, f"--rate={RATE_HZ}", f"--channels={num_channels}", "--format=s16le", "--raw"]
        with path.open("wb") as file:
            self._recorder = subprocess.Popen([*command, "--latency-msec=50"], stdout=file)

    def stop(self) -> NDArray[np.float32]:
        """End it; float32 [n] samples at RATE_HZ, or [n, num_channels]."""
        self._recorder.terminate()
        self._recorder.wait()
        levels: NDArray[np.int16] = np.fromfile(self._path, dtype="<i2")
        if self._num_channels > 1:
            levels = levels[: len(levels) // self._num_channels * self._num_channels].reshape(-1, self._num_channels)
        return (levels / 32768).astype(np.float32)
