"""What the last command changed, and back again; the same command with another place, length, level or colour.

Thread: hop only. A copy of the house is taken once for each command.
"""

import dataclasses
from dataclasses import dataclass

from edge_agent.skills.home import Home, Light
from edge_agent.skills.reply import Act, House, Slots, Value
from edge_agent.skills.timers import Timer, Timers
from edge_agent.units import ms_to_samples

CORRECTABLE_MS = 10_000  # later, "no, the kitchen" is about something else
PLACE = ("area", "name")
LENGTH = ("hours", "minutes", "seconds")
PERCENT = ("brightness", "percentage")
COLOUR = ("colour",)
GROUPS = (PLACE, LENGTH, PERCENT, COLOUR)
PERCENT_SAID = "percent"  # in a correction, which does not say of what


@dataclass(frozen=True)
class Done:
    """A command that was carried out at a sample, and what the house was like before."""

    intent: str
    slots: dict[str, Value]
    at_sample: int
    home: Home
    timers: tuple[Timer, ...]

    def is_recent(self, at_sample: int) -> bool:
        """Whether what is said now may be about it."""
        return at_sample - self.at_sample <= ms_to_samples(CORRECTABLE_MS)


def remember(intent: str, slots: Slots, at_sample: int, house: House) -> Done:
    """To be called before the command is carried out."""
    return Done(intent, dict(slots), at_sample, house.home.copy(), tuple(house.timers.running))


def rehearsal_of(house: House) -> House:
    """A copy that may be changed; nothing is open in it that a yes could carry out in the real one."""
    timers = Timers()
    timers.running, timers.ringing = list(house.timers.running), list(house.timers.ringing)
    return House(house.home.copy(), timers, house.now, house.last_reply, troubles=house.troubles)


def has_changed(done: Done, house: House) -> bool:
    """Whether there is anything to undo."""
    return done.home != house.home or done.timers != tuple(house.timers.running)


def restore(done: Done, house: House, at_sample: int) -> tuple[Act, ...]:
    """Make the house what it was; what time has done meanwhile stays done. What others must do for that."""
    was_percent, acts = house.home.volume.heard_percent, _device_acts(done.home, house.home)
    was = done.home.copy()
    for part in dataclasses.fields(Home):
        setattr(house.home, part.name, getattr(was, part.name))
    house.timers.replace([timer for timer in done.timers if timer.due_sample > at_sample])
    percent = house.home.volume.heard_percent
    return acts if percent == was_percent else (Act("volume", "", percent), *acts)


def _device_acts(wanted: Home, present: Home) -> tuple[Act, ...]:
    """What makes the things of a home what they were, for who drives them."""
    acts: list[Act] = []
    for (area, name), was in wanted.lights.items():
        label = f"{area} {name or 'lights'}".strip()
        values = _light_values(was, present.lights.get((area, name), was))
        acts += [Act("light", label, value, area, name) for value in values]
    if wanted.media.is_playing is not present.media.is_playing:
        acts.append(Act("media", "", "resume" if wanted.media.is_playing else "pause"))
    for door, was_locked in wanted.locks.items():
        if was_locked is not present.locks.get(door):
            acts.append(Act("lock", door, "lock" if was_locked else "unlock", name=door))
    for (area, name), was_open in wanted.covers.items():
        if was_open is not present.covers.get((area, name)):
            acts.append(Act("cover", f"{area} {name}".strip(), "open" if was_open else "close", area, name))
    for area, degrees in wanted.thermostats.items():
        if degrees != present.thermostats.get(area):
            acts.append(Act("temperature", f"{area} thermostat".strip(), degrees, area))
    return tuple(acts)


def _light_values(was: Light, now: Light) -> list[str | int]:
    """What makes a light what it was: as little as does it."""
    if was == now:
        return []
    if not was.is_on:
        return ["off"]
    dims = was.brightness_percent != now.brightness_percent or not now.is_on
    return [was.brightness_percent] * dims + [was.colour] * (was.colour != now.colour)


def corrected(done: Done, said: Slots) -> dict[str, Value] | None:
    """Slots of the last command with what was said instead; None when that does not fit it."""
    return amended(done.intent, done.slots, said)


def amended(intent: str, was: Slots, said: Slots, *, was_broken_off: bool = False) -> dict[str, Value] | None:
    """Slots of a command with what was said instead; None when that does not fit it.

    was_broken_off: what `was` lacks may be just what was taken back.
    """
    slots = dict(was)
    for name, value in _named(was, said).items():
        group = next((each for each in GROUPS if name in each), (name,))
        if not (was_broken_off or _fits(intent, was, group)):
            return None
        slots = {other: old for other, old in slots.items() if other not in group or other in said}
        slots[name] = value
    return slots


def _named(was: Slots, said: Slots) -> dict[str, Value]:
    percent = next((name for name in PERCENT if name in was), PERCENT[0])
    return {percent if name == PERCENT_SAID else name: value for name, value in said.items()}


def _fits(intent: str, was: Slots, group: tuple[str, ...]) -> bool:
    """A command that named none of its lights, or no room, may be given one."""
    may_be_given = group == PLACE and intent in ("LightOn", "LightOff", "GetTemperature")
    return may_be_given or any(name in was for name in group)
