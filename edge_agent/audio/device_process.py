"""The process that holds the sound device: it opens it, says so, and from then on only C runs.

A process of its own because PortAudio cannot always be stopped: when the sound server is killed, `Pa_CloseStream` has
been seen to wait for ever for a lock that nobody holds, once in some twenty times. Whoever opened this process kills it
instead. It ends by itself when the stream does, and when its parent does (end of its standard input).

Standard output: nothing, or one line: "ok", or why the device cannot be opened and the cure.
Imports neither numpy nor the profile: it should start fast and stay small.
"""

import argparse
import os
import resource
import select
import sys
import time
from contextlib import suppress

from edge_agent.audio.portaudio import DeviceStream, Wanted, look_again
from edge_agent.errors import AudioError
from edge_agent.ring import Ring

CHECK_EVERY_S = 0.1
MOST_CPU_SHARE = 0.6
SEARCH_EVERY_S = 0.25
LONGEST_REALTIME_RUN_US = 500_000


def main(arguments: list[str]) -> int:
    """Hold the device until it or the parent goes away; exit status 0 when it was opened."""
    wanted = _parse(arguments)
    _enter_realtime(wanted.priority)
    capture, playback = Ring.attach(*wanted.capture), Ring.attach(*wanted.playback)
    try:
        stream = _open(wanted, capture, playback)
    except AudioError as error:
        _say(str(error))
        return 1
    _say("ok")
    while stream.is_active and not _spins():
        pass
    return 0


def _spins() -> bool:
    """Watch for a while: a stream opened while the sound server is still starting may poll without ever sleeping."""
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    _end_with_parent(CHECK_EVERY_S)
    return time.process_time() - began_cpu_s > MOST_CPU_SHARE * (time.monotonic() - began_s)


def _open(wanted: argparse.Namespace, capture: Ring, playback: Ring) -> DeviceStream:
    what = Wanted(wanted.device, wanted.block_ms, wanted.latency_ms)
    try:
        return DeviceStream(what, capture, playback)
    except AudioError:
        if not wanted.search:
            raise
    while True:
        _end_with_parent(SEARCH_EVERY_S)
        with suppress(AudioError):
            look_again()
            return DeviceStream(what, capture, playback)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--capture", type=int, nargs=2, required=True)
    parser.add_argument("--playback", type=int, nargs=2, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--block-ms", type=int, required=True)
    parser.add_argument("--latency-ms", type=int, required=True)
    parser.add_argument("--priority", type=int, required=True)
    parser.add_argument("--search", action="store_true")
    return parser.parse_args(arguments)


def _enter_realtime(priority: int) -> None:
    """The threads of PortAudio, born later, inherit it; who asked for it has been told already when it is refused."""
    if priority:
        # a sound library may loop when its server dies: the kernel then ends this process, not the machine's patience
        resource.setrlimit(resource.RLIMIT_RTTIME, (LONGEST_REALTIME_RUN_US, LONGEST_REALTIME_RUN_US))
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def _end_with_parent(wait_s: float) -> None:
    """Wait; when the parent's end of the pipe is closed, end at once, whatever PortAudio is doing."""
    deadline_s = time.monotonic() + wait_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left_s)[0] and not os.read(sys.stdin.fileno(), 1):
            os._exit(0)


if __name__ == "__main__":
    # PortAudio's own clean-up at exit may hang like any other of its calls
    os._exit(main(sys.argv[1:]))
