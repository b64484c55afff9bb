"""The skills as functions that a model may call: one registry for every provider.

Names and descriptions stand here, what a parameter may be comes from the commands file, so that a model can ask for
what a user can say. A tool stands for one intent, or for a few that differ in an `action`. What the file says and no
skill here knows is offered too, by the name of its intent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.models.commands import Commands, Intent, SlotValue
from edge_agent.models.slots import slot_values
from edge_agent.skills.registry import BUILT_IN

ACTION = "action"
MAX_TOOLS = 20  # with more, models choose worse
NEVER_OFFERED = frozenset("Stop Cancel Nevermind Repeat Yes No AskCloud DontSend Correct Undo".split())
NEEDS_YES = frozenset({"UnlockDoor"})  # of the skills that are built in; the commands file may mark more


@dataclass(frozen=True)
class HouseTool:
    """One function. parameters: JSON Schema of an object; intents: by `action`, or one under ''."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    intents: Mapping[str, str]
    needs_yes: bool = False

    def order(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, SlotValue]]:
        """The intent and the slots that checked arguments mean."""
        slots = {name: value for name, value in arguments.items() if name != ACTION}
        return self.intents[str(arguments[ACTION]) if "" not in self.intents else ""], slots


@dataclass(frozen=True)
class _Entry:
    name: str
    description: str
    intents: Mapping[str, str]
    required: tuple[str, ...] = ()


def _one(name: str, intent: str, description: str, *required: str) -> _Entry:
    return _Entry(name, description, {"": intent}, required)


LOOK = "Look"  # of no skill: the camera's
LOOK_TOOL = HouseTool(
    "look",
    "Look through this device's camera. Only when the user asks about something to be seen. A picture comes with it.",
    {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    {"": LOOK},
)
REGISTRY = (
    _one("set_timer", "StartTimer", "Start a timer that rings on this device. Give its length; a name is optional."),
    _one("cancel_timer", "CancelTimer", "Cancel one timer, by name or length, or silence the one that rings."),
    _one("cancel_all_timers", "CancelAllTimers", "Cancel every timer."),
    _one("get_timers", "TimerStatus", "How much time is left on the timers."),
    _one("get_time", "GetTime", "The time of day here."),
    _one("get_date", "GetDate", "Today's date here."),
    _one("set_volume", "SetVolume", "Set this device's volume in percent.", "percentage"),
    _Entry(
        "change_volume",
        "One step louder or quieter, or mute.",
        {"up": "VolumeUp", "down": "VolumeDown", "mute": "Mute", "unmute": "Unmute"},
    ),
    _Entry(
        "switch_light",
        "Switch lights on or off: of a room (area), one lamp (name), or all of them.",
        {"on": "LightOn", "off": "LightOff"},
    ),
    _one("set_brightness", "LightBrightness", "Dim or brighten lights, in percent.", "brightness"),
    _one("set_light_colour", "LightColour", "Set the colour of lights.", "colour"),
    _Entry(
        "control_media",
        "Control the music that plays at home.",
        {"pause": "MediaPause", "resume": "MediaResume", "next": "MediaNext", "previous": "MediaPrevious"},
    ),
    _one("get_temperature", "GetTemperature", "The temperature at home, or in one room (area), in degrees Celsius."),
    _one("set_temperature", "SetTemperature", "Set thermostats, of one room (area) or all, in degrees.", "temperature"),
    _Entry(
        "move_cover",
        "Open or close curtains, blinds and the like.",
        {"open": "CoverOpen", "close": "CoverClose"},
        ("cover",),
    ),
    _one("activate_scene", "SceneOn", "Activate a scene of the house.", "scene"),
    _one("add_to_list", "AddToList", "Put an item on a list; the shopping list when none is named.", "item"),
    _one("remove_from_list", "RemoveFromList", "Take an item off a list.", "item"),
    _one("read_list", "ReadList", "What is on a list."),
    _one("lock_door", "LockDoor", "Lock a door.", "door"),
    _one("unlock_door", "UnlockDoor", "Unlock a door. The device asks the user itself first.", "door"),
)


def house_tools(commands: Commands) -> tuple[HouseTool, ...]:
    """The tools of a commands file, at most `MAX_TOOLS`. Raises CommandsError for an unknown list or rule."""
    known = {intent for entry in REGISTRY for intent in entry.intents.values()} | NEVER_OFFERED
    entries = [*REGISTRY, *(_own(intent) for name, intent in commands.intents.items() if _skill(intent) not in known)]
    tools = (_tool(entry, commands) for entry in entries)
    return tuple(tool for tool in tools if tool is not None)[:MAX_TOOLS]


def intents_that_need_yes(commands: Commands) -> frozenset[str]:
    """Intents that a model may only have carried out after a spoken yes."""
    return frozenset(
        name for name, intent in commands.intents.items() if name not in NEVER_OFFERED and needs_yes(intent)
    )


def needs_yes(intent: Intent) -> bool:
    """As the file marks it; else for what is marked here, and for all of which nobody knows what it does."""
    if intent.confirm is not None:
        return intent.confirm
    return _skill(intent) in NEEDS_YES or _skill(intent) not in BUILT_IN


def _skill(intent: Intent) -> str:
    return intent.skill or intent.name


def _own(intent: Intent) -> _Entry:
    """An intent that only the commands file knows."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", " ", intent.name).lower().split()
    said = intent.sentences[0].text
    return _one("_".join(words), _skill(intent), f"{' '.join(words).capitalize()}, as in: {said}"[:300])


def _tool(entry: _Entry, commands: Commands) -> HouseTool | None:
    """The entry with what the file says of it; None where the file has none of its intents."""
    by_skill = {_skill(intent): intent for intent in reversed(commands.intents.values())}
    found = {action: by_skill[skill] for action, skill in entry.intents.items() if skill in by_skill}
    if not found:
        return None
    values: dict[str, dict[SlotValue, None]] = {}
    for intent in found.values():
        for slot, said in slot_values(commands, intent).items():
            values.setdefault(slot, {}).update(dict.fromkeys(said))
    properties: dict[str, Any] = {slot: _schema(tuple(said)) for slot, said in values.items()}
    if "" not in found:
        properties = {ACTION: {"type": "string", "enum": list(found)}, **properties}
    required = [slot for slot in (ACTION, *entry.required) if slot in properties]
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    intents = {action: intent.name for action, intent in found.items()}
    return HouseTool(entry.name, entry.description, parameters, intents, any(map(needs_yes, found.values())))


def _schema(values: Sequence[SlotValue]) -> dict[str, Any]:
    """What a slot may be: whole numbers without a gap as a range, everything else value by value."""
    numbers = sorted(value for value in values if isinstance(value, int))
    if len(numbers) == len(values) and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return {"type": "integer", "minimum": numbers[0], "maximum": numbers[-1]}
    if len(numbers) == len(values):
        return {"type": "integer", "enum": numbers}
    if all(isinstance(value, str) for value in values):
        return {"type": "string", "enum": list(values)}
    return {"enum": list(values)}
