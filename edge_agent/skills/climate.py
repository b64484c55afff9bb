"""Skills of temperature: asked, and set."""

from edge_agent.models.numbers import number_words
from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, number_of, refuse, text_of
from edge_agent.skills.words import capital


def get_temperature(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Temperature of an area, or of the house, in whole degrees."""
    area = text_of(slots, "area")
    degrees = round(house.home.temperature_c(area))
    said = f"{number_words(degrees)} degree{'' if abs(degrees) == 1 else 's'}"
    place = f" in the {area}" if area else ""
    return Outcome(f"It's {said}{place}.", {"temperature": said, "place": place.strip()})


def set_temperature(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Thermostats of an area, or all, to so many degrees of the unit that the house uses."""
    wanted, area = number_of(slots, "temperature"), text_of(slots, "area")
    if wanted is None:
        return refuse("Please say how many degrees.")
    said = f"{number_words(round(wanted))} degree{'' if wanted == 1 else 's'}"
    place = f" in the {area}" if area else ""
    house.home.thermostats[area] = wanted
    act = Act("temperature", f"{area} thermostat".strip(), wanted, area)
    return Outcome(f"{capital(said)}{place}.", {"temperature": said, "place": place.strip()}, acts=(act,))


SKILLS: dict[str, Skill] = {"GetTemperature": get_temperature, "SetTemperature": set_temperature}
