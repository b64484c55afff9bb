"""Which thing at home a user means: Home Assistant's entities by the names of the commands file. Pure.

An entity is what the profile says it is; else its area (as Home Assistant has it) and its own name are searched for
names that can be said. What has none of them can still be meant by "all the lights".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge_agent.models.commands import Commands
from edge_agent.models.slots import slot_values

KINDS = {
    "light": "light",
    "media_player": "media",
    "climate": "temperature",
    "sensor": "temperature",
    "lock": "lock",
    "cover": "cover",
    "scene": "scene",
}
ENTRANCES = frozenset({"garage", "gate", "door"})  # classes of covers
_COVERS = {"curtain": "curtains", "blind": "blinds", "shutter": "shutters", "shade": "shades", "awning": "awning"}
_LIGHTS = frozenset({"LightOn", "LightOff", "LightBrightness", "LightColour"})


@dataclass(frozen=True)
class Known:
    """Names that can be said: of rooms, of single lights, of doors, of covers, of scenes."""

    areas: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thing:
    """One entity. kind: of `KINDS`; area, name: as a user says them, empty: unknown."""

    entity_id: str
    kind: str
    area: str = ""
    name: str = ""


def known_names(commands: Commands) -> Known:
    """What a commands file lets users say."""
    found: dict[str, dict[str, None]] = {slot: {} for slot in ("area", "name", "door", "cover", "scene")}
    for name, intent in commands.intents.items():
        for slot, values in slot_values(commands, intent).items():
            if slot in found and (slot != "name" or (intent.skill or name) in _LIGHTS):
                found[slot].update(dict.fromkeys(map(str, values)))
    return Known(*(tuple(values) for values in found.values()))


def kind_of(entity_id: str, device_class: str = "") -> str:
    """What an entity is to this agent; empty: nothing."""
    domain = entity_id.partition(".")[0]
    return "" if domain == "sensor" and device_class != "temperature" else KINDS.get(domain, "")


def must_be_named(kind: str, device_class: str) -> bool:
    """Whether it lets people in: then it is not touched unless its owner named it in the profile."""
    return kind == "lock" or (kind == "cover" and device_class in ENTRANCES)


def thing_of(entity_id: str, kind: str, own_name: str, area_name: str, known: Known, device_class: str = "") -> Thing:
    """An entity by its name, its area and its class in Home Assistant; each may be empty."""
    own = f"{own_name} / {entity_id.partition('.')[2]}"
    area = _found(area_name, known.areas) or _found(own, known.areas)
    names = {"light": known.lights, "lock": known.doors, "cover": known.covers, "scene": known.scenes}.get(kind, ())
    return Thing(entity_id, kind, area, _found(own, names) or _found(_COVERS.get(device_class, ""), known.covers))


def meant(things: Iterable[Thing], kind: str, area: str, name: str) -> list[Thing]:
    """All of a kind, of an area, or of a name."""
    return [
        thing
        for thing in things
        if thing.kind == kind and area in ("", thing.area) and (not name or thing.name == name)
    ]


def override(thing: Thing, said: Mapping[str, str]) -> Thing:
    """What the profile says of an entity."""
    return Thing(thing.entity_id, thing.kind, said.get("area", thing.area), said.get("name", thing.name))


def _found(text: str, names: Iterable[str]) -> str:
    """The longest of the names that a text has as whole words."""
    words = _words(text)
    return max((name for name in names if _words(name) in words), key=len, default="")


def _words(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "
