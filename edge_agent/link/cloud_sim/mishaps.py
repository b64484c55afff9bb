"""The faults that a server makes in the middle of an answer, the same for every protocol."""

import asyncio
import json

from edge_agent.link.cloud.fields import MAX_MESSAGE_BYTES
from edge_agent.link.cloud_sim.faults import Fault
from edge_agent.link.cloud_sim.stage import Peer, PeerGone, Refused

HALF_OPEN_S = 300.0
STANDSTILL_S = 1.5
WITHIN_ANSWER: tuple[Fault, ...] = ("drop", "half_open", "close_1011", "slow_pong", "garbage", "oversize", "clock_jump")
GARBAGE: tuple[str | bytes, ...] = (
    "{",
    "null",
    "[1, 2, 3]",
    b"\xff\xfe not UTF-8 \x80",
    "[" * 50_000,
    json.dumps({"type": 7, "serverContent": [], "toolCall": "x", "delta": {"a": 1}}),
    json.dumps({"type": "response.output_audio.delta", "delta": "not base64!", "response_id": 5}),
    json.dumps({"serverContent": {"modelTurn": {"parts": [None, {"inlineData": {"data": 3}}]}}}),
)


async def happen(fault: Fault | None, peer: Peer, slow_pong_s: float) -> None:
    """Let a fault happen to this connection; some end it."""
    if fault == "drop":
        peer.abort()
        raise PeerGone
    if fault == "half_open":
        peer.hold(HALF_OPEN_S)
        await asyncio.sleep(HALF_OPEN_S)
        raise PeerGone
    if fault == "close_1011":
        raise Refused(1011, "Internal error encountered.")
    if fault == "slow_pong":
        peer.hold(slow_pong_s)
    if fault == "garbage":
        for message in GARBAGE:
            await peer.send(message)
    if fault == "oversize":
        await peer.send(json.dumps({"serverContent": {}, "type": "x", "padding": "x" * MAX_MESSAGE_BYTES}))
    if fault == "clock_jump":
        await asyncio.sleep(STANDSTILL_S)
