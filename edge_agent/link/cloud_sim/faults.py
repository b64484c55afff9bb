"""What can go wrong between a device and a model, and when it does."""

from collections.abc import Iterable
from typing import Literal, get_args

from edge_agent.link.cloud.wire import Address, Connect, Wire, WireRefused

Fault = Literal[
    "drop",  # the connection is cut within an answer
    "half_open",  # within an answer nothing is sent or read any more, and nobody says so
    "close_1011",  # the provider fails within an answer
    "go_away",  # the provider announces that it will close, and does
    "slow_pong",  # pings are answered late
    "empty_turn",  # the answer ends without a sound
    "garbage",  # messages that are no JSON, no UTF-8, too deep, or of the wrong types
    "wrong_order",  # an answer's end before its sound
    "oversize",  # a message larger than any that is sensible
    "tls",  # the handshake fails
    "dns",  # the host's name is not known
    "clock_jump",  # the provider stands still, then says everything at once with times of tomorrow
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
AT_CONNECTING: tuple[Fault, ...] = ("tls", "dns")


class FaultPlan:
    """Faults that are still to happen, in order; each happens once, at its next occasion."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._waiting = list(faults)
        self.num_done = 0

    def add(self, fault: Fault) -> None:
        """One more."""
        self._waiting.append(fault)

    def take(self, *possible: Fault) -> Fault | None:
        """The next fault, if it is one that can happen now."""
        if not self._waiting or self._waiting[0] not in possible:
            return None
        self.num_done += 1
        return self._waiting.pop(0)


def faulty(connect: Connect, plan: FaultPlan) -> Connect:
    """The same connector, but for the faults that happen before there is a server."""

    async def connect_or_fail(address: Address) -> Wire:
        fault = plan.take(*AT_CONNECTING)
        if fault == "tls":
            raise WireRefused("tls", "certificate verify failed: self-signed certificate")
        if fault == "dns":
            raise WireRefused("unreachable", "no such host name, or no name server")
        return await connect(address)

    return connect_or_fail
