"""Skills of lights: on, off, brightness, colour."""

from edge_agent.models.numbers import number_words
from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, number_of, refuse, text_of
from edge_agent.skills.words import capital


def _target(slots: Slots) -> tuple[str, str]:
    return text_of(slots, "area"), text_of(slots, "name")


def _label(area: str, name: str) -> str:
    """'lights', 'kitchen lights', 'desk lamp', 'kitchen desk lamp'."""
    return f"{area} {name or 'lights'}".strip()


def _outcome(slots: Slots, state: str, act_value: str | int) -> Outcome:
    area, name = _target(slots)
    label = _label(area, name)
    fields = {"light": label, "state": state}
    return Outcome(f"{capital(label)} {state}.", fields, acts=(Act("light", label, act_value, area, name),))


def _switch(house: House, slots: Slots, is_on: bool) -> Outcome:
    for light in house.home.lights_of(*_target(slots)):
        light.is_on = is_on
    state = "on" if is_on else "off"
    return _outcome(slots, state, state)


def light_on(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Switch on the lights that are meant."""
    return _switch(house, slots, True)


def light_off(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Switch off the lights that are meant."""
    return _switch(house, slots, False)


def brightness(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Dim to a percentage; 0 switches off, anything else switches on."""
    wanted = number_of(slots, "brightness")
    if wanted is None:
        return refuse("Please say how bright, in percent.")
    percent = round(wanted)
    if not 0 <= percent <= 100:
        return refuse("Brightness goes from zero to one hundred percent.")
    for light in house.home.lights_of(*_target(slots)):
        light.is_on = percent > 0
        light.brightness_percent = percent or light.brightness_percent
    return _outcome(slots, f"at {number_words(percent)} percent", percent)


def colour(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Set a colour and switch on."""
    wanted = text_of(slots, "colour") or text_of(slots, "color")
    if not wanted:
        return refuse("Please say which colour.")
    for light in house.home.lights_of(*_target(slots)):
        light.is_on, light.colour = True, wanted
    return _outcome(slots, wanted, wanted)


SKILLS: dict[str, Skill] = {
    "LightOn": light_on,
    "LightOff": light_off,
    "LightBrightness": brightness,
    "LightColour": colour,
}
