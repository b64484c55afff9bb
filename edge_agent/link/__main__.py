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
from edge_agent.events import Event, to_json
from edge_agent.link.console import TimelinePrinter
from edge_agent.link.receiver import Receiver, Sink


def json_lines(stream: TextIO) -> Sink:
    """Writes each event as one line, at once."""

    def write(event: Event) -> None:
        print(json.dumps(to_json(event), ensure_ascii=False), file=stream, flush=True)

    return write


async def serve(channels: Channels, sinks: list[Sink]) -> None:
    """Hand on events until asked to end, and then what is left."""
    receiver = Receiver(channels, sinks)
    work = asyncio.ensure_future(receiver.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    receiver.drain()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m edge_agent.link")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--log", type=Path)
    options, rest = parser.parse_known_args(arguments)
    channels = Channels.attach(rest)
    sinks = [json_lines(sys.stdout) if options.json else TimelinePrinter(Console(highlight=False)).show]
    with contextlib.ExitStack() as stack:
        if options.log is not None:
            sinks.append(json_lines(stack.enter_context(options.log.open("a", encoding="utf-8"))))
        asyncio.run(serve(channels, sinks))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
