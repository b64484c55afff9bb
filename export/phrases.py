"""What the clip bank can say: carrier sentences, with the parts that are kept in braces.

"{Timer set for} ten minutes." keeps a clip that goes on as before a number; "Timer set for {ten minutes.}" one that
ends. Everything the built-in skills answer is to be joined from these; `tests/voice/test_bank.py` checks that.
"""

from collections.abc import Iterable

from edge_agent.models.numbers import number_words, ordinal_words
from edge_agent.offload.asking import MAY_I, NOTHING_LEFT
from edge_agent.skills.clock import MONTHS, WEEKDAYS
from edge_agent.skills.words import amount, capital

Lists = dict[str, list[str]]

WHOLE = """
Okay.|Okay, cancelled.|No problem.|Paused.|Playing.|Next track.|Previous track.|Muted.|Sound is back on.
That's as loud as it gets.|That's as quiet as it gets.|Please say the volume in percent.|Please say which colour.
Volume goes from zero to one hundred percent.|Brightness goes from zero to one hundred percent.
Please say how bright, in percent.|Please say how long the timer should be.|I can only time up to twenty four hours.
There are too many timers already.|There is no timer running.|There is no timer to cancel.|Timer cancelled.
All timers cancelled.|Should I cancel all of them?|Your timer is done.|Please say what to add.
Please say what to remove.
I did not ask anything.|I have not said anything yet.|Hello.|Yes.|No.|Done.|Sorry.|Lights on.|Lights off.|And more.
I can't reach the cloud.|Sorry, I didn't catch that.
""".strip()

REFLEXES: dict[str, tuple[str, ...]] = {
    "back_channel": ("Uh-huh.", "Okay.", "Right.", "I see."),
    "filler": ("Let me see.", "One moment.", "Let me think.", "Just a second."),
    "acknowledge": ("Okay.", "Sure.", "Alright.", "On it."),
    "no_cloud": (
        "I can't reach the cloud right now.",
        "Sorry, I can't reach the cloud right now.",
        "I can't reach the cloud right now, so I can't answer that.",
    ),
    "not_understood": ("Sorry, I did not get that.", "I didn't catch that.", "Sorry, could you say that again?"),
    "no_voice": ("I have an answer, but no voice to say it with.",),
}

CONSENT = (MAY_I, NOTHING_LEFT)  # without them nobody could be asked where no text-to-speech program is installed

_WHOLE_AMOUNTS = {
    "hour": range(1, 13),
    "minute": [*range(1, 31), *range(35, 61, 5), 90],
    "second": [*range(1, 11), *range(15, 61, 5), 90],
}
_LEFT = ("minute", "second", "hour")


def carriers(lists: Lists) -> list[str]:
    """Every carrier sentence; lists: name -> values of the commands file."""
    parts: Iterable[Iterable[str]] = (
        [f"{{{text}}}" for line in WHOLE.splitlines() for text in line.split("|")],
        _numbers(),
        _durations(),
        _timers(lists["timer_name"]),
        _clock(),
        _percent(),
        _lights(lists["area"], lists["light_name"], lists["colour"]),
        _climate(lists["area"]),
        _lists(lists["item"], lists["list_name"]),
    )
    return list(dict.fromkeys(carrier for part in parts for carrier in part))


def _numbers() -> Iterable[str]:
    for number in range(100):
        yield f"About {{{number_words(number)}}} minutes left."
    for word in ("hundred", "thousand"):
        yield f"One {{{word}}} five minutes."
        yield f"That's one {{{word}.}}"
    for number in [*range(21), *range(30, 100, 10)]:
        yield f"That's {{{number_words(number)}.}}"
    yield "It's {minus} five degrees."
    yield "It's two {point} five."


