"""The `session` of an OpenAI Realtime session, and the items of its conversation."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from edge_agent.link.cloud.base import SessionConfig, Tool, ToolResult
from edge_agent.link.cloud.tools import answer

RATE_HZ = 24_000
# when it is full, a fifth is dropped at once: what is left stays the same from turn to turn, and cached
_TRUNCATION = {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 16_000}}
_FORMAT = {"type": "audio/pcm", "rate": RATE_HZ}
_TRANSCRIBER = "gpt-transcribe"


def session(config: SessionConfig) -> dict[str, Any]:
    """The fields of `session.update`."""
    detection = None if config.turns == "device" else {"type": "server_vad"}
    transcription = {"model": _TRANSCRIBER} | ({"language": config.language[:2]} if config.language else {})
    output: dict[str, Any] = {"format": _FORMAT}
    if config.voice:
        output["voice"] = config.voice
    fields: dict[str, Any] = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {
            "input": {"format": _FORMAT, "transcription": transcription, "turn_detection": detection},
            "output": output,
        },
        "truncation": _TRUNCATION,
    }
    if config.instructions:
        fields["instructions"] = config.instructions
    if config.tools:
        fields |= {"tools": [function(tool) for tool in config.tools], "tool_choice": "auto"}
    return fields


def function(tool: Tool) -> dict[str, Any]:
    """A tool as a function."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }


def message(role: str, text: str) -> dict[str, Any]:
    """One utterance as an item."""
    kind = "output_text" if role == "agent" else "input_text"
    name = "assistant" if role == "agent" else "user"
    return {"type": "message", "role": name, "content": [{"type": kind, "text": text}]}


def picture(jpeg: bytes) -> dict[str, Any]:
    """One picture as an item."""
    url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
    return {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": url}]}


def output(result: ToolResult, call_id: str) -> Mapping[str, Any]:
    """The result of one call as an item."""
    return {"type": "function_call_output", "call_id": call_id, "output": json.dumps(answer(result), default=str)}
