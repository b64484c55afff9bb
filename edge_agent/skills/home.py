"""The home as this process knows it: lights, music, volume, lists, temperatures, locks.

A model in memory: skills change it, tests and the face read it, a home automation link may mirror it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

DEFAULT_AREAS = ("living room", "kitchen", "bedroom", "bathroom", "hallway", "office")
DEFAULT_LIST = "shopping"
DEFAULT_TEMPERATURE_C = 21


@dataclass
class Light:
    """One light. brightness_percent: what it shines with when it is on."""

    is_on: bool = False
    brightness_percent: int = 100
    colour: str = "white"


@dataclass
class Media:
    """The music: `track` counts from 1."""

    is_playing: bool = False
    track: int = 1


@dataclass
class Volume:
    """The user's volume; muting keeps it for later."""

    percent: int = 70
    is_muted: bool = False

    @property
    def heard_percent(self) -> int:
        """What the loudspeaker is to be set to now."""
        return 0 if self.is_muted else self.percent


@dataclass
class Home:
    """State of the house. Lights are keyed by (area, name); either may be empty."""

    lights: dict[tuple[str, str], Light] = field(
        default_factory=lambda: {(area, ""): Light() for area in DEFAULT_AREAS}
    )
    media: Media = field(default_factory=Media)
    volume: Volume = field(default_factory=Volume)
    lists: dict[str, list[str]] = field(default_factory=dict)
    temperatures_c: dict[str, float] = field(default_factory=dict)
    locks: dict[str, bool] = field(default_factory=dict)  # door -> it is locked
    thermostats: dict[str, float] = field(default_factory=dict)  # area -> degrees wanted, in the house's own unit
    covers: dict[tuple[str, str], bool] = field(default_factory=dict)  # (area, name) -> it is open

    def copy(self) -> "Home":
        """The same, to be changed by itself. Written out, since a hop waits for it."""
        return Home(
            lights={place: replace(light) for place, light in self.lights.items()},
            media=replace(self.media),
            volume=replace(self.volume),
            lists={name: list(items) for name, items in self.lists.items()},
            temperatures_c=dict(self.temperatures_c),
            locks=dict(self.locks),
            thermostats=dict(self.thermostats),
            covers=dict(self.covers),
        )

    def lights_of(self, area: str, name: str) -> list[Light]:
        """Lights that a request means: one by name, all of an area, or all when neither is said.

        A place or lamp of the commands file that was not met before is taken to exist.
        """
        if not area and not name:
            return list(self.lights.values())
        if area and not name:
            found = [light for (place, _), light in self.lights.items() if place == area]
        else:
            found = [light for (place, lamp), light in self.lights.items() if lamp == name and area in ("", place)]
        return found or [self.lights.setdefault((area, name), Light())]

    def learn(self, what: str, area: str, name: str, told: Mapping[str, str | int | float]) -> None:
        """How something really is, by its driver: "light", "media", "temperature", "lock", "cover"; fields as above."""
        if what == "light":
            light = self.lights.setdefault((area, name), Light())
            light.is_on = bool(told.get("is_on", light.is_on))
            light.brightness_percent = int(told.get("brightness_percent", light.brightness_percent))
        elif what == "media":
            self.media.is_playing = bool(told.get("is_playing", self.media.is_playing))
        elif what == "temperature":
            if "temperature_c" in told:
                self.temperatures_c[area] = float(told["temperature_c"])
            if "wanted" in told:
                self.thermostats[area] = float(told["wanted"])
        elif what == "cover" and "is_open" in told:
            self.covers[area, name] = bool(told["is_open"])
        elif what == "lock" and "is_locked" in told:
            self.locks[name] = bool(told["is_locked"])

    def items(self, list_name: str) -> list[str]:
        """The named list, made when it is first used."""
        return self.lists.setdefault(list_name or DEFAULT_LIST, [])

    def temperature_c(self, area: str) -> float:
        """Temperature of an area, or of the house."""
        return self.temperatures_c.get(area, DEFAULT_TEMPERATURE_C)
