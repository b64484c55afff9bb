"""Skill of temperature."""

from edge_agent.models.numbers import number_words
from edge_agent.skills.reply import House, Outcome, Skill, Slots, text_of


def get_temperature(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Temperature of an area, or of the house, in whole degrees."""
    area = text_of(slots, "area")
    degrees = round(house.home.temperature_c(area))
    said = f"{number_words(degrees)} degree{'' if abs(degrees) == 1 else 's'}"
    place = f" in the {area}" if area else ""
    return Outcome(f"It's {said}{place}.", {"temperature": said, "place": place.strip()})


SKILLS: dict[str, Skill] = {"GetTemperature": get_temperature}
