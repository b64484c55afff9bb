"""The link process: `python -m edge_agent.link`, started by the supervisor with the rings as file descriptors."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import TextIO

from rich.console import Console

from edge_agent.channels import Channels
from edge_agent.errors import EdgeAgentError
from edge_agent.events import Event, to_json
from edge_agent.link.clouds import make_runner
from edge_agent.link.console import TimelinePrinter
from edge_agent.link.receiver import Receiver, Sink
from edge_agent.link.session import Runner
from edge_agent.parcels import pack
from edge_agent.profile import DEFAULT_PROFILE, load_profile

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


async def serve(channels: Channels, sinks: list[Sink], runner: Runner | None) -> None:
    """Hand on events, and sound that the gate let out, until asked to end, and then what is left."""
    receiver = Receiver(channels, sinks, runner.give if runner is not None else None)
    work = asyncio.ensure_future(receiver.run())
    asking = asyncio.ensure_future(runner.run()) if runner is not None else None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    if asking is not None:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    receiver.drain()


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
        runner = make_runner(
            load_profile(options.profile),
            lambda parcel: channels.answers.send(pack(parcel)),
            say,
            lambda parcel: channels.house.send(pack(parcel)),
        )
    except EdgeAgentError as error:
        say(" ".join(str(error).split()))
        return USERS_ERROR
    with contextlib.ExitStack() as stack:
        if options.log is not None:
            sinks.append(json_lines(stack.enter_context(options.log.open("a", encoding="utf-8"))))
        asyncio.run(serve(channels, sinks, runner))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
