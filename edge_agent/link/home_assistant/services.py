"""From what a user wants of the house to a service of Home Assistant, and from its states to the house's. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MEDIA = {
    "pause": "media_pause",
    "resume": "media_play",
    "next": "media_next_track",
    "previous": "media_previous_track",
}
KELVIN = {"warm white": 2_700, "white": 4_000, "cool white": 6_500}  # these are no names of colours there
FULL_BRIGHTNESS = 255


@dataclass(frozen=True)
class Service:
    """One call: `domain`.`service` with these values."""

    domain: str
    service: str
    data: Mapping[str, Any]


def service_of(kind: str, value: str | int | float) -> Service | None:
    """What does it; None where nothing can."""
    if kind == "light":
        return _light(value)
    if kind == "media" and value in MEDIA:
        return Service("media_player", MEDIA[str(value)], {})
    if kind == "lock" and value in ("lock", "unlock"):
        return Service("lock", str(value), {})
    if kind == "cover" and value in ("open", "close"):
        return Service("cover", f"{value}_cover", {})
    if kind == "scene":
        return Service("scene", "turn_on", {})
    if kind == "temperature" and isinstance(value, int | float):
        return Service("climate", "set_temperature", {"temperature": value})
    return None


def _light(value: str | int | float) -> Service:
    if value == "off" or value == 0:
        return Service("light", "turn_off", {})
    if value == "on":
        return Service("light", "turn_on", {})
    if isinstance(value, int | float):
        return Service("light", "turn_on", {"brightness_pct": round(value)})
    if value in KELVIN:
        return Service("light", "turn_on", {"color_temp_kelvin": KELVIN[value]})
    return Service("light", "turn_on", {"color_name": value})


def light_states(states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lights that are one to the user: on when one is, as bright as the brightest."""
    levels = [_number(_attributes(state).get("brightness")) for state in states if state.get("state") == "on"]
    told: dict[str, Any] = {"is_on": any(state.get("state") == "on" for state in states)}
    known = [level for level in levels if level is not None]
    if known:
        told["brightness_percent"] = max(1, round(100 * max(known) / FULL_BRIGHTNESS))
    return told


def is_open(state: Mapping[str, Any]) -> bool:
    """Of a cover, also one on its way."""
    return state.get("state") in ("open", "opening")


def temperature_states(states: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Thermostats and sensors that are one to the user: degrees Celsius now, and those wanted in the house's unit."""
    now = [value for value in map(temperature_c, states) if value is not None]
    wanted = [value for state in states if (value := _number(_attributes(state).get("temperature"))) is not None]
    return ({"temperature_c": sum(now) / len(now)} if now else {}) | ({"wanted": wanted[0]} if wanted else {})


def temperature_c(state: Mapping[str, Any]) -> float | None:
    """Of a thermostat or a sensor, in degrees Celsius; None when it does not say."""
    attributes = _attributes(state)
    value = _number(attributes.get("current_temperature"))
    if value is None:
        value = _number(state.get("state"))
    unit = attributes.get("temperature_unit") or attributes.get("unit_of_measurement") or "°C"
    return value if value is None or unit != "°F" else (value - 32.0) / 1.8


def _attributes(state: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = state.get("attributes")
    return attributes if isinstance(attributes, Mapping) else {}


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None
