"""A stand-in for Gemini Live: one connection, from `setup` to its end."""

import asyncio
import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from edge_agent.link.cloud.base import INPUT_RATE_HZ
from edge_agent.link.cloud_sim.served import Message, Served
from edge_agent.link.cloud_sim.stage import Detector, Refused, parts, spoken

RATE_HZ = 24_000
END_OF_SPEECH_MS = 700  # silence after which its own detector ends a turn
_USER_JSON = frozenset({"args", "response", "parameters", "parametersJsonSchema"})
_SETUP = frozenset(
    "model generationConfig systemInstruction tools realtimeInputConfig sessionResumption contextWindowCompression "
    "inputAudioTranscription outputAudioTranscription proactivity historyConfig avatarConfig safetySettings "
    "labels".split()
)
_URL_SAFE = str.maketrans("+/", "-_")  # either alphabet is good: google-genai sends this one
_NO_KEY = "API key not valid. Please pass a valid API key."


def normalised(value: Any) -> Any:
    """Keys in camel case, whichever case they came in; the user's own JSON as it is."""
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub(r"_([a-z])", lambda m: m[1].upper(), key): inner for key, inner in value.items()}
    return {key: inner if key in _USER_JSON else normalised(inner) for key, inner in named.items()}


class GeminiServer(Served):
    """Serves one client."""

    _setup: Message
    _handle = ""
    _num_calls = 0
    _is_active = False  # between the client's markers
    _is_seeding = False

    async def _serve(self) -> None:
        self._calls: dict[str, asyncio.Future[None]] = {}
        self._detector = Detector(INPUT_RATE_HZ, END_OF_SPEECH_MS)
        self._check_address()
        message = normalised(await self._receive())
        if list(message) != ["setup"]:
            raise Refused(1007, "The first message must be setup.")
        self._setup = message["setup"]
        self._check_setup()
        await self._send({"setupComplete": {"sessionId": f"simulated-{self._stage.num_turns}"}})
        if self._scene.is_strange:
            await self._send({"somethingNew": {"of": "tomorrow"}})
            await self._send({"voiceActivity": {"voiceActivityType": "ACTIVITY_OF_TOMORROW"}})
        self._begin(self._leave_in_time())
        while True:
            await self._on(normalised(await self._receive()))

    async def run(self) -> None:
        """See Served."""
        try:
            await super().run()
        finally:
            if self._handle:
                self._stage.handles[self._handle] = False

    async def _send(self, message: Message) -> None:
        await self._peer.send(json.dumps(message).encode())  # the real one answers in binary frames

    def _check_address(self) -> None:
        address = urlsplit(self._peer.path)
        if "BidiGenerateContent" not in address.path:
            raise Refused(1008, "no such service")
        query, token = parse_qs(address.query), self._peer.headers.get("authorization", "")
        key = self._peer.headers.get("x-goog-api-key") or query.get("key", [""])[0] or token.removeprefix("Token ")
        if self._scene.key and key != self._scene.key:
            raise Refused(1008, _NO_KEY)
        if self._scene.is_quota_used:
            raise Refused(1011, "You exceeded your current quota, please check your plan and billing details.")

    def _check_setup(self) -> None:
        unknown = set(self._setup) - _SETUP
        if unknown:
            raise Refused(1007, f"Invalid JSON payload received. Unknown name \"{unknown.pop()}\" at 'setup'.")
        model = str(self._setup.get("model", "")).removeprefix("models/")
        if self._scene.models and model not in self._scene.models:
            raise Refused(1008, f"models/{model} is not found for API version v1beta, or is not supported.")
        generation = self._setup.get("generationConfig", {})
        if generation.get("responseModalities", ["AUDIO"]) != ["AUDIO"]:
            raise Refused(1007, "Request contains an invalid argument: responseModalities.")
        if "3.8" in model and (
            generation.get("thinkingConfig", {}).get("thinkingLevel") or "enableAffectiveDialog" in generation
        ):
            raise Refused(1007, "Request contains an invalid argument: generationConfig.")
        self._is_preview = "3.1" in model
        self._is_seeding = bool(self._setup.get("historyConfig", {}).get("initialHistoryInClientContent"))
        self._take_handle()

    def _take_handle(self) -> None:
        if "sessionResumption" not in self._setup:
            return
        handle = self._setup["sessionResumption"].get("handle")
        if handle is not None and handle not in self._stage.handles:
            raise Refused(1008, "Session not found for the given handle.")
        if handle is not None and self._stage.handles[handle]:
            raise Refused(1011, "The session is still connected.")
        self._handle = handle or f"handle-{len(self._stage.handles) + 1}"
        self._stage.handles[self._handle] = True

    @property
    def _detects(self) -> bool:
        """True when the turns are ours to find."""
        config = self._setup.get("realtimeInputConfig", {}).get("automaticActivityDetection", {})
        return not config.get("disabled", False)

    async def _on(self, message: Message) -> None:
        if len(message) != 1:
            raise Refused(1007, "Exactly one field must be set.")
        ((kind, value),) = message.items()
        if kind == "realtimeInput":
            await self._on_input(value)
        elif kind == "clientContent":
            await self._on_content(value)
        elif kind == "toolResponse":
            self._on_results(value.get("functionResponses", []))
        elif kind != "contextUpdate":
            raise Refused(1007, f'Invalid JSON payload received. Unknown or repeated name "{kind}".')

    async def _on_input(self, value: Message) -> None:
        if len(value) != 1:
            raise Refused(1007, "Exactly one field of realtimeInput must be set.")
        ((kind, what),) = value.items()
        if kind in ("activityStart", "activityEnd"):
            await self._on_marker(kind)
        elif kind == "audioStreamEnd" and not self._detects:
            raise Refused(1007, "audioStreamEnd is only for automatic activity detection.")
        elif kind == "audio":
            await self._on_sound(base64.urlsafe_b64decode(what["data"].translate(_URL_SAFE)))
        elif kind == "video":
            if what["mimeType"] != "image/jpeg":
                raise Refused(1007, "Request contains an invalid argument: mimeType.")
            self._stage.pictures.append(base64.b64decode(what["data"]))
        elif kind == "text" and self._detects:
            self._answer()

    async def _on_marker(self, kind: str) -> None:
        if self._detects:
            raise Refused(1007, "Explicit activity control is not supported when automatic detection is enabled.")
        if kind == "activityStart":
            self._is_active = True
            await self._interrupt()
        elif self._is_active:
            self._is_active = False
            self._answer()

    async def _on_sound(self, pcm16: bytes) -> None:
        self._stage.num_heard_bytes += len(pcm16)
        if not self._detects:
            return
        for is_speaking in self._detector.hear(pcm16):
            if is_speaking:
                await self._interrupt()
            else:
                self._answer()

    async def _on_content(self, value: Message) -> None:
        is_complete = bool(value.get("turnComplete"))
        if self._is_seeding:
            self._is_seeding = not is_complete
            return
        if self._is_preview:
            raise Refused(1007, "Request contains an invalid argument.")
        await self._interrupt()
        if is_complete:
            self._answer()

    def _on_results(self, results: list[Message]) -> None:
        for result in results:
            waiting = self._calls.pop(result.get("id", ""), None)
            if waiting is None:
                raise Refused(1008, "Requested entity was not found.")
            if "response" not in result:
                raise Refused(1007, "functionResponses.response is missing.")
            self._stage.tool_results.append(result)
            if not waiting.done():
                waiting.set_result(None)

    async def _interrupt(self) -> None:
        if not self._is_answering:
            return
        await self._stop_answer()
        if self._calls:
            await self._send({"toolCallCancellation": {"ids": list(self._calls)}})
            self._calls.clear()
        await self._send({"serverContent": {"interrupted": True}})
        await self._send({"serverContent": {"turnComplete": True}})

    def _answer(self) -> None:
        if not self._is_answering:
            self._begin_answer(self._make_answer())

    async def _make_answer(self) -> None:
        scene = self._scene
        self._stage.num_turns += 1
        await self._send({"sessionResumptionUpdate": {"resumable": False}})
        await asyncio.sleep(scene.think_s)
        fault = self._stage.faults.take("empty_turn", "wrong_order", "go_away")
        if fault == "go_away":
            self._begin(self._leave(1.0))
        await self._call_tool()
        if fault == "wrong_order":
            await self._send({"serverContent": {"turnComplete": True}})
        if fault != "empty_turn":
            await self._say()
        await self._send({"serverContent": {"generationComplete": True}})
        await self._send({"serverContent": {"turnComplete": True}, "usageMetadata": _USAGE})
        if self._handle:
            await self._send({"sessionResumptionUpdate": {"newHandle": self._handle, "resumable": True}})

    async def _call_tool(self) -> None:
        call = self._scene.call
        offered = {d["name"]: d for tool in self._setup.get("tools", []) for d in tool.get("functionDeclarations", [])}
        if call is None or call[0] not in offered:
            return
        for _ in range(self._scene.num_calls):
            self._num_calls += 1
            call_id = f"call-{self._num_calls}"
            self._calls[call_id] = waiting = asyncio.get_running_loop().create_future()
            await self._send({"toolCall": {"functionCalls": [{"id": call_id, "name": call[0], "args": dict(call[1])}]}})
            if offered[call[0]].get("behavior") != "NON_BLOCKING":
                await waiting

    async def _say(self) -> None:
        """Sound faster than it is played, and words wherever they fall."""
        sound = parts(spoken(self._scene.answer, RATE_HZ), RATE_HZ)
        at_words = self._random.randrange(len(sound))
        at_mishap = len(sound) // 2
        await self._send({"serverContent": {"inputTranscription": {"text": self._scene.question, "finished": True}}})
        for index, part in enumerate(sound):
            data = {"mimeType": f"audio/pcm;rate={RATE_HZ}", "data": base64.b64encode(part).decode()}
            await self._send({"serverContent": {"modelTurn": {"role": "model", "parts": [{"inlineData": data}]}}})
            if index == at_words:
                words = {"text": self._scene.answer, "finished": True}
                await self._send({"serverContent": {"outputTranscription": words}})
            if index == at_mishap:
                await self._mishap()
            await self._pace()

    async def _leave_in_time(self) -> None:
        await asyncio.sleep(max(0.0, self._scene.session_s - self._scene.notice_s))
        await self._leave(min(self._scene.notice_s, self._scene.session_s))

    async def _leave(self, left_s: float) -> None:
        await self._send({"goAway": {"timeLeft": f"{left_s:g}s"}})
        await asyncio.sleep(left_s)
        raise Refused(1008, "The operation was aborted.")


_USAGE = {"promptTokenCount": 120, "responseTokenCount": 80, "totalTokenCount": 200}
