"""What joins the two processes: rings of messages and a heartbeat, handed to children as file descriptors.

    hop process  --events-->     link process      what happened
    hop process  --offload-->    link process      sound that the egress gate let out; nobody else writes it
    link process --answers-->    hop process       what a cloud model says
    hop process  --heartbeat-->  supervisor        hops in which the device really gave sound

The supervisor creates all of it, so that either process can die and its successor finds the same rings.
"""

import argparse
import ctypes
import mmap
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.ring import MessageRing

EVENT_BYTES = 1 << 18
OFFLOAD_BYTES = 1 << 21  # the longest turn whole, and its controls
ANSWER_BYTES = 1 << 20  # half a minute of an answer; the link process keeps the rest
PR_SET_PDEATHSIG = 1


class Heartbeat:
    """One counter in a page of shared memory. Producer: hop process; consumer: anyone."""

    def __init__(self, memory_fd: int) -> None:
        self.memory_fd = memory_fd
        self._page = mmap.mmap(memory_fd, mmap.PAGESIZE)
        self._count = np.frombuffer(self._page, dtype=np.int64, count=1)

    @classmethod
    def create(cls) -> "Heartbeat":
        memory_fd = os.memfd_create("edge-agent-heartbeat", os.MFD_CLOEXEC)
        os.ftruncate(memory_fd, mmap.PAGESIZE)
        return cls(memory_fd)

    def beat(self) -> None:
        """Producer only. The device gave one more hop of sound."""
        self._count[0] += 1

    @property
    def count(self) -> int:
        return int(self._count[0])


@dataclass(frozen=True)
class Channels:
    """Everything that the two processes share."""

    events: MessageRing
    offload: MessageRing
    answers: MessageRing
    heartbeat: Heartbeat

    @classmethod
    def create(cls) -> "Channels":
        """Supervisor only. Raises OSError when the system gives no shared memory."""
        events, offload, answers = map(MessageRing.create, (EVENT_BYTES, OFFLOAD_BYTES, ANSWER_BYTES))
        return cls(events, offload, answers, Heartbeat.create())

    @classmethod
    def attach(cls, arguments: Sequence[str]) -> "Channels":
        """Child only, once, from what `arguments` of the supervisor's channels said; ends when the parent ends."""
        parser = argparse.ArgumentParser(add_help=False)
        parser.add_argument("--events", type=_two_fds, required=True)
        parser.add_argument("--offload", type=_two_fds, required=True)
        parser.add_argument("--answers", type=_two_fds, required=True)
        parser.add_argument("--heartbeat", type=int, required=True)
        fds = parser.parse_args(arguments)
        _end_with_parent()
        events, offload, answers = (MessageRing.attach(*pair) for pair in (fds.events, fds.offload, fds.answers))
        return cls(events, offload, answers, Heartbeat(fds.heartbeat))

    @property
    def fds(self) -> tuple[int, ...]:
        """What a child must inherit."""
        return (*self.events.fds, *self.offload.fds, *self.answers.fds, self.heartbeat.memory_fd)

    @property
    def arguments(self) -> list[str]:
        """The same, as words of a command line."""
        arguments = ["--heartbeat", str(self.heartbeat.memory_fd)]
        for name, ring in (("--events", self.events), ("--offload", self.offload), ("--answers", self.answers)):
            arguments += [name, ",".join(str(fd) for fd in ring.fds)]
        return arguments


def _two_fds(text: str) -> tuple[int, int]:
    memory_fd, event_fd = text.split(",")
    return int(memory_fd), int(event_fd)


def _end_with_parent() -> None:
    """A killed supervisor must not leave a process that holds the sound device."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
