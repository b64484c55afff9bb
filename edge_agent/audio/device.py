"""The microphone and the loudspeaker of this machine, and what happens when they go away.

The device thread (C only, `kernels/src/duplex.c`) runs in a process of its own (`device_process.py`) and shares two
rings with the hop thread, which calls all methods here. Whatever hangs in a dying sound server hangs that process,
never the hop.
"""

from contextlib import suppress
from time import monotonic, sleep

import numpy as np

from edge_agent.audio.base import Hop, State, Xruns
from edge_agent.audio.device_handle import PREFILL_HOPS, DeviceHandle
from edge_agent.errors import AudioError
from edge_agent.profile import AudioProfile
from edge_agent.units import HOP_MS, HOP_SAMPLES

HOP_S = HOP_MS / 1000
OPEN_LIMIT_S = 10.0
CHECK_EVERY_MS = 50
LOST_AFTER_MS = 500  # a busy machine may pause a healthy stream for a quarter of a second
# a search that has found nothing for so long may hang in a server that went away in between: begin a new one
SEARCH_LIMIT_HOPS = 500
RESTART_AFTER_HOPS = 25
# opened while the sound server is still starting, a stream may run as fast as the processor can, or stop again
SETTLING_HOPS = 20
MOST_AHEAD_HOPS = 10
# sound that is late piles up in the playback ring: beyond so many hops it is left out, and below that a silent hop is
# left out after a while, so that the delay comes back to what it was
MAX_QUEUED_HOPS = PREFILL_HOPS + 2
WATCH_HOPS = 50


class DeviceDuplex:
    """Live sound. After a loss it gives silence at the right pace until the device is back."""

    def __init__(self, audio: AudioProfile) -> None:
        """Open the device. Raises AudioError with the cure."""
        self._audio = audio
        self._pairs = np.zeros((HOP_SAMPLES, 2), dtype=np.float32)
        self._mic, self._played = self._pairs[:, 0], self._pairs[:, 1]
        self._before = Xruns()  # of devices that were lost
        self._taken = Xruns()
        self._is_lost = False
        self._num_silent_hops = self._num_settling_hops = 0
        self._least_queued_hops = MAX_QUEUED_HOPS
        self._num_watched_hops = 0
        self._device = DeviceHandle(audio, search=False)
        refusal = self._device.refusal(OPEN_LIMIT_S)
        if refusal is not None:
            self._device.close()
            raise AudioError(refusal)
        self._due_s = monotonic() + HOP_S

    @property
    def state(self) -> State:
        return "lost" if self._is_lost else "ok"

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`. Always True."""
        if self._is_lost:
            self._search()
        elif not self._is_hop_there():
            self._lose()
        if self._is_lost:
            self._pass_silent_hop(mic, played)
            return True
        self._device.capture.read_into(self._pairs)
        self._due_s = monotonic() + HOP_S
        np.copyto(mic, self._mic)
        np.copyto(played, self._played)
        return True

    def write_hop(self, out: Hop) -> None:
        """See `Duplex`."""
        if self._is_lost:
            return
        queued_hops = self._device.playback.readable() + self._device.capture.readable()
        if queued_hops < MAX_QUEUED_HOPS and not self._is_hop_to_spare(queued_hops, out):
            self._device.playback.write(out)

    def take_xruns(self) -> Xruns:
        """See `Duplex`."""
        now = self._totals()
        taken, self._taken = self._taken, now
        return Xruns(
            now.capture_overruns - taken.capture_overruns,
            now.playback_underruns - taken.playback_underruns,
            now.device_losses - taken.device_losses,
        )

    def rest(self) -> None:
        """Nobody speaks: a good moment to catch up, if sound has come to be heard late. Once a second or so."""
        if not self._is_lost:
            self._device.tell_quiet()

    def close(self) -> None:
        """See `Duplex`."""
        self._device.close()

    def _is_hop_to_spare(self, queued_hops: int, out: Hop) -> bool:
        """Once a while: more has been queued all the time than is needed, and this hop is silence."""
        self._least_queued_hops = min(self._least_queued_hops, queued_hops)
        self._num_watched_hops += 1
        if self._num_watched_hops < WATCH_HOPS or out.any():
            return False
        is_spare = self._least_queued_hops >= PREFILL_HOPS
        self._least_queued_hops, self._num_watched_hops = MAX_QUEUED_HOPS, 0
        return is_spare

    def _is_hop_there(self) -> bool:
        """Wait for a hop; False when the device is gone."""
        for _ in range(LOST_AFTER_MS // CHECK_EVERY_MS):
            if self._device.capture.wait(CHECK_EVERY_MS):
                return True
            if not self._device.is_running:
                return False
        return False

    def _lose(self) -> None:
        totals = self._totals()
        self._before = totals._replace(device_losses=totals.device_losses + 1)
        self._is_lost = True
        self._replace_device()

    def _search(self) -> None:
        """The device is back when its process, which keeps trying, has delivered sound for a while, and at its pace."""
        is_running = self._device.is_running
        num_there = self._device.capture.readable()
        self._num_settling_hops += num_there > 0
        if num_there > self._num_settling_hops + MOST_AHEAD_HOPS:
            self._replace_device()
        elif is_running and num_there and self._num_settling_hops >= SETTLING_HOPS:
            self._adopt(num_there)
        elif self._num_silent_hops >= (SEARCH_LIMIT_HOPS if is_running else RESTART_AFTER_HOPS):
            self._replace_device()

    def _adopt(self, num_there: int) -> None:
        for _ in range(num_there - 1):
            self._device.capture.read_into(self._pairs)
        self._device.prefill()
        # what the device lost before it was ours is no loss of ours
        self._before = Xruns(
            self._before.capture_overruns - self._device.capture.overruns,
            self._before.playback_underruns - self._device.playback.underruns,
            self._before.device_losses,
        )
        self._is_lost = False

    def _replace_device(self) -> None:
        self._num_silent_hops = self._num_settling_hops = 0
        self._device.close()
        # a machine with no room for a process now may have it later: tried again after RESTART_AFTER_HOPS
        with suppress(OSError):
            self._device = DeviceHandle(self._audio, search=True)

    def _pass_silent_hop(self, mic: Hop, played: Hop) -> None:
        # counted from the last real hop, so that the time it took to notice is made up for
        left_s = self._due_s - monotonic()
        if left_s > 0:
            sleep(left_s)
        self._due_s += HOP_S
        self._num_silent_hops += 1
        mic.fill(0.0)
        played.fill(0.0)

    def _totals(self) -> Xruns:
        before, device = self._before, self._device
        if self._is_lost:
            return before
        return Xruns(
            before.capture_overruns + device.capture.overruns,
            before.playback_underruns + device.playback.underruns,
            before.device_losses,
        )
