"""The agent as a user starts it, `edge-agent run`, for what runs on the virtual card."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROFILE = """\
name: virtual_card
audio: {device: default, loudspeaker: isolated}
realtime: {priority: 0, lock_memory: false}
"""
READY_LIMIT_S = 30.0
ANSWER_LIMIT_S = 30.0  # on a busy machine


class RunningAgent:
    """`edge-agent run --json` with its events as they come."""

    def __init__(self, folder: Path, profile_text: str = PROFILE) -> None:
        profile = folder / "virtual_card.yaml"
        profile.write_text(profile_text, encoding="utf-8")
        address = str(folder / "notify")
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(address)
        self._notices.settimeout(READY_LIMIT_S)
        self.events: list[dict[str, Any]] = []
        self.seen_s: list[float] = []  # when each was read, by the monotonic clock
        command = [sys.executable, "-m", "edge_agent", "run", "--json", "--profile", str(profile)]
        environment = os.environ | {"NOTIFY_SOCKET": address}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """As systemd would."""
        while not self._notices.recv(1000).startswith(b"READY=1"):
            pass

    def wait_for(self, name: str, limit_s: float = ANSWER_LIMIT_S, **fields: Any) -> dict[str, Any]:
        """The first event of this name with these fields."""
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s:
            for event in self.of(name, **fields):
                return event
            time.sleep(0.02)
        raise AssertionError(
            f"no {name!r} with {fields} within {limit_s} s; there were {[event['event'] for event in self.events]}"
        )

    def of(self, name: str, **fields: Any) -> list[dict[str, Any]]:
        """Events so far of this name with these fields."""
        return [event for event in self.events if event["event"] == name and fields.items() <= event.items()]

    def end(self) -> int:
        """Ask it to end; the exit status."""
        self.process.terminate()
        status = self.process.wait(timeout=READY_LIMIT_S)
        self._reader.join(timeout=5)
        self._notices.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen_s.append(time.monotonic())
            self.events.append(json.loads(line))


@contextmanager
def running_agent(folder: Path, profile_text: str = PROFILE) -> Iterator[RunningAgent]:
    """An agent that listens; ended at the end of the block if it still runs."""
    agent = RunningAgent(folder, profile_text)
    try:
        agent.wait_until_ready()
        yield agent
    finally:
        if agent.process.poll() is None:
            agent.end()
