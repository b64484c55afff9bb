"""What skills say and what they change."""

from datetime import datetime

import pytest

from edge_agent.skills import Act, Home, Reply, Skills
from edge_agent.skills.registry import BUILT_IN, fill

NOON = datetime(2026, 11, 21, 12, 5)


def make(moment: datetime = NOON, replies: dict[str, str] | None = None) -> Skills:
    return Skills(Home(), lambda: moment, replies)


def said(skills: Skills, intent: str, **slots: str | int | float) -> str:
    return skills.handle(intent, slots, at_sample=0).text


def test_every_intent_of_the_issue_has_a_skill() -> None:
    intents = """StartTimer CancelTimer CancelAllTimers TimerStatus GetTime GetDate SetVolume VolumeUp VolumeDown Mute
    Unmute LightOn LightOff LightBrightness LightColour MediaPause MediaResume MediaNext MediaPrevious GetTemperature
    SetTemperature CoverOpen CoverClose SceneOn AddToList RemoveFromList ReadList LockDoor
UnlockDoor Stop Cancel Nevermind Repeat Yes No"""
    assert set(intents.split()) == set(BUILT_IN)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 1, 1, 0, 0), "It's twelve o'clock."),
        (datetime(2026, 1, 1, 12, 5), "It's twelve oh five."),
        (datetime(2026, 1, 1, 13, 30), "It's one thirty."),
        (datetime(2026, 1, 1, 23, 59), "It's eleven fifty nine."),
    ],
)
def test_time_of_day(moment: datetime, words: str) -> None:
    assert said(make(moment), "GetTime") == words


def test_date() -> None:
    assert said(make(), "GetDate") == "It's Saturday, November twenty first."
    assert said(make(datetime(2026, 3, 12)), "GetDate") == "It's Thursday, March twelfth."


def test_light_of_one_area_leaves_the_others() -> None:
    skills = make()
    reply = skills.handle("LightOn", {"area": "kitchen"}, 0)
    assert reply == Reply("Kitchen lights on.", acts=(Act("light", "kitchen lights", "on", area="kitchen"),))
    on = {place for (place, _), light in skills.home.lights.items() if light.is_on}
    assert on == {"kitchen"}


def test_lights_without_a_place_are_all_lights() -> None:
    skills = make()
    assert said(skills, "LightOn") == "Lights on."
    assert all(light.is_on for light in skills.home.lights.values())
    assert said(skills, "LightOff") == "Lights off."
    assert not any(light.is_on for light in skills.home.lights.values())


def test_named_light_is_met_once_and_found_again() -> None:
    skills = make()
    assert said(skills, "LightOn", name="standing light") == "Standing light on."
    assert said(skills, "LightBrightness", name="standing light", brightness=30) == "Standing light at thirty percent."
    light = skills.home.lights["", "standing light"]
    assert (light.is_on, light.brightness_percent) == (True, 30)
    assert not skills.home.lights["kitchen", ""].is_on


def test_brightness_zero_switches_off_and_keeps_the_level() -> None:
    skills = make()
    said(skills, "LightBrightness", area="office", brightness=40)
    said(skills, "LightBrightness", area="office", brightness=0)
    light = skills.home.lights["office", ""]
    assert (light.is_on, light.brightness_percent) == (False, 40)


def test_brightness_out_of_range_changes_nothing() -> None:
    skills = make()
    assert said(skills, "LightBrightness", area="office", brightness=140).startswith("Brightness goes from zero")
    assert not skills.home.lights["office", ""].is_on


def test_colour_switches_on() -> None:
    skills = make()
    assert said(skills, "LightColour", area="bedroom", colour="warm white") == "Bedroom lights warm white."
    light = skills.home.lights["bedroom", ""]
    assert (light.is_on, light.colour) == (True, "warm white")


def test_volume_steps_and_limits() -> None:
    skills = make()
    assert said(skills, "SetVolume", percentage=95) == "Volume at ninety five percent."
    assert said(skills, "VolumeUp") == "Volume at one hundred percent."
    assert said(skills, "VolumeUp") == "That's as loud as it gets."
    assert said(skills, "SetVolume", percentage=0) == "Volume at zero percent."
    assert said(skills, "VolumeDown") == "That's as quiet as it gets."
    assert said(skills, "SetVolume", percentage=101).startswith("Volume goes from zero")
    assert skills.home.volume.percent == 0


