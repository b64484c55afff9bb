"""Watches what fails without raising: lost sound, a device that goes and comes, a listener that had to be reset.

Thread: hop only. Builds an event only when something is wrong, or is right again.
"""

from edge_agent.audio.base import Duplex
from edge_agent.events import Fault, Xrun
from edge_agent.guard import Emit
from edge_agent.meters import Meters
from edge_agent.models.listener import Listener

STEPS_BETWEEN = 25  # once a second


class Health:
    """Counts into the meters and says so on the event stream."""

    def __init__(self, duplex: Duplex, listener: Listener, meters: Meters, emit: Emit) -> None:
        self._duplex = duplex
        self._listener = listener
        self._counters = meters.counters
        self._emit = emit
        self._is_lost = False
        self._num_listener_faults = listener.num_faults
        self._steps_left = STEPS_BETWEEN

    def step(self, at_sample: int) -> None:
        """Once per listener step."""
        self._watch_device(at_sample)
        if self._listener.num_faults != self._num_listener_faults:
            self._tell_listener(at_sample)
        self._steps_left -= 1
        if self._steps_left == 0:
            self._steps_left = STEPS_BETWEEN
            self.report(at_sample)

    def report(self, at_sample: int) -> None:
        """Sound lost since the last report."""
        xruns = self._duplex.take_xruns()
        self._count(at_sample, "capture_overrun", xruns.capture_overruns)
        self._count(at_sample, "playback_underrun", xruns.playback_underruns)

    def _count(self, at_sample: int, kind: str, count: int) -> None:
        if count:
            self._counters[kind + "s"].count += count
            self._emit(Xrun(at_sample, kind, count))

    def _watch_device(self, at_sample: int) -> None:
        is_lost = self._duplex.state == "lost"
        if is_lost == self._is_lost:
            return
        self._is_lost = is_lost
        if is_lost:
            self._counters["device_losses"].count += 1
        self._emit(Xrun(at_sample, "device_lost" if is_lost else "device_back", 1))

    def _tell_listener(self, at_sample: int) -> None:
        self._num_listener_faults = self._listener.num_faults
        error = "a step failed or gave a number that is none; the listener was reset"
        self._emit(Fault(at_sample, "listener", "failed", self._num_listener_faults, error))
