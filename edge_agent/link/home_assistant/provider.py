"""Home Assistant beside the hop process: does what users want of the house, and tells what the house is like.

One WebSocket, opened at start and again whenever it breaks. Orders come as `house_act` events; what changes at home
goes to the hop process as parcels, and so does whether Home Assistant can be reached: the skills say when it cannot.

Thread: one asyncio loop; times are the loop's, in seconds.
"""

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from edge_agent.events import Event, HouseAct
from edge_agent.link.cloud.wire import Address, Connect, WireClosed, WireRefused
from edge_agent.link.home_assistant.names import Known, Thing, kind_of, meant, must_be_named, override, thing_of
from edge_agent.link.home_assistant.services import is_open, light_states, service_of, temperature_states
from edge_agent.link.home_assistant.talk import Refused, Talk
from edge_agent.link.outbox import Outbox
from edge_agent.link.receipts import Receipt, now
from edge_agent.parcels import Parcel, Reach, State, Told
from edge_agent.units import SAMPLE_RATE_HZ

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
CONNECT_WITHIN_S = 5.0
MAX_THINGS = 1_000
MAX_ORDERS_AT_ONCE = 32
KINDS = ("light", "media", "temperature", "lock", "cover", "scene")

UNREACHABLE = "I can't reach Home Assistant."
NO_TOKEN = "Home Assistant does not accept my token."
NOT_DONE = "Home Assistant did not do that."
NO_ANSWER = "Home Assistant does not answer."


