"""The link process: `python -m edge_agent.link`, started by the supervisor with the rings as file descriptors."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TextIO

from rich.console import Console

from edge_agent.channels import Channels
from edge_agent.errors import EdgeAgentError
from edge_agent.event_json import to_json
from edge_agent.events import Event
from edge_agent.link.clouds import make_runner
from edge_agent.link.console import TimelinePrinter
from edge_agent.link.event_log import EventLog
from edge_agent.link.home_assistant.compose import make_home_assistant
from edge_agent.link.home_assistant.provider import HomeAssistant
from edge_agent.link.receiver import Receiver, Sink
from edge_agent.link.session import Runner
from edge_agent.parcels import Parcel, pack
from edge_agent.profile_file import DEFAULT_PROFILE, load_profile
from edge_agent.ring import MessageRing

USERS_ERROR = 2


def json_lines(stream: TextIO) -> Sink:
    """Writes each event as one line, at once."""

    def write(event: Event) -> None:
        print(json.dumps(to_json(event), ensure_ascii=False), file=stream, flush=True)

    return write


def say(line: str) -> None:
    """One line for the person or the journal."""
    sys.stderr.write(f"edge-agent: {line}\n")
    sys.stderr.flush()


async def serve(channels: Channels, sinks: list[Sink], runner: Runner | None, home: HomeAssistant | None) -> None:
    """Hand on events, and sound that the gate let out, until asked to end, and then what is left."""
    sinks = sinks if home is None else [*sinks, home.hear]
    receiver = Receiver(channels, sinks, runner.give if runner is not None else None)
    work = asyncio.ensure_future(receiver.run())
    others = [asyncio.ensure_future(each.run()) for each in (runner, home) if each is not None]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    receiver.drain()


def put(ring: MessageRing, parcel: Parcel) -> bool:
    """Write a parcel for the hop process; False when there is no room."""
    return ring.send(pack(parcel))


def main(arguments: list[str]) -> int:
    """Exit status: 0 when asked to end, 2 for what the user must cure."""
    parser = argparse.ArgumentParser(prog="python -m edge_agent.link")
    parser.add_argument("--profile", default=DEFAULT_PROFILE)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--log", type=Path)
    options, rest = parser.parse_known_args(arguments)
    channels = Channels.attach(rest)
    sinks = [json_lines(sys.stdout) if options.json else TimelinePrinter(Console(highlight=False)).show]
    try:
        profile = load_profile(options.profile)
        put_in_house = partial(put, channels.house)
        runner = make_runner(profile, partial(put, channels.answers), say, put_in_house)
        home = make_home_assistant(profile, put_in_house, say)
    except EdgeAgentError as error:
        say(" ".join(str(error).split()))
        return USERS_ERROR
    with contextlib.ExitStack() as stack:
        if options.log is not None:
            sinks.append(stack.enter_context(contextlib.closing(EventLog(options.log))).write)
        asyncio.run(serve(channels, sinks, runner, home))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
