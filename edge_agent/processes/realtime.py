"""Asks the kernel for real-time scheduling and locked memory, and says in one line each what it refused.

Without them the agent works, but a busy machine can make it lose sound.
"""

import contextlib
import ctypes
import os
import resource
from concurrent.futures import ThreadPoolExecutor

from edge_agent.profile import RealtimeProfile

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
LONGEST_REALTIME_RUN_US = 3_000_000  # three hundred hops without a pause are no hop


def enter_realtime(wanted: RealtimeProfile) -> tuple[str, ...]:
    """Hop process, before its first hop. Lines for what was refused, each with its cure; empty when all is well."""
    refused = (_schedule(wanted.priority), _lock_memory() if wanted.lock_memory else None)
    return tuple(line for line in refused if line is not None)


def limit_realtime(pid: int) -> None:
    """Supervisor, for a child: the kernel ends it, or a child of its own, when it spins with real-time priority.

    A sound library that loops when its server dies would else take a core from the whole machine.
    """
    with contextlib.suppress(ProcessLookupError):
        _, most_us = resource.prlimit(pid, resource.RLIMIT_RTTIME)
        resource.prlimit(pid, resource.RLIMIT_RTTIME, (LONGEST_REALTIME_RUN_US, most_us))


def _schedule(priority: int) -> str | None:
    if priority == 0:
        return None
    try:
        # without the reset, a text-to-speech program started from here would be real-time too
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError:
        return (
            f"real-time priority {priority} refused, going on with ordinary scheduling: "
            "use systemd/edge-agent.service, or 'rtprio' for your user in /etc/security/limits.conf"
        )
    return None


def _lock_memory() -> str | None:
    limit_bytes, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    # under a finite limit the lock could be granted now and a later allocation fail in mid-sentence
    is_unlimited = limit_bytes == resource.RLIM_INFINITY or os.geteuid() == 0
    if is_unlimited and ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0:
        return None
    return (
        "memory lock refused, pages may be swapped out: "
        "use systemd/edge-agent.service, or 'memlock unlimited' for your user in /etc/security/limits.conf"
    )


def can_enter_realtime(wanted: RealtimeProfile) -> tuple[str, ...]:
    """The same question, asked so that the process stays as it is."""
    # the scheduler is asked for one thread, and this one ends with the question
    with ThreadPoolExecutor(max_workers=1) as asker:
        lines = asker.submit(enter_realtime, wanted).result()
    ctypes.CDLL(None).munlockall()
    return lines
