"""The first message of a Gemini Live session, and what differs between its models."""

from typing import Any

from edge_agent.link.cloud.base import Role, SessionConfig, Tool

# half of it is dropped at once: 128 k would be kept otherwise, and answers get slower and dearer with each turn
COMPRESSION = {"triggerTokens": 32_000, "slidingWindow": {"targetTokens": 16_000}}


def is_preview(config: SessionConfig) -> bool:
    """Gemini 3.1 Flash Live: tools wait for their result, and history can only be given at the beginning."""
    return "3.1" in config.model


def seeds_history(config: SessionConfig) -> bool:
    """True when earlier turns are to be told; a resumed session knows them."""
    return bool(config.history) and config.resume_handle is None


def content(role: Role, text: str) -> dict[str, Any]:
    """One utterance."""
    return {"role": "user" if role == "user" else "model", "parts": [{"text": text}]}


def runs_beside(tool: Tool) -> bool:
    """True for a tool during which the model goes on talking."""
    return tool.is_long or tool.is_silent


def setup(config: SessionConfig) -> dict[str, Any]:
    """The fields of `setup`. No thinking level and no affective dialog: the 3.8 models refuse them."""
    generation: dict[str, Any] = {"responseModalities": ["AUDIO"]}
    if config.voice:
        generation["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": config.voice}}}
    fields: dict[str, Any] = {
        "model": f"models/{config.model.removeprefix('models/')}",
        "generationConfig": generation,
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": config.turns == "device"}},
        "sessionResumption": {"handle": config.resume_handle} if config.resume_handle else {},
        "contextWindowCompression": COMPRESSION,
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
    }
    if config.instructions:
        fields["systemInstruction"] = {"role": "user", "parts": [{"text": config.instructions}]}
    if config.tools:
        fields["tools"] = [{"functionDeclarations": [_declaration(tool, config) for tool in config.tools]}]
    if seeds_history(config):
        fields["historyConfig"] = {"initialHistoryInClientContent": True}
    return fields


def _declaration(tool: Tool, config: SessionConfig) -> dict[str, Any]:
    declaration: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": dict(tool.parameters),
    }
    if not is_preview(config):
        declaration["behavior"] = "NON_BLOCKING" if runs_beside(tool) else "BLOCKING"
    return declaration
