"""The parent's side of the device process: its two rings, its word that the device is open, and its end."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from select import select

from edge_agent.profile import AudioProfile
from edge_agent.ring import Ring
from edge_agent.units import HOP_SAMPLES

SAMPLE_BYTES = 4
PLAYBACK_HOP_BYTES = HOP_SAMPLES * SAMPLE_BYTES
CAPTURE_HOP_BYTES = 2 * PLAYBACK_HOP_BYTES
CAPTURE_HOPS = 200  # two seconds: a hop process that was held up catches up, it does not forget
PLAYBACK_HOPS = 64
PREFILL_HOPS = 2  # silence queued at the start: a hop that is late by less than this is not heard
PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class DeviceHandle:
    """A device process, which opens the device now (`search=False`) or as soon as there is one."""

    def __init__(self, audio: AudioProfile, *, search: bool) -> None:
        """Starts the process; does not wait for it. Raises OSError when the system has no room for it."""
        self.capture = Ring.create(CAPTURE_HOP_BYTES, CAPTURE_HOPS)
        self.playback = Ring.create(PLAYBACK_HOP_BYTES, PLAYBACK_HOPS)
        self.prefill()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edge_agent.audio.device_process", *self._arguments(audio, search)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # ALSA and PortAudio write there at every failed try; what matters comes as an error or as `state`
            stderr=subprocess.DEVNULL,
            pass_fds=(*self.capture.fds, *self.playback.fds),
            env={**os.environ, "PYTHONPATH": _python_path()},
            # Ctrl-C is for the agent, which then closes this
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._told_fd = self._process.stdin.fileno()
        os.set_blocking(self._told_fd, False)

    def prefill(self) -> None:
        """Queue silence, so that the hops need not be there on the dot."""
        self.playback.write(bytes(PREFILL_HOPS * PLAYBACK_HOP_BYTES))

    def _arguments(self, audio: AudioProfile, search: bool) -> list[str]:
        words = ["--capture", *self.capture.fds, "--playback", *self.playback.fds]
        words += ["--device", audio.device, "--block-ms", audio.block_ms, "--latency-ms", audio.latency_ms]
        return [*map(str, words), *(["--search"] if search else [])]

    def refusal(self, limit_s: float) -> str | None:
        """Wait until the device is open: None, or the line that says why it is not."""
        assert self._process.stdout is not None
        if not select([self._process.stdout], [], [], limit_s)[0]:
            return f"the sound server has not answered for {limit_s:.0f} s; restart it, then start the agent again"
        line = self._process.stdout.readline().decode().strip()
        return None if line == "ok" else line or self._last_words()

    def _last_words(self) -> str:
        status = self._process.wait()
        how = f"crashed with {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return (
            f"no sound device: the sound library {how}; see whether 'aplay -L' works, and repair the ALSA configuration"
        )

    @property
    def pid(self) -> int:
        """Of the device process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """False once the process has given the device up."""
        return self._process.poll() is None

    def tell_quiet(self) -> None:
        """Nobody speaks: the process may begin a stream anew that has fallen behind."""
        with suppress(OSError):  # it has ended, or hangs and reads nothing
            os.write(self._told_fd, b".")

    def close(self) -> None:
        """End the process, and thereby give the device back; at once, whatever it is doing."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver may hold a killed process back; it ends when that lets go
            self._process.wait(timeout=1.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _python_path() -> str:
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(PACKAGE_PARENT), *([inherited] if inherited else [])])
