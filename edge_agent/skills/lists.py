"""Skills of lists: add, remove, read."""

from edge_agent.skills.home import DEFAULT_LIST
from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, refuse, text_of
from edge_agent.skills.words import capital, join

_MAX_READ = 8  # more is not listened to


def _list_name(slots: Slots) -> str:
    return text_of(slots, "list").removesuffix(" list") or DEFAULT_LIST


def add(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Put an item on a list, once."""
    item, name = text_of(slots, "item"), _list_name(slots)
    if not item:
        return refuse("Please say what to add.")
    items = house.home.items(name)
    if item in items:
        return refuse(f"{capital(item)} is already on your {name} list.")
    items.append(item)
    return Outcome(f"Added {item} to your {name} list.", {"list": name}, acts=(Act("list", name, item),))


def remove(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Take an item off a list."""
    item, name = text_of(slots, "item"), _list_name(slots)
    if not item:
        return refuse("Please say what to remove.")
    items = house.home.items(name)
    if item not in items:
        return refuse(f"{capital(item)} is not on your {name} list.")
    items.remove(item)
    return Outcome(f"Removed {item} from your {name} list.", {"list": name}, acts=(Act("list", name, item),))


def read(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Read a list aloud, the first few when it is long."""
    name = _list_name(slots)
    items = house.home.items(name)
    if not items:
        return Outcome(f"Your {name} list is empty.", {"list": name, "items": ""})
    shown = items[:_MAX_READ]
    said = join(shown) if len(shown) == len(items) else f"{', '.join(shown)} and more"
    return Outcome(f"Your {name} list has {said}.", {"list": name, "items": said})


SKILLS: dict[str, Skill] = {"AddToList": add, "RemoveFromList": remove, "ReadList": read}
