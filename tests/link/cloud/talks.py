"""What the tests of cloud sessions share: a talker, a way to a stand-in, and scripted wires."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from edge_agent.link.cloud.base import (
    AudioDelta,
    CloudEvent,
    CloudSession,
    Failed,
    SessionConfig,
    Tool,
    ToolCall,
    TurnDone,
)
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud.wire import Address, Connect, Wire, WireClosed
from edge_agent.link.cloud_sim.memory import memory_connect
from edge_agent.link.cloud_sim.routes import GEMINI_PATH, LIVE_PATH
from edge_agent.link.cloud_sim.stage import Scene, Stage

PATHS = {"gemini_live": GEMINI_PATH, "openai_realtime": "/v1/realtime", "gpt_live": LIVE_PATH}
LIVE = tuple(PATHS)
FAST = Scene(think_s=0.01, pace=2_000.0, answer="Yes.")
VOICE = (8_000 * np.sin(0.1 * np.arange(16_000))).astype("<i2").tobytes()  # one second
LIGHTS = Tool(
    "lights",
    "Switches a light.",
    {
        "type": "object",
        "properties": {"on": {"type": "boolean"}, "room": {"enum": ["kitchen", "hall"]}},
        "required": ["on"],
        "additionalProperties": False,
    },
)


def config(provider: str, port: int = 1, scheme: str = "ws", **changes: Any) -> SessionConfig:
    return replace(SessionConfig(model="m", url=f"{scheme}://127.0.0.1:{port}{PATHS[provider]}"), **changes)


def in_memory(provider: str, stage: Stage, **changes: Any) -> CloudSession:
    return make_session(provider, config(provider, **changes), connect=memory_connect(stage, delay_s=0.001))


async def ask(session: CloudSession) -> None:
    """One spoken turn, sent faster than it could be spoken."""
    await session.begin_turn()
    for at in range(0, len(VOICE), 3_200):
        await session.send_audio(VOICE[at : at + 3_200], at // 2)
    await session.end_turn()


async def until_done(events: AsyncIterator[CloudEvent], limit_s: float = 10.0) -> list[CloudEvent]:
    """All events up to the end of an answer, or of the session."""
    heard: list[CloudEvent] = []

    async def listen() -> None:
        async for event in events:
            heard.append(event)
            if isinstance(event, TurnDone | Failed):
                return

    await asyncio.wait_for(listen(), limit_s)
    return heard


def of(kind: type, events: Iterable[CloudEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def sound_of(events: Iterable[CloudEvent]) -> bytes:
    return b"".join(event.pcm16 for event in events if isinstance(event, AudioDelta))


def call_of(events: Iterable[CloudEvent]) -> ToolCall:
    return next(event for event in events if isinstance(event, ToolCall))


class ScriptedWire:
    """Gives messages that were written down; keeps what it is sent."""

    def __init__(self, messages: Iterable[Any]) -> None:
        self.sent: list[dict[str, Any]] = []
        self._messages = [m if isinstance(m, bytes | str) else json.dumps(m) for m in messages]
        self.is_closed = False

    async def send(self, message: str) -> None:
        self.sent.append(json.loads(message))

    async def receive(self) -> bytes | str:
        if not self._messages or self.is_closed:
            raise WireClosed(1006, "the script is over")
        return self._messages.pop(0)

    async def close(self) -> None:
        self.is_closed = True


GREETINGS: dict[str, list[Any]] = {
    "gemini_live": [{"setupComplete": {}}],
    "openai_realtime": [{"type": "session.created"}, {"type": "session.updated"}],
    "gpt_live": [{"type": "session.started"}],
}


def scripted(provider: str, messages: Iterable[Any], **changes: Any) -> tuple[CloudSession, ScriptedWire]:
    """A session whose model says exactly this."""
    wire = ScriptedWire([*GREETINGS[provider], *messages])

    async def connect(address: Address) -> Wire:
        return wire

    return make_session(provider, config(provider, **changes), connect=connect), wire


async def play(
    provider: str,
    messages: Iterable[Any],
    then: Callable[[CloudSession, CloudEvent], Any] | None = None,
    **changes: Any,
) -> tuple[list[CloudEvent], CloudSession, ScriptedWire]:
    """Open, hand out everything, close. `then` may answer an event with a coroutine."""
    session, wire = scripted(provider, messages, **changes)
    await session.open()
    events: list[CloudEvent] = []
    async for event in session.events():
        events.append(event)
        answered = then(session, event) if then else None
        if answered is not None:
            await answered
    await session.close()
    return events, session, wire


def connector(stage: Stage) -> Connect:
    return memory_connect(stage, delay_s=0.001)
