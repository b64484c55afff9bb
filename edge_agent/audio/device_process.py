"""The process that holds the sound device: it opens it, says so, and from then on only C runs.

A process of its own because PortAudio cannot always be stopped: when the sound server is killed, `Pa_CloseStream` has
been seen to wait for ever for a lock that nobody holds, once in some twenty times. Whoever opened this process kills it
instead. It ends by itself when the stream does, and when its parent does (end of its standard input).

Standard input: a byte whenever nobody speaks, so that the stream may be begun anew if it has fallen behind.
Standard output: nothing, or one line: "ok", or why the device cannot be opened and the cure.
Imports neither numpy nor the profile: it should start fast and stay small.
"""

import argparse
import os
import select
import sys
from contextlib import suppress

from edge_agent.audio.lateness import Lateness
from edge_agent.audio.portaudio import DeviceStream, Wanted, look_again
from edge_agent.errors import AudioError
from edge_agent.ring import Ring

CHECK_EVERY_S = 0.05
SEARCH_EVERY_S = 0.25
NICENESS = -15


def main(arguments: list[str]) -> int:
    """Hold the device until it or the parent goes away; exit status 0 when it was opened."""
    wanted = _parse(arguments)
    be_preferred()
    capture, playback = Ring.attach(*wanted.capture), Ring.attach(*wanted.playback)
    try:
        stream = _open(wanted, capture, playback)
    except AudioError as error:
        _say(str(error))
        return 1
    _say("ok")
    lateness = Lateness()
    while stream.is_active:
        if _is_told_quiet(CHECK_EVERY_S) and lateness.is_behind(stream.capture_delay_ms):
            stream.begin_anew()
    return 0


def _open(wanted: argparse.Namespace, capture: Ring, playback: Ring) -> DeviceStream:
    what = Wanted(wanted.device, wanted.block_ms, wanted.latency_ms)
    try:
        return DeviceStream(what, capture, playback)
    except AudioError:
        if not wanted.search:
            raise
    while True:
        _is_told_quiet(SEARCH_EVERY_S)
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
    parser.add_argument("--search", action="store_true")
    return parser.parse_args(arguments)


def be_preferred() -> None:
    """As the sound server is. Not real-time: PortAudio polls without sleeping for seconds on end when that is slow, and
    with real-time priority this starved the very server it was waiting for."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def _is_told_quiet(wait_s: float) -> bool:
    """Wait; whether the parent says meanwhile that nobody speaks.

    When its end of the pipe is closed, end at once, whatever PortAudio is doing.
    """
    if not select.select([sys.stdin], [], [], wait_s)[0]:
        return False
    if not os.read(sys.stdin.fileno(), 1):
        os._exit(0)
    return True


if __name__ == "__main__":
    # PortAudio's own clean-up at exit may hang like any other of its calls
    os._exit(main(sys.argv[1:]))
