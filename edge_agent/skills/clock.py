"""Skills of the wall clock: time of day and date."""

from datetime import datetime

from edge_agent.models.numbers import number_words, ordinal_words
from edge_agent.skills.reply import House, Outcome, Skill, Slots

# Not strftime: replies are English whatever the machine's locale is.
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June"]
MONTHS += ["July", "August", "September", "October", "November", "December"]


def time_words(moment: datetime) -> str:
    """'three o'clock', 'ten oh five', 'ten thirty two': twelve hours, as people say it at home."""
    hour = number_words((moment.hour - 1) % 12 + 1)
    if moment.minute == 0:
        return f"{hour} o'clock"
    return f"{hour} {'oh ' if moment.minute < 10 else ''}{number_words(moment.minute)}"


def date_words(moment: datetime) -> str:
    """'Saturday, November twenty first'."""
    return f"{WEEKDAYS[moment.weekday()]}, {MONTHS[moment.month - 1]} {ordinal_words(moment.day)}"


def get_time(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Time of day."""
    said = time_words(house.now())
    return Outcome(f"It's {said}.", {"time": said})


def get_date(house: House, slots: Slots, at_sample: int) -> Outcome:
    """Weekday, month and day."""
    said = date_words(house.now())
    return Outcome(f"It's {said}.", {"date": said})


SKILLS: dict[str, Skill] = {"GetTime": get_time, "GetDate": get_date}