def test_mute_keeps_the_volume() -> None:
    skills = make()
    said(skills, "SetVolume", percentage=55)
    assert skills.handle("Mute", {}, 0).acts == (Act("volume", "", 0),)
    assert skills.handle("Unmute", {}, 0).acts == (Act("volume", "", 55),)


def test_volume_step_ends_muting() -> None:
    skills = make()
    said(skills, "SetVolume", percentage=50)
    said(skills, "Mute")
    assert skills.handle("VolumeUp", {}, 0).acts == (Act("volume", "", 60),)


def test_media() -> None:
    skills = make()
    media = skills.home.media
    assert said(skills, "MediaResume") == "Playing."
    assert media.is_playing
    assert said(skills, "MediaNext") == "Next track."
    assert media.track == 2
    assert said(skills, "MediaPrevious") == "Previous track."
    assert media.track == 1
    assert said(skills, "MediaPause") == "Paused."
    assert not media.is_playing


def test_list_is_filled_read_and_emptied() -> None:
    skills = make()
    assert said(skills, "ReadList") == "Your shopping list is empty."
    assert said(skills, "AddToList", item="milk") == "Added milk to your shopping list."
    assert said(skills, "AddToList", item="eggs", list="shopping") == "Added eggs to your shopping list."
    assert said(skills, "AddToList", item="milk") == "Milk is already on your shopping list."
    assert said(skills, "ReadList") == "Your shopping list has milk and eggs."
    assert said(skills, "RemoveFromList", item="milk") == "Removed milk from your shopping list."
    assert said(skills, "RemoveFromList", item="milk") == "Milk is not on your shopping list."
    assert skills.home.lists == {"shopping": ["eggs"]}


def test_long_list_is_cut_short() -> None:
    skills = make()
    for count in range(10):
        said(skills, "AddToList", item=f"item {count}", list="packing")
    text = said(skills, "ReadList", list="packing")
    assert text.endswith("item seven and more.") or text.endswith("item 7 and more.")


def test_temperature() -> None:
    skills = make()
    skills.home.temperatures_c["kitchen"] = 18.6
    assert said(skills, "GetTemperature", area="kitchen") == "It's nineteen degrees in the kitchen."
    assert said(skills, "GetTemperature") == "It's twenty one degrees."
    skills.home.temperatures_c["garden"] = -1.2
    assert said(skills, "GetTemperature", area="garden") == "It's minus one degree in the garden."


def test_repeat_says_the_last_reply_again() -> None:
    skills = make()
    assert said(skills, "Repeat") == "I have not said anything yet."
    said(skills, "GetTime")
    assert said(skills, "Repeat") == "It's twelve oh five."
    assert said(skills, "Repeat") == "It's twelve oh five."


def test_yes_and_no_without_a_question() -> None:
    skills = make()
    assert said(skills, "Yes") == said(skills, "No") == "I did not ask anything."


def test_stop_silences_the_agent_and_the_music() -> None:
    skills = make()
    said(skills, "MediaResume")
    reply = skills.handle("Stop", {}, 0)
    assert reply.acts == (Act("stop_speaking"), Act("media", "", "pause"))
    assert not skills.home.media.is_playing


def test_template_replaces_the_words_of_success_only() -> None:
    skills = make(replies={"StartTimer": "{duration} it is.", "GetTime": "The time is {time}."})
    assert said(skills, "StartTimer", minutes=3) == "three minutes it is."
    assert said(skills, "StartTimer").startswith("Please say how long")
    assert said(skills, "GetTime") == "The time is twelve oh five."


def test_intent_of_a_user_is_answered_by_its_template() -> None:
    skills = make(replies={"orderDrink": "One {size} {drink} with {shots} shots, coming up."})
    assert said(skills, "orderDrink", drink="latte", shots=2) == "One latte with two shots, coming up."
    assert said(skills, "somethingElse") == "Okay."


@pytest.mark.parametrize("template", ["{", "{0}", "{drink.real", "{drink!x}", "{drink:d}"])
def test_broken_template_falls_back(template: str) -> None:
    assert fill(template, {"drink": "latte"}, {}) == ""
