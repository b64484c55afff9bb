"""A Home Assistant for tests: authentication, numbered commands and events as its WebSocket API has them, and its REST.

The same house is served in memory, in a loop's own time, and on a real socket.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from edge_agent.link.cloud.wire import Address, Wire, WireClosed, WireRefused

TOKEN = "a-long-lived-token"


def light(entity_id: str, name: str, state: str = "off") -> dict[str, Any]:
    return {"entity_id": entity_id, "state": state, "attributes": {"friendly_name": name}}


def cover(entity_id: str, name: str, device_class: str) -> dict[str, Any]:
    return {
        "entity_id": entity_id,
        "state": "open",
        "attributes": {"friendly_name": name, "device_class": device_class},
    }


class HomeStandIn:
    """One house. `fault`: "mute" (no results), "refuse" (every service call fails), "down" (nobody listens)."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        found: list[dict[str, Any]] = [
            light("light.kitchen", "Kitchen Light"),
            light("light.hue_7", "Extended color light 7"),
            light("light.office_desk", "Desk Lamp"),
            {"entity_id": "media_player.lounge", "state": "playing", "attributes": {"friendly_name": "Lounge"}},
            {"entity_id": "lock.front", "state": "locked", "attributes": {"friendly_name": "Front Door"}},
            {"entity_id": "automation.night", "state": "on", "attributes": {"friendly_name": "Kitchen at night"}},
            {
                "entity_id": "climate.bath",
                "state": "heat",
                "attributes": {"friendly_name": "Bathroom", "current_temperature": 73.4, "temperature_unit": "°F"},
            },
            {
                "entity_id": "climate.bed",
                "state": "heat",
                "attributes": {"friendly_name": "Bedroom", "current_temperature": 19.0, "temperature": 18.0},
            },
            cover("cover.left", "Kitchen left", "curtain"),
            cover("cover.roof", "Office blinds", ""),
            cover("cover.garage", "Garage", "garage"),
            {"entity_id": "scene.movie", "state": "2026", "attributes": {"friendly_name": "Movie Night"}},
        ]
        for state in found:
            self.states[state["entity_id"]] = state
        self.registries: dict[str, list[dict[str, Any]]] = {
            "area": [{"area_id": "wz", "name": "Living Room"}, {"area_id": "x", "name": "Office"}],
            "device": [{"id": "d1", "area_id": "x"}],
            "entity": [
                {"entity_id": "light.hue_7", "area_id": "wz", "device_id": None},
                {"entity_id": "light.office_desk", "area_id": None, "device_id": "d1"},
            ],
        }
        self.fault = ""
        self.calls: list[tuple[str, str, dict[str, Any], list[str]]] = []
        self.num_connections = 0
        self.bytes_received = 0
        self.talks: set[StandInTalk] = set()

    def change(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Something happens in the house: whoever subscribed is told."""
        old = self.states[entity_id]
        new = old | {"state": state, "attributes": old["attributes"] | attributes}
        self.states[entity_id] = new
        data = {"entity_id": entity_id, "old_state": old, "new_state": new}
        for talk in self.talks:
            for number in talk.subscriptions:
                talk.put({"id": number, "type": "event", "event": {"event_type": "state_changed", "data": data}})

    def cut(self) -> None:
        """Every connection breaks."""
        for talk in tuple(self.talks):
            talk.put(None)

    def apply(self, domain: str, service: str, data: dict[str, Any], entity_ids: list[str]) -> None:
        self.calls.append((domain, service, data, entity_ids))
        after = {"turn_on": "on", "turn_off": "off", "media_pause": "paused", "media_play": "playing"}
        after |= {"lock": "locked", "unlock": "unlocked", "open_cover": "open", "close_cover": "closed"}
        for entity_id in entity_ids:
            percent = data.get("brightness_pct")
            brightness = {} if percent is None else {"brightness": round(percent * 2.55)}
            heat = {"temperature": data["temperature"]} if "temperature" in data else {}
            self.change(entity_id, after.get(service, self.states[entity_id]["state"]), **brightness, **heat)


class StandInTalk:
    """One client being served: strict about order, ids and names."""

    def __init__(self, house: HomeStandIn) -> None:
        self._house = house
        self.outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self.subscriptions: list[int] = []
        self._is_known = False
        self._last_id = 0
        house.num_connections += 1
        house.talks.add(self)
        self.put({"type": "auth_required", "ha_version": "2026.11.1"})

    def put(self, message: dict[str, Any] | None) -> None:
        self.outgoing.put_nowait(None if message is None else json.dumps(message))

    def take(self, text: str) -> None:
        self._house.bytes_received += len(text)
        message = json.loads(text)
        if not self._is_known:
            self._authenticate(message)
            return
        number = message.get("id")
        if not isinstance(number, int) or number <= self._last_id:
            self._error(number, "id_reuse", "Identifier values have to increase.")
            return
        self._last_id = number
        if self._house.fault != "mute":
            self._answer(number, message)

    def close(self) -> None:
        self._house.talks.discard(self)

    def _authenticate(self, message: dict[str, Any]) -> None:
        if set(message) != {"type", "access_token"} or message["type"] != "auth":
            self.put({"type": "auth_invalid", "message": "Auth message incorrectly formatted"})
            self.put(None)
        elif message["access_token"] != TOKEN:
            self.put({"type": "auth_invalid", "message": "Invalid access token or password"})
            self.put(None)
        else:
            self._is_known = True
            self.put({"type": "auth_ok", "ha_version": "2026.11.1"})

    def _answer(self, number: int, message: dict[str, Any]) -> None:
        kind, house = message["type"], self._house
        if kind == "subscribe_events":
            self.subscriptions.append(number)
            self._result(number, None)
        elif kind == "get_states":
            self._result(number, list(house.states.values()))
        elif kind.startswith("config/") and house.registries:
            self._result(number, house.registries[kind.split("/")[1].removesuffix("_registry")])
        elif kind == "call_service":
            self._call(number, message)
        else:
            self._error(number, "unknown_command", "Unknown command.")

    def _call(self, number: int, message: dict[str, Any]) -> None:
        entity_ids = message.get("target", {}).get("entity_id", [])
        unknown = [entity_id for entity_id in entity_ids if entity_id not in self._house.states]
        if self._house.fault == "refuse" or unknown or not entity_ids:
            self._error(number, "home_assistant_error", "The device said no.")
            return
        self._house.apply(message["domain"], message["service"], message.get("service_data", {}), entity_ids)
        self._result(number, {"context": {"id": "c"}, "response": None})

    def _result(self, number: int, result: Any) -> None:
        self.put({"id": number, "type": "result", "success": True, "result": result})

    def _error(self, number: Any, code: str, words: str) -> None:
        self.put({"id": number, "type": "result", "success": False, "error": {"code": code, "message": words}})


class MemoryHomeWire:
    """A client's end in memory."""

    def __init__(self, talk: StandInTalk) -> None:
        self._talk = talk
        self._is_closed = False

    async def send(self, message: str) -> None:
        if self._is_closed:
            raise WireClosed(1006, "closed")
        self._talk.take(message)

    async def receive(self) -> bytes | str:
        text = None if self._is_closed else await self._talk.outgoing.get()
        if text is None:
            self._is_closed = True
            self._talk.close()
            raise WireClosed(1006, "the connection was cut")
        return text

    async def close(self) -> None:
        self._is_closed = True
        self._talk.close()


def in_memory(house: HomeStandIn) -> Any:
    """A `Connect` to it."""

    async def connect(address: Address) -> Wire:
        await asyncio.sleep(0.01)
        if house.fault == "down":
            raise WireRefused("unreachable", "Connection refused")
        return MemoryHomeWire(StandInTalk(house))

    return connect


@contextlib.asynccontextmanager
async def on_a_socket(house: HomeStandIn) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port."""

    async def talk(connection: ServerConnection) -> None:
        talk = StandInTalk(house)
        sending = asyncio.ensure_future(_send(connection, talk))
        try:
            async for message in connection:
                talk.take(str(message))
        except ConnectionClosed:
            pass
        finally:
            sending.cancel()
            talk.close()

    def rest(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/api/websocket":
            return None
        is_known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        status = HTTPStatus.OK if is_known else HTTPStatus.UNAUTHORIZED
        body = json.dumps({"message": "API running."} if is_known else {"message": "Unauthorized"}).encode()
        return Response(status.value, status.phrase, Headers({"Content-Length": str(len(body))}), body)

    async with serve(talk, "127.0.0.1", 0, process_request=rest) as server:
        yield int(next(iter(server.sockets)).getsockname()[1])


async def _send(connection: ServerConnection, talk: StandInTalk) -> None:
    with contextlib.suppress(ConnectionClosed):
        while (text := await talk.outgoing.get()) is not None:
            await connection.send(text)
        await connection.close()