@dataclass(frozen=True)
class Place:
    """Where it is and what of it is used. entities: what the profile says of single ones."""

    address: Address
    host: str
    token: SecretStr
    known: Known
    entities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class HomeAssistant:
    """Call `hear` with events; `run` does the rest."""

    def __init__(
        self,
        place: Place,
        connect: Connect,
        put: Callable[[Parcel], bool],
        keep: Callable[[Receipt], None],
        say: Callable[[str], None],
        rng: random.Random | None = None,
    ) -> None:
        """put: writes a parcel for the hop process, False when there is no room; keep: a receipt; say: a log line."""
        self._place = place
        self._connect = connect
        self._outbox = Outbox(put)
        self._keep = keep
        self._say = say
        self._rng = rng or random.Random()
        self._talk: Talk | None = None
        self._things: dict[str, Thing] = {}
        self._states: dict[str, Mapping[str, Any]] = {}
        self._orders: set[asyncio.Task[None]] = set()
        self._reached: dict[str, str] = {}  # kind -> what was last told of it
        self._said = ""
        self._at_sample = 0  # of the newest event

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                trouble = UNREACHABLE
                try:
                    await self._live()
                except Refused as refused:
                    trouble = NO_TOKEN if refused.code == "auth_invalid" else UNREACHABLE
                    self._tell_once(f"Home Assistant at {self._place.host}: {refused}")
                except (WireRefused, WireClosed, asyncio.TimeoutError) as error:
                    self._tell_once(f"Home Assistant at {self._place.host}: {str(error) or 'no answer'}")
                if self._talk is not None:
                    pause_s, self._talk = FIRST_PAUSE_S, None
                self._reach(dict.fromkeys(self._kinds() or KINDS, trouble))
                await asyncio.sleep(pause_s * self._rng.uniform(0.5, 1.5))
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            for order in self._orders:
                order.cancel()
            self._outbox.close()

    def hear(self, event: Event) -> None:
        """One event of the hop process."""
        if event.at_sample < self._at_sample - SAMPLE_RATE_HZ:
            self._tell_all()  # another hop process, which knows nothing of this house
        self._at_sample = event.at_sample
        if isinstance(event, HouseAct) and len(self._orders) < MAX_ORDERS_AT_ONCE:
            order = asyncio.ensure_future(self._carry_out(event))
            self._orders.add(order)
            order.add_done_callback(self._orders.discard)

    async def _live(self) -> None:
        """One connection, from its beginning to its end, which is always a fault."""
        wire = await asyncio.wait_for(self._connect(self._place.address), CONNECT_WITHIN_S)
        receipt = Receipt(0, now(), "home_assistant", "profile", 0.0, hosts={self._place.host: 0.0})
        self._keep(receipt)
        talk = Talk(wire, self._place.token, self._hear_change)
        try:
            await talk.authenticate()
            reading = asyncio.ensure_future(talk.run())
            try:
                await self._learn(talk)
                self._talk, self._said = talk, ""
                await reading
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        finally:
            await wire.close()
            receipt.sent_bytes, receipt.outcome = talk.bytes_sent, "closed"
            self._keep(receipt)

    async def _learn(self, talk: Talk) -> None:
        """What there is, where it is, and how it is."""
        self._things, self._states = {}, {}
        await talk.ask("subscribe_events", event_type="state_changed")
        areas = await self._areas(talk)
        for state in _objects(await talk.ask("get_states"))[:MAX_THINGS]:
            self._meet(state, areas.get(str(state.get("entity_id")), ""))
        kinds = self._kinds()
        self._reach({kind: "" for kind in KINDS if kind in kinds or kind in self._reached})
        self._mirror_all()

    async def _areas(self, talk: Talk) -> dict[str, str]:
        """entity_id -> name of its area, where this Home Assistant tells."""
        try:
            areas, entities, devices = [
                _objects(await talk.ask(f"config/{registry}_registry/list"))
                for registry in ("area", "entity", "device")
            ]
        except Refused:
            return {}
        name_of = {str(area.get("area_id")): str(area.get("name", "")) for area in areas}
        area_of_device = {str(device.get("id")): device.get("area_id") for device in devices}
        return {
            str(entity.get("entity_id")): name_of.get(
                str(entity.get("area_id") or area_of_device.get(str(entity.get("device_id")))), ""
            )
            for entity in entities
        }

    def _meet(self, state: Mapping[str, Any], area_name: str) -> None:
        entity_id, attributes = str(state.get("entity_id", "")), state.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        device_class = str(attributes.get("device_class", ""))
        kind = kind_of(entity_id, device_class)
        said = self._place.entities.get(entity_id)
        if not kind or (said is None and must_be_named(kind, device_class)):
            return
        own_name = str(attributes.get("friendly_name", ""))
        thing = thing_of(entity_id, kind, own_name, area_name, self._place.known, device_class)
        self._things[entity_id] = override(thing, said or {})
        self._states[entity_id] = state

    def _hear_change(self, event: Mapping[str, Any]) -> None:
        data = event.get("data")
        state = data.get("new_state") if isinstance(data, dict) else None
        if not isinstance(state, dict) or (thing := self._things.get(str(state.get("entity_id")))) is None:
            return
        self._states[thing.entity_id] = state
        self._mirror(thing)

    def _tell_all(self) -> None:
        troubles, self._reached = self._reached, {}
        self._reach(troubles)
        self._mirror_all()

    def _mirror_all(self) -> None:
        for thing in {_key(thing): thing for thing in self._things.values()}.values():
            self._mirror(thing)

    def _mirror(self, thing: Thing) -> None:
        """Tell the hop process how the things are that are one to the user."""
        alike = [each for each in self._things.values() if (each.kind, each.area, each.name) == _key(thing)]
        states = [self._states[each.entity_id] for each in alike]
        told: dict[str, Any] = {}
        if thing.kind == "light" and (thing.area or thing.name):
            told = light_states(states)
        elif thing.kind == "media":
            told = {"is_playing": any(state.get("state") == "playing" for state in states)}
        elif thing.kind == "temperature":
            told = dict(temperature_states(states))
        elif thing.kind == "cover" and thing.name:
            told = {"is_open": any(map(is_open, states))}
        elif thing.kind == "lock" and thing.name:
            told = {"is_locked": all(state.get("state") == "locked" for state in states)}
        if told:
            self._outbox.send(State(thing.kind, thing.area, thing.name, json.dumps(told)))

    async def _carry_out(self, act: HouseAct) -> None:
        service, talk = service_of(act.kind, act.value), self._talk
        if service is None or act.kind not in (self._kinds() or KINDS):
            return
        if talk is None:
            self._outbox.send(Told(UNREACHABLE))
            return
        things = [thing for thing in self._targets(act) if thing.entity_id.startswith(f"{service.domain}.")]
        if not things:
            self._outbox.send(Told(f"Home Assistant knows no {act.target or act.kind}."))
            return
        target = {"entity_id": [thing.entity_id for thing in things]}
        fields = {"domain": service.domain, "service": service.service, "service_data": dict(service.data)}
        try:
            await talk.ask("call_service", **fields, target=target)
        except (Refused, WireClosed) as error:
            self._say(f"Home Assistant: {service.domain}.{service.service}: {error}")
            is_late = isinstance(error, WireClosed) or error.code in ("timeout", "closed")
            self._outbox.send(Told(NO_ANSWER if is_late else NOT_DONE))

    def _targets(self, act: HouseAct) -> list[Thing]:
        found = meant(self._things.values(), act.kind, act.area, act.device)
        if act.kind != "media":
            return found
        playing = [thing for thing in found if self._states[thing.entity_id].get("state") == "playing"]
        return playing or sorted(found, key=lambda thing: thing.entity_id)[:1]

    def _kinds(self) -> set[str]:
        """What this home has."""
        return {thing.kind for thing in self._things.values()}

    def _reach(self, troubles: Mapping[str, str]) -> None:
        """Tell the hop process what can not be done now, and what can again."""
        for kind, trouble in troubles.items():
            if self._reached.get(kind) != trouble:
                self._reached[kind] = trouble
                self._outbox.send(Reach(kind, trouble))

    def _tell_once(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._say(line)


def _key(thing: Thing) -> tuple[str, str, str]:
    return thing.kind, thing.area, thing.name


def _objects(values: Any) -> list[Mapping[str, Any]]:
    """The objects of what should be a list of them."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
