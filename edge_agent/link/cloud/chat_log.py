"""The conversation of a pipeline, at a constant size, as the chat endpoint wants it: only what was really heard."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from edge_agent.link.cloud.base import Said

MAX_MESSAGES = 40
KEPT_MESSAGES = 24  # once there are more: dropped many at a time, what is left stays a prefix that servers cache


class ChatLog:
    """The last messages. One answer at a time is being written; it is mended when the talker cuts it off."""

    def __init__(self, instructions: str, history: Iterable[Said]) -> None:
        self._first = [{"role": "system", "content": instructions}] if instructions else []
        self._messages: list[dict[str, Any]] = []
        for said in history:
            self._add({"role": "assistant" if said.role == "agent" else "user", "content": said.text})
        self._reply: dict[str, Any] | None = None
        self._spoken: list[tuple[str, float]] = []

    def messages(self) -> list[dict[str, Any]]:
        """What to send: a result whose call is forgotten would be refused, so it is left out."""
        kept = list(self._messages)
        while kept and kept[0]["role"] == "tool":
            del kept[0]
        return [*self._first, *(message for message in kept if message["content"] or "tool_calls" in message)]

    def user(self, text: str, jpeg: bytes | None = None) -> None:
        """The talker's turn, with what the camera saw."""
        content: Any = text
        if jpeg is not None:
            url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
            content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
        self._add({"role": "user", "content": content})

    def begin_reply(self) -> None:
        """An answer begins."""
        self._reply, self._spoken = {"role": "assistant", "content": ""}, []
        self._add(self._reply)

    def write(self, text: str) -> None:
        """The next words of the answer."""
        if self._reply is not None:
            self._reply["content"] += text

    def spoke(self, sentence: str, duration_ms: float) -> None:
        """So long does a sentence of the answer last."""
        self._spoken.append((sentence, duration_ms))

    def call(self, calls: Sequence[tuple[str, str, str]]) -> None:
        """The answer also calls tools: (id, name, arguments)."""
        if self._reply is not None:
            self._reply["tool_calls"] = [
                {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for call_id, name, arguments in calls
            ]

    def result(self, call_id: str, output: str) -> None:
        """What came of one call."""
        self._add({"role": "tool", "tool_call_id": call_id, "content": output})

    def cut_reply(self, heard_ms: float) -> None:
        """The talker cut the answer off: only the words that were heard were said, and its calls are off."""
        if self._reply is not None:
            self._reply["content"] = heard_words(self._spoken, heard_ms)
            self._reply.pop("tool_calls", None)
            self._messages = [message for message in self._messages if message["role"] != "tool"]
            for message in self._messages:
                message.pop("tool_calls", None)
        self._reply = None

    def _add(self, message: dict[str, Any]) -> None:
        self._messages.append(message)
        if len(self._messages) > MAX_MESSAGES:
            del self._messages[:-KEPT_MESSAGES]


def heard_words(spoken: Sequence[tuple[str, float]], heard_ms: float) -> str:
    """The words of the first `heard_ms`, as if each sentence were spoken evenly."""
    heard: list[str] = []
    for sentence, duration_ms in spoken:
        words = sentence.split()
        share = 1.0 if heard_ms >= duration_ms else max(0.0, heard_ms) / duration_ms
        heard += words[: int(len(words) * share)]
        heard_ms -= duration_ms
    return " ".join(heard)
