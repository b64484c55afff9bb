"""Which stand-in serves which path, and who is let in."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from edge_agent.link.cloud_sim.gemini import GeminiServer
from edge_agent.link.cloud_sim.live import LiveServer
from edge_agent.link.cloud_sim.realtime import RealtimeServer
from edge_agent.link.cloud_sim.served import Served
from edge_agent.link.cloud_sim.stage import Peer, Scene, Stage

LIVE_PATH = "/v1/live/sessions"
REALTIME_PATHS = ("/v1/realtime", "/openai/v1/realtime")
GEMINI_PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


def refusal(path: str, headers: Mapping[str, str], scene: Scene) -> tuple[int, str] | None:
    """HTTP status and body for one who is not let in; Gemini's are let in, and told by a close frame."""
    where = urlsplit(path).path
    if "BidiGenerateContent" in where:
        return None
    if where != LIVE_PATH and where not in REALTIME_PATHS:
        return 404, json.dumps({"error": {"code": "not_found", "message": f"Invalid URL (GET {where})"}})
    return key_refusal(headers, scene)


def key_refusal(headers: Mapping[str, str], scene: Scene) -> tuple[int, str] | None:
    """OpenAI's answer to a wrong key."""
    if scene.key and headers.get("authorization", "") != f"Bearer {scene.key}":
        error = {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided."}
        return 401, json.dumps({"error": error})
    return None


def serve(peer: Peer, stage: Stage) -> Served:
    """The server for a peer that was let in."""
    where = urlsplit(peer.path).path
    if where == LIVE_PATH:
        return LiveServer(peer, stage)
    if where in REALTIME_PATHS:
        return RealtimeServer(peer, stage)
    return GeminiServer(peer, stage)
