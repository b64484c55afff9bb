"""A command is taken back, or done again with another place, length or level; what others did meanwhile stays."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import pytest

from edge_agent.skills.home import Home, Light, Media, Volume
from edge_agent.skills.registry import Skills
from edge_agent.skills.undo import amended
from edge_agent.units import SAMPLE_RATE_HZ

NOON = datetime(2026, 3, 14, 12, 0)
SOON = 5 * SAMPLE_RATE_HZ


@pytest.fixture
def skills() -> Skills:
    return Skills(Home(), lambda: NOON)


def lights_on(skills: Skills) -> set[str]:
    return {area for (area, _), light in skills.home.lights.items() if light.is_on}


def test_the_kitchen_instead_of_the_bedroom(skills: Skills) -> None:
    skills.handle("LightOn", {"area": "bedroom"}, 0)
    made = skills.correct({"area": "kitchen"}, SOON)
    assert made is not None
    assert (made.intent, made.slots, made.was, made.undone) == (
        "LightOn",
        {"area": "kitchen"},
        {"area": "bedroom"},
        True,
    )
    assert made.reply.text == "Kitchen lights on."
    assert lights_on(skills) == {"kitchen"}


def test_a_correction_can_be_corrected(skills: Skills) -> None:
    skills.handle("LightOn", {"area": "bedroom"}, 0)
    skills.correct({"area": "kitchen"}, SOON)
    skills.correct({"area": "office"}, 2 * SOON)
    assert lights_on(skills) == {"office"}


def test_a_light_that_was_on_before_stays_on(skills: Skills) -> None:
    skills.handle("LightOn", {"area": "hallway"}, 0)
    skills.handle("LightOn", {}, SOON)
    assert skills.undo(SOON + 1) is not None
    assert lights_on(skills) == {"hallway"}


def test_a_timer_gets_another_length_and_keeps_its_name(skills: Skills) -> None:
    skills.handle("StartTimer", {"minutes": 5, "seconds": 30, "name": "pasta"}, 0)
    made = skills.correct({"minutes": 10}, SOON)
    assert made is not None
    assert made.slots == {"minutes": 10, "name": "pasta"}
    assert [(timer.name, timer.length_s) for timer in skills.timers.running] == [("pasta", 600)]
    assert skills.next_due_sample == SOON + 600 * SAMPLE_RATE_HZ


@pytest.mark.parametrize(
    ("intent", "slots", "said"),
    [
        ("GetTime", {}, {"area": "kitchen"}),
        ("StartTimer", {"minutes": 5}, {"colour": "red"}),
        ("LightOn", {"area": "kitchen"}, {"minutes": 5}),
    ],
)
def test_what_does_not_fit_changes_nothing(
    skills: Skills, intent: str, slots: dict[str, Any], said: dict[str, Any]
) -> None:
    skills.handle(intent, slots, 0)
    was_on, running = lights_on(skills), list(skills.timers.running)
    assert skills.correct(said, SOON) is None
    assert (lights_on(skills), skills.timers.running) == (was_on, running)


@pytest.mark.parametrize(
    ("was", "said", "was_broken_off", "slots"),
    [
        ({"name": "pizza", "minutes": 5}, {"hours": 1}, False, {"name": "pizza", "hours": 1}),
        ({"name": "pizza"}, {"minutes": 10}, True, {"name": "pizza", "minutes": 10}),
        ({"name": "pizza"}, {"minutes": 10}, False, None),
        ({"minutes": 5}, {"colour": "red"}, False, None),
    ],
)
def test_only_a_value_that_was_broken_off_may_be_missing(
    was: dict[str, Any], said: dict[str, Any], was_broken_off: bool, slots: dict[str, Any] | None
) -> None:
    assert amended("StartTimer", was, said, was_broken_off=was_broken_off) == slots


def test_long_ago_is_too_late(skills: Skills) -> None:
    skills.handle("LightOn", {"area": "bedroom"}, 0)
    assert skills.correct({"area": "kitchen"}, 60 * SAMPLE_RATE_HZ) is None
    assert skills.undo(60 * SAMPLE_RATE_HZ) is None
    assert lights_on(skills) == {"bedroom"}


def test_undo_is_for_once_and_for_what_changed_something(skills: Skills) -> None:
    assert skills.undo(0) is None
    skills.handle("GetTime", {}, 0)
    assert skills.undo(1) is None
    skills.handle("LightOn", {"area": "bedroom"}, 2)
    assert skills.undo(3) is not None
    assert skills.undo(4) is None


def test_an_undone_volume_is_set_again(skills: Skills) -> None:
    skills.handle("SetVolume", {"percentage": 20}, 0)
    reply = skills.undo(SOON)
    assert reply is not None
    assert [(act.kind, act.value) for act in reply.acts] == [("volume", 70)]


def test_a_timer_that_has_run_out_meanwhile_does_not_run_again(skills: Skills) -> None:
    skills.handle("StartTimer", {"seconds": 1}, 0)
    skills.handle("LightOn", {}, 1)
    assert skills.due(2 * SAMPLE_RATE_HZ)
    assert skills.undo(3 * SAMPLE_RATE_HZ) is not None
    assert skills.timers.running == []


def test_a_rehearsal_says_the_same_and_does_nothing(skills: Skills) -> None:
    said = skills.rehearse("StartTimer", {"minutes": 5}, 0)
    assert said == "Timer set for five minutes."
    assert skills.timers.running == []
    assert skills.handle("StartTimer", {"minutes": 5}, 0).text == said


def test_a_yes_is_never_rehearsed(skills: Skills) -> None:
    for name in ("pasta", "tea"):
        skills.handle("StartTimer", {"minutes": 5, "name": name}, 0)
    assert skills.handle("CancelTimer", {}, 1).expects_answer
    assert skills.rehearse("Yes", {}, 2) == ""
    assert len(skills.timers.running) == 2


def test_a_copy_of_the_home_is_the_same_and_shares_nothing() -> None:
    home = Home(
        lights={("kitchen", "lamp"): Light(True, 30, "blue")},
        media=Media(True, 4),
        volume=Volume(20, True),
        lists={"shopping": ["milk"]},
        temperatures_c={"attic": 9.5},
        locks={"front door": True},
        thermostats={"office": 20.0},
        covers={("kitchen", "blinds"): True},
    )
    other = home.copy()
    assert other == home
    assert all(getattr(other, part.name) is not getattr(home, part.name) for part in fields(Home))
    assert all(getattr(home, part.name) != getattr(Home(), part.name) for part in fields(Home)), "nothing is left out"
    assert other.lights["kitchen", "lamp"] is not home.lights["kitchen", "lamp"]
    assert other.lists["shopping"] is not home.lists["shopping"]
