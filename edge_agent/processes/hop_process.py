"""`python -m edge_agent.processes.hop_process`: started by the supervisor with its rings as file descriptors.

Real-time as far as the kernel allows, no network, and no Python thread beside the hop but the one that waits for
text-to-speech programs.
"""

import argparse
import gc
import signal
import sys
from types import FrameType

from edge_agent.agent import Agent, load_kit
from edge_agent.audio import drift
from edge_agent.audio.device import DeviceDuplex
from edge_agent.channels import Channels
from edge_agent.clock import WallClock
from edge_agent.egress import Gate
from edge_agent.errors import EdgeAgentError
from edge_agent.event_json import encode
from edge_agent.events import Event
from edge_agent.processes import switch
from edge_agent.processes.realtime import enter_realtime
from edge_agent.profile import Profile
from edge_agent.profile_file import load_profile
from edge_agent.units import ms_to_hops

USERS_ERROR = 2
SUMMARY_EVERY_MS = 60_000
REST_EVERY_HOPS = 100
OPEN_LOUDSPEAKER = (
    "open loudspeaker without echo cancelling: only the wake phrase interrupts the agent; set audio.echo to 'on', "
    "or to 'hardware' if the device cancels by itself"
)


def say(line: str) -> None:
    """One line for the person or the journal; never from within a hop."""
    sys.stderr.write(f"edge-agent: {line}\n")
    sys.stderr.flush()


class LiveHop:
    """An agent on a device, its events on a ring, its heart on a page of shared memory. Thread: main only."""

    def __init__(self, profile: Profile, channels: Channels) -> None:
        """Loads models, then opens the device. Raises EdgeAgentError."""
        kit = load_kit(profile)
        for notice in kit.notices:
            say(notice)
        self._channels = channels
        self._device, self._drift_path = profile.audio.device, switch.default_path().with_name(drift.FILE_NAME)
        self._duplex = DeviceDuplex(profile.audio)
        if not (profile.audio.hears_over_itself or profile.audio.cancels_echo):
            say(OPEN_LOUDSPEAKER)
        self.agent = Agent(
            kit,
            self._duplex,
            self._emit,
            clock=WallClock(),
            gate=Gate(
                profile.privacy.state, channels.offload, profile.cloud.client, pre_roll_ms=profile.cloud.pre_roll_ms
            ),
            answers=channels.answers,
            calls=channels.house,
            is_mic_off=lambda: bool(channels.mic_off.count),
            is_live=True,
            hears_over_itself=profile.audio.hears_over_itself,
            drift_ppm=drift.known_ppm(self._drift_path, self._device),
        )
        self._event_overruns = self.agent.meters.counters["event_overruns"]
        self._is_ending = False

    def end(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Leave `run` after the present hop; also a signal handler."""
        self._is_ending = True

    def run(self) -> None:
        """Hop after hop until `end`."""
        hop, hops_left = self.agent.hop, ms_to_hops(SUMMARY_EVERY_MS)
        # what is alive now lives as long as the process: the collector need never look at it again
        gc.collect()
        gc.freeze()
        gc.disable()
        while not self._is_ending and hop.tick():
            if self._duplex.state == "ok":
                self._channels.heartbeat.beat()
            hops_left -= 1
            if hops_left % REST_EVERY_HOPS == 0 and self.agent.is_idle:
                self._duplex.rest()
            if hops_left <= 0 and self.agent.is_idle:
                hops_left = ms_to_hops(SUMMARY_EVERY_MS)
                self._tell_summary()

    def close(self) -> None:
        """Give the device back, and keep what was learned of its clocks."""
        self.agent.close()
        echo = self.agent.hop.parts.echo
        if echo is None:
            return
        try:
            drift.remember(self._drift_path, self._device, echo.drift_ppm)
        except OSError as error:
            say(f"the drift of the clocks is not kept: {self._drift_path}: {error.strerror}")

    def _tell_summary(self) -> None:
        """Once a minute, in silence; also the moment for the collector, which looks at a minute of young objects."""
        self._emit(self.agent.meters.summary(self.agent.hop.at_sample))
        self.agent.meters.clear()
        gc.collect()

    def _emit(self, event: Event) -> None:
        if not self._channels.events.send(encode(event)):
            self._event_overruns.count += 1


def main(arguments: list[str]) -> int:
    """Exit status: 0 when asked to end, 2 for what the user must cure."""
    parser = argparse.ArgumentParser(prog="python -m edge_agent.processes.hop_process")
    parser.add_argument("--profile", required=True)
    options, rest = parser.parse_known_args(arguments)
    channels = Channels.attach(rest)
    try:
        profile = load_profile(options.profile)
        live = LiveHop(profile, channels)
    except EdgeAgentError as error:
        say(" ".join(str(error).split()))
        return USERS_ERROR
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, live.end)
    for line in enter_realtime(profile.realtime):
        say(line)
    live.run()
    live.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
