"""What joins the two processes: rings of messages and shared numbers, handed to children as file descriptors.

    hop process  --events-->     link process      what happened
    hop process  --offload-->    link process      sound that the egress gate let out; nobody else writes it
    link process --answers-->    hop process       what a cloud model says
    link process --house-->      hop process       what a cloud model wants done at home
    hop process  --heartbeat-->  supervisor        hops in which the device really gave sound
    supervisor   --mic_off-->    hop process       whether the agent may hear (muting.py)
    link process --link_ready--> who started it    it takes what the rings bring

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
HOUSE_BYTES = 1 << 16
RINGS = ("--events", "--offload", "--answers", "--house")
NUMBERS = ("--heartbeat", "--mic-off", "--link-ready")
PR_SET_PDEATHSIG = 1


class SharedNumber:
    """One whole number in a page of shared memory, 0 at first. One process sets it; any may read it."""

    def __init__(self, memory_fd: int) -> None:
        self.memory_fd = memory_fd
        self._page = mmap.mmap(memory_fd, mmap.PAGESIZE)
        self._number = np.frombuffer(self._page, dtype=np.int64, count=1)

    @classmethod
    def create(cls) -> "SharedNumber":
        """Raises OSError when the system gives no shared memory."""
        memory_fd = os.memfd_create("edge-agent-number", os.MFD_CLOEXEC)
        os.ftruncate(memory_fd, mmap.PAGESIZE)
        return cls(memory_fd)

    def set(self, number: int) -> None:
        """Producer only."""
        self._number[0] = number

    def beat(self) -> None:
        """Producer only. One more."""
        self._number[0] += 1

    @property
    def count(self) -> int:
        return int(self._number[0])


@dataclass(frozen=True)
class Channels:
    """Everything that the two processes share."""

    events: MessageRing
    offload: MessageRing
    answers: MessageRing
    house: MessageRing
    heartbeat: SharedNumber
    mic_off: SharedNumber
    link_ready: SharedNumber

    @classmethod
    def create(cls) -> "Channels":
        """Supervisor only. Raises OSError when the system gives no shared memory."""
        sizes = EVENT_BYTES, OFFLOAD_BYTES, ANSWER_BYTES, HOUSE_BYTES
        events, offload, answers, house = map(MessageRing.create, sizes)
        heartbeat, mic_off, link_ready = (SharedNumber.create() for _ in NUMBERS)
        return cls(events, offload, answers, house, heartbeat, mic_off, link_ready)

    @classmethod
    def attach(cls, arguments: Sequence[str]) -> "Channels":
        """Child only, once, from what `arguments` of the supervisor's channels said; ends when the parent ends."""
        parser = argparse.ArgumentParser(add_help=False)
        for name in RINGS:
            parser.add_argument(name, type=_two_fds, required=True)
        for name in NUMBERS:
            parser.add_argument(name, type=int, required=True)
        fds = parser.parse_args(arguments)
        _end_with_parent()
        pairs = fds.events, fds.offload, fds.answers, fds.house
        events, offload, answers, house = (MessageRing.attach(*pair) for pair in pairs)
        return cls(events, offload, answers, house, *map(SharedNumber, (fds.heartbeat, fds.mic_off, fds.link_ready)))

    @property
    def fds(self) -> tuple[int, ...]:
        """What a child must inherit."""
        return (*(fd for ring in self._rings for fd in ring.fds), *(number.memory_fd for number in self._numbers))

    @property
    def arguments(self) -> list[str]:
        """The same, as words of a command line."""
        arguments: list[str] = []
        for name, number in zip(NUMBERS, self._numbers, strict=True):
            arguments += [name, str(number.memory_fd)]
        for name, ring in zip(RINGS, self._rings, strict=True):
            arguments += [name, ",".join(str(fd) for fd in ring.fds)]
        return arguments

    @property
    def _rings(self) -> tuple[MessageRing, ...]:
        return self.events, self.offload, self.answers, self.house

    @property
    def _numbers(self) -> tuple[SharedNumber, ...]:
        return self.heartbeat, self.mic_off, self.link_ready


def _two_fds(text: str) -> tuple[int, int]:
    memory_fd, event_fd = text.split(",")
    return int(memory_fd), int(event_fd)


def _end_with_parent() -> None:
    """A killed supervisor must not leave a process that holds the sound device."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
