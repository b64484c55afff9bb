"""Skills of doors: lock and unlock. A cloud model that wants one unlocked needs the user's yes (`tools.py`)."""

from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, refuse, text_of
from edge_agent.skills.words import capital


def _turn(house: House, slots: Slots, is_locked: bool) -> Outcome:
    door = text_of(slots, "door")
    if not door:
        return refuse("Please say which door.")
    house.home.locks[door] = is_locked
    state = "locked" if is_locked else "unlocked"
    act = Act("lock", door, "lock" if is_locked else "unlock", name=door)
    return Outcome(f"{capital(door)} {state}.", {"door": door, "state": state}, acts=(act,))


def lock(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Lock a door."""
    return _turn(house, slots, True)


def unlock(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Unlock a door."""
    return _turn(house, slots, False)


SKILLS: dict[str, Skill] = {"LockDoor": lock, "UnlockDoor": unlock}
