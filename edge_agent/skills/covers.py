"""Skills of what hangs before windows (open, close), and of scenes. Doors of the house are not among them."""

from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, refuse, text_of
from edge_agent.skills.words import capital


def _move(house: House, slots: Slots, is_open: bool) -> Outcome:
    area, name = text_of(slots, "area"), text_of(slots, "cover")
    if not name:
        return refuse("Please say what to open or close.")
    house.home.covers[area, name] = is_open
    label, state = f"{area} {name}".strip(), "open" if is_open else "closed"
    act = Act("cover", label, "open" if is_open else "close", area, name)
    return Outcome(f"{capital(label)} {state}.", {"cover": label, "state": state}, acts=(act,))


def open_cover(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Open curtains, blinds, shutters."""
    return _move(house, slots, True)


def close_cover(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Close them."""
    return _move(house, slots, False)


def scene(house: House, slots: Slots, at_sample: int) -> Outcome:
    """A scene, as the home automation has it; what it changes is not known here, so it cannot be undone."""
    name = text_of(slots, "scene")
    if not name:
        return refuse("Please say which scene.")
    return Outcome("Okay.", {"scene": name}, acts=(Act("scene", f"{name} scene", "on", name=name),))


SKILLS: dict[str, Skill] = {"CoverOpen": open_cover, "CoverClose": close_cover, "SceneOn": scene}
