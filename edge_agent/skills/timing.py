"""Skills of timers: start, cancel, cancel all, status."""

from edge_agent.skills.reply import Act, House, Outcome, Skill, Slots, number_of, refuse, text_of
from edge_agent.skills.timers import MAX_TIMER_S, MAX_TIMERS, Timer
from edge_agent.skills.words import amount, capital, duration, join, with_article

_NO_TIMER = "There is no timer running."
_MAX_LISTED = 3  # more is not listened to
_SECONDS_PRECISE_S = 600  # above ten minutes nobody wants the seconds


def _length_s(slots: Slots) -> int:
    seconds = sum((number_of(slots, slot) or 0) * unit_s for slot, unit_s in _UNITS_S.items())
    return round(seconds)


_UNITS_S = {"hours": 3600, "minutes": 60, "seconds": 1}


def _name(slots: Slots) -> str:
    return text_of(slots, "name").removesuffix(" timer")


def _labels(timers: list[Timer]) -> str:
    return join([timer.label for timer in timers])


def start_timer(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Start a timer, unless it has no length, is too long, or its name is taken."""
    length_s, name, timers = _length_s(slots), _name(slots), house.timers
    if length_s <= 0:
        return refuse("Please say how long the timer should be.")
    if length_s > MAX_TIMER_S:
        return refuse("I can only time up to twenty four hours.")
    if len(timers.running) >= MAX_TIMERS:
        return refuse("There are too many timers already.")
    if name and timers.find(name):
        return refuse(f"There is already {with_article(name)} timer.")
    timer = timers.start(length_s, name, at_sample)
    said = duration(length_s)
    text = f"{capital(name)} timer set for {said}." if name else f"Timer set for {said}."
    return Outcome(text, {"duration": said, "name": name}, acts=(Act("timer", timer.label, "started"),))


def cancel_timer(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Silence what rings, or cancel the timer that is meant; ask when it could be any of several."""
    timers, name, length_s = house.timers, _name(slots), _length_s(slots)
    if not name and not length_s and timers.silence():
        return Outcome("Okay.", acts=(Act("stop_alarm"),))
    found = timers.find(name, length_s)
    if not timers.running:
        return refuse("There is no timer to cancel.")
    if not found:
        return refuse(f"There is no {name or duration(length_s, singular=True)} timer.")
    if len(found) > 1 and not (name or length_s):
        question = f"There are {amount(len(found), 'timer')}. Should I cancel all of them?"
        return Outcome(question, is_done=False, on_yes=lambda: cancel_all(house, {}, at_sample))
    timers.cancel(found)
    label = found[0].label
    text = "Timer cancelled." if not timers.running and not name else f"{capital(label)} timer cancelled."
    return Outcome(text, {"name": label}, acts=_cancelled(found))


def cancel_all(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Cancel every timer and silence what rings."""
    timers = house.timers
    acts = (Act("stop_alarm"),) if timers.silence() else ()
    running = list(timers.running)
    if not running and not acts:
        return refuse("There is no timer to cancel.")
    timers.cancel(running)
    text = "All timers cancelled." if len(running) > 1 else "Timer cancelled." if running else "Okay."
    return Outcome(text, acts=acts + _cancelled(running))


def _cancelled(timers: list[Timer]) -> tuple[Act, ...]:
    return tuple(Act("timer", timer.label, "cancelled") for timer in timers)


def status(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Tell what is left of the timer that is meant, or of the first few."""
    timers, name = house.timers, _name(slots)
    found = timers.find(name, _length_s(slots))
    if not timers.running:
        return refuse(_NO_TIMER)
    if not found:
        return refuse(f"There is no {name or duration(_length_s(slots), singular=True)} timer.")
    left = _left(found[0], at_sample)
    if len(found) == 1:
        which = f"The {found[0].label} timer" if len(timers.running) > 1 or name else "Your timer"
        return Outcome(f"{which} has {left} left.", {"left": left, "name": found[0].label})
    lines = [f"There are {amount(len(found), 'timer')}."]
    lines += [f"The {timer.label} timer has {_left(timer, at_sample)} left." for timer in found[:_MAX_LISTED]]
    return Outcome(" ".join(lines), {"left": left, "name": _labels(found)})


def _left(timer: Timer, at_sample: int) -> str:
    left_s = timer.left_s(at_sample)
    if left_s > _SECONDS_PRECISE_S:
        left_s = round(left_s / 60) * 60
    return duration(left_s)


SKILLS: dict[str, Skill] = {
    "StartTimer": start_timer,
    "CancelTimer": cancel_timer,
    "CancelAllTimers": cancel_all,
    "TimerStatus": status,
}
