"""Thermostats, curtains and scenes of a Home Assistant: from what is said to the service that is called."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import CommandsError
from edge_agent.events import HouseAct
from edge_agent.link.home_assistant.names import Known, known_names, thing_of
from edge_agent.link.home_assistant.services import Service, service_of
from edge_agent.models.commands import Commands, find_commands, load_commands
from edge_agent.models.grammar import compile_stages
from edge_agent.skills.tools import house_tools
from tests.commands.speech import Speech
from tests.dialogue.fakes import Said as Spoken
from tests.link.home_rig import Rig, for_seconds, play

HEAT = Spoken(2.0, "heating to twenty one", "SetTemperature", {"area": "bedroom", "temperature": 21})


@cache  # and not a constant, which every process that collects this file would have to make
def smart_home() -> Commands:
    return load_commands(find_commands("smart_home"))


@cache
def all_names() -> Known:
    return known_names(smart_home())


@pytest.fixture(scope="module")
def speech() -> Speech:
    return Speech(compile_stages(smart_home()))


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("set the temperature to thirty degrees", "SetTemperature", {"temperature": 30}),
        ("set the bedroom temperature to twenty degrees", "SetTemperature", {"area": "bedroom", "temperature": 20}),
        ("set the office thermostat to twenty", "SetTemperature", {"area": "office", "temperature": 20}),
        ("adjust the heating in the kitchen to nineteen", "SetTemperature", {"area": "kitchen", "temperature": 19}),
        ("open the blinds in the kitchen", "CoverOpen", {"area": "kitchen", "cover": "blinds"}),
        ("close the curtains", "CoverClose", {"cover": "curtains"}),
        ("shut all the bedroom shutters", "CoverClose", {"area": "bedroom", "cover": "shutters"}),
        ("activate the party scene", "SceneOn", {"scene": "party"}),
        ("change to movie night mode", "SceneOn", {"scene": "movie"}),
        ("party mode on", "SceneOn", {"scene": "party"}),
        ("turn on the kitchen light", "LightOn", {"area": "kitchen"}),
        ("what's the temperature in the office", "GetTemperature", {"area": "office"}),
    ],
)
def test_what_users_of_home_assistant_say(speech: Speech, text: str, intent: str, slots: dict[str, Any]) -> None:
    assert speech.understood(text) == (intent, slots)


def test_they_act_there_and_undo_does_too() -> None:
    script = [
        HEAT,
        Spoken(6.0, "undo that", "Undo"),
        Spoken(10.0, "close the kitchen curtains", "CoverClose", {"area": "kitchen", "cover": "curtains"}),
        Spoken(14.0, "undo that", "Undo"),
        Spoken(18.0, "activate movie night", "SceneOn", {"scene": "movie"}),
        Spoken(22.0, "temperature to twenty two", "SetTemperature", {"temperature": 22}),
    ]
    rig = play(Rig(script, known=all_names()), for_seconds(25.0))
    assert rig.house.calls == [
        ("climate", "set_temperature", {"temperature": 21}, ["climate.bed"]),
        ("climate", "set_temperature", {"temperature": 18.0}, ["climate.bed"]),
        ("cover", "close_cover", {}, ["cover.left"]),
        ("cover", "open_cover", {}, ["cover.left"]),
        ("scene", "turn_on", {}, ["scene.movie"]),
        ("climate", "set_temperature", {"temperature": 22}, ["climate.bath", "climate.bed"]),
    ]
    assert rig.said()[0] == "Twenty one degrees in the bedroom."
    assert rig.said()[2] == "Kitchen curtains closed."


def test_what_the_house_lacks_is_said() -> None:
    script = [Spoken(2.0, "open the awning", "CoverOpen", {"cover": "awning"})]
    rig = play(Rig(script, known=all_names()), for_seconds(5.0))
    assert rig.house.calls == []
    assert rig.said()[-1] == "Home Assistant knows no awning."


def test_an_entrance_is_opened_only_when_its_owner_names_it() -> None:
    known = all_names()
    known = type(known)(known.areas, known.lights, known.doors, (*known.covers, "garage door"), known.scenes)

    async def act(rig: Rig) -> None:
        await rig.run(0.5)
        rig.home.hear(HouseAct(0, "cover", "garage door", "", "garage door", "open"))
        rig.home.hear(HouseAct(0, "cover", "garage blinds", "garage", "", "open"))
        await rig.run(0.2)

    assert play(Rig([], known=known), act).house.calls == []
    named = play(Rig([], known=known, entities={"cover.garage": {"area": "", "name": "garage door"}}), act)
    assert named.house.calls == [("cover", "open_cover", {}, ["cover.garage"])]


def test_they_are_offered_to_models() -> None:
    tools = {tool.name: tool for tool in house_tools(smart_home())}
    assert tools["set_temperature"].order({"temperature": 20}) == ("SetTemperature", {"temperature": 20})
    assert tools["move_cover"].order({"action": "open", "cover": "blinds"}) == ("CoverOpen", {"cover": "blinds"})
    assert tools["set_temperature"].parameters["properties"]["temperature"]["maximum"] == 30
    assert not tools["activate_scene"].needs_yes


@pytest.mark.parametrize(
    ("entity_id", "own", "device_class", "name"),
    [
        ("cover.x", "Left", "blind", "blinds"),
        ("cover.x", "Curtains", "blind", "curtains"),
        ("cover.x", "Left", "", ""),
        ("scene.x", "Movie Night", "", "movie"),
    ],
)
def test_names(entity_id: str, own: str, device_class: str, name: str) -> None:
    assert thing_of(entity_id, entity_id.partition(".")[0], own, "", all_names(), device_class).name == name


def test_services() -> None:
    assert service_of("cover", "close") == Service("cover", "close_cover", {})
    assert service_of("temperature", 20.5) == Service("climate", "set_temperature", {"temperature": 20.5})
    assert service_of("temperature", "warm") is None
    assert service_of("cover", "tear down") is None


def test_a_file_stands_on_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "extends: smart_home\nlists: {scene: {values: [cinema]}}\nintents: {GetDate: {sentences: which day}}"
    )
    mine = load_commands(path)
    assert "LightOn" in mine.intents
    assert known_names(mine).scenes == ("cinema",)
    assert [template.text for template in mine.intents["GetDate"].sentences] == ["which day"]
    path.write_text("extends: nobody")
    with pytest.raises(CommandsError, match=r"mine.yaml:1: .*nobody.*household, smart_home"):
        load_commands(path)


def test_a_cover_changed_by_hand_is_known_here() -> None:
    async def act(rig: Rig) -> None:
        await rig.run(0.5)
        covers = rig.dialogue.agent.skills.home.covers
        assert covers["kitchen", "curtains"] is True
        rig.house.change("cover.left", "closing")
        await asyncio.sleep(0)
        await rig.run(0.2)
        assert covers["kitchen", "curtains"] is False
        assert rig.dialogue.agent.skills.home.thermostats == {"bedroom": 18.0}

    play(Rig([], known=all_names()), act)