def _durations() -> Iterable[str]:
    for unit, counts in _WHOLE_AMOUNTS.items():
        for count in counts:
            yield f"Timer set for {{{amount(count, unit)}.}}"
    for unit in ("hour", "minute", "second"):
        for form, count in ((unit, "one"), (f"{unit}s", "ten")):
            yield f"Timer set for {count} {{{form}.}}"
            yield f"Timer set for {count} {{{form} and}} ten seconds."
            yield f"Timer set for {count} {{{form},}} ten minutes and two seconds."
            yield f"Your timer has {count} {{{form} left.}}"
            yield f"Your timer has {count} {{{form} left.}} And more."
        yield f"Your ten {{{unit} timer is done.}}"
        yield f"The ten {{{unit} timer has}} two minutes left."
        yield f"There is no ten {{{unit} timer.}}"
        yield f"Ten {{{unit} timer cancelled.}}"
        yield f"The one {{{unit}}} ten second timer has two minutes left."


def _timers(names: list[str]) -> Iterable[str]:
    yield "{Timer set for} ten minutes."
    yield "{Your timer has} ten minutes left."
    yield "{The} pasta timer has ten minutes left."
    yield "{Your} pasta timer is done."
    yield "{There is no} pasta timer."
    yield "{There is already a} pasta timer."
    yield "{There is already an} egg timer."
    yield "{There are} two timers."
    yield "There are two {timers.} Should I cancel all of them?"
    yield "Pasta {timer set for} ten minutes."
    yield "The pasta {timer has} ten minutes left."
    yield "Your pasta {timer is done.}"
    yield "There is no pasta {timer.}"
    yield "Pasta {timer cancelled.}"
    for name in names:
        yield f"The {{{name}}} timer is done."


def _clock() -> Iterable[str]:
    yield "{It's} ten thirty."
    for hour in range(1, 13):
        said = number_words(hour)
        yield f"{{It's {said}}} thirty two."
        yield f"{{It's {said} o'clock.}}"
    for minute in range(1, 60):
        yield f"It's eleven {{{'oh ' if minute < 10 else ''}{number_words(minute)}.}}"
    for day in WEEKDAYS:
        yield f"{{It's {day},}} March first."
    for month in MONTHS:
        yield f"It's Sunday, {{{month}}} tenth."
    for day_of_month in range(1, 32):
        yield f"It's Sunday, March {{{ordinal_words(day_of_month)}.}}"


def _percent() -> Iterable[str]:
    yield "{Volume at} ten percent."
    yield "Volume at {percent.}"
    for percent in [*range(11), *range(15, 101, 5)]:
        yield f"Volume at {{{number_words(percent)} percent.}}"


def _lights(areas: list[str], names: list[str], colours: list[str]) -> Iterable[str]:
    for area in areas:
        yield f"{{{capital(area)} lights on.}}"
        yield f"{{{capital(area)} lights off.}}"
        yield f"{{{capital(area)} lights}} blue."
        yield f"{{{capital(area)}}} desk lamp on."
    for name in names:
        yield f"{{{capital(name)} on.}}"
        yield f"{{{capital(name)} off.}}"
        yield f"{{{capital(name)}}} at ten percent."
    for colour in colours:
        yield f"Kitchen lights {{{colour}.}}"
    yield "{Lights} blue."
    yield "Kitchen lights {at} ten percent."
    yield "Desk lamp {on.}"
    yield "Desk lamp {off.}"


def _climate(areas: list[str]) -> Iterable[str]:
    for degrees in range(10, 36):
        yield f"It's {{{number_words(degrees)} degrees.}}"
    yield "It's five {degrees.}"
    yield "It's one {degree.}"
    yield "It's twenty one {degrees in the} kitchen."
    yield "It's one {degree in the} kitchen."
    for area in areas:
        yield f"It's ten degrees in the {{{area}.}}"


def _lists(items: list[str], names: list[str]) -> Iterable[str]:
    yield "{Added} milk."
    yield "{Removed} milk."
    yield "Milk and {more.}"
    yield "Milk {and} eggs and bread."
    for item in items:
        yield f"Added {{{item}.}}"
        yield f"I put {{{item}}} on your list."
    for name in names:
        yield f"{{Your {name} list has}} milk."
        yield f"{{Your {name} list is empty.}}"
        yield f"Added milk {{to your {name} list.}}"
        yield f"Removed milk {{from your {name} list.}}"
        yield f"Milk {{is already on your {name} list.}}"
        yield f"Milk {{is not on your {name} list.}}"
