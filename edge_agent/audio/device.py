"""The microphone and the loudspeaker of this machine, and what happens when they go away.

Three threads: the device thread (C only, `kernels/src/duplex.c`), the hop thread (all methods of `DeviceDuplex`), and,
while the device is lost, a search thread. Whatever hangs in a dying sound server hangs the search, never the hop.
"""

from threading import Event, Thread
from time import monotonic, sleep

import numpy as np

from edge_agent.audio.base import Hop, State, Xruns
from edge_agent.audio.portaudio import PREFILL_HOPS, DeviceStream, look_again
from edge_agent.errors import AudioError
from edge_agent.profile import AudioProfile
from edge_agent.units import HOP_MS, HOP_SAMPLES

HOP_S = HOP_MS / 1000
CHECK_EVERY_MS = 50
# a busy machine may pause a healthy stream for a quarter of a second
LOST_AFTER_MS = 500
FIRST_HOP_LIMIT_MS = 1000
SEARCH_EVERY_S = 0.25
# sound that is late piles up in the playback ring; beyond so many hops it is left out, so that the delay stays
MAX_QUEUED_HOPS = PREFILL_HOPS + 2


class DeviceDuplex:
    """Live sound. After a loss it gives silence at the right pace until the device is back."""

    def __init__(self, audio: AudioProfile) -> None:
        """Open the device. Raises AudioError with the cure."""
        self._audio = audio
        self._pairs = np.zeros((HOP_SAMPLES, 2), dtype=np.float32)
        self._mic, self._played = self._pairs[:, 0], self._pairs[:, 1]
        self._stream: DeviceStream | None = DeviceStream(audio)
        self._due_s = monotonic()
        self._taken = Xruns()
        self._before = Xruns()  # of the streams that were lost
        self._search: _Search | None = None

    @property
    def state(self) -> State:
        return "ok" if self._stream is not None else "lost"

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`. Always True."""
        if self._stream is None:
            self._take_found()
        if self._stream is not None and self._is_hop_there(self._stream):
            self._stream.capture.read_into(self._pairs)
            self._due_s = monotonic() + HOP_S
            np.copyto(mic, self._mic)
            np.copyto(played, self._played)
        else:
            self._pass_silent_hop(mic, played)
        return True

    def write_hop(self, out: Hop) -> None:
        """See `Duplex`."""
        stream = self._stream
        if stream is not None and stream.playback.readable() + stream.capture.readable() < MAX_QUEUED_HOPS:
            stream.playback.write(out)

    def take_xruns(self) -> Xruns:
        """See `Duplex`."""
        now = self._totals()
        taken, self._taken = self._taken, now
        return Xruns(*(new - old for new, old in zip(now, taken, strict=True)))

    def close(self) -> None:
        """See `Duplex`."""
        if self._search is not None:
            self._search.stop()
        if self._stream is not None:
            self._stream.close()

    def _is_hop_there(self, stream: DeviceStream) -> bool:
        """Wait for a hop; False when the device is gone, and then the search has begun."""
        for _ in range(LOST_AFTER_MS // CHECK_EVERY_MS):
            if stream.capture.wait(CHECK_EVERY_MS):
                return True
            if not stream.is_active:
                break
        self._lose(stream)
        return False

    def _lose(self, stream: DeviceStream) -> None:
        totals = self._totals()
        self._before = totals._replace(device_losses=totals.device_losses + 1)
        self._stream = None
        self._search = _Search(self._audio, stream)

    def _take_found(self) -> None:
        if self._search is not None and self._search.found is not None:
            self._stream, self._search = self._search.found, None

    def _pass_silent_hop(self, mic: Hop, played: Hop) -> None:
        # counted from the last real hop, so that the time it took to notice is made up for
        left_s = self._due_s - monotonic()
        if left_s > 0:
            sleep(left_s)
        self._due_s += HOP_S
        mic.fill(0.0)
        played.fill(0.0)

    def _totals(self) -> Xruns:
        before, stream = self._before, self._stream
        if stream is None:
            return before
        return Xruns(
            before.capture_overruns + stream.capture_overruns,
            before.playback_underruns + stream.playback_underruns,
            before.device_losses,
        )


class _Search:
    """Looks for the device in a thread of its own until it gives sound again."""

    def __init__(self, audio: AudioProfile, lost: DeviceStream) -> None:
        self.found: DeviceStream | None = None
        self._audio = audio
        self._is_over = Event()
        self._thread = Thread(target=self._run, args=(lost,), name="find-sound-device", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give up. A search that hangs in the sound server is left behind and ends with the process."""
        self._is_over.set()
        self._thread.join(timeout=2 * SEARCH_EVERY_S)
        if self.found is not None:
            self.found.close()

    def _run(self, lost: DeviceStream) -> None:
        lost.close()
        while not self._is_over.is_set():
            self.found = self._try()
            if self.found is not None:
                return
            self._is_over.wait(SEARCH_EVERY_S)

    def _try(self) -> DeviceStream | None:
        try:
            look_again()
            stream = DeviceStream(self._audio)
        except AudioError:
            return None
        if stream.capture.wait(FIRST_HOP_LIMIT_MS):
            return stream
        stream.close()  # it opened, but gives no sound
        return None
