"""Home Assistant does what users want of the house, which is as it says: in virtual time."""

import asyncio
from functools import partial
from typing import Any

import pytest

from edge_agent.events import HouseAct
from edge_agent.link.cloud.wire import Address
from edge_agent.link.home_assistant.names import thing_of
from edge_agent.link.home_assistant.provider import NO_ANSWER, NO_TOKEN, NOT_DONE, UNREACHABLE
from edge_agent.link.home_assistant.services import Service, service_of
from edge_agent.parcels import Parcel, Reach, State
from tests.dialogue.fakes import Said as Spoken
from tests.link.home_rig import KNOWN, Rig, for_seconds, play

KITCHEN_ON = Spoken(2.0, "turn on the kitchen light", "LightOn", {"area": "kitchen"})


def kept(parcels: list[Parcel], parcel: Parcel) -> bool:
    parcels.append(parcel)
    return True


def test_a_command_acts_there() -> None:
    script = [
        KITCHEN_ON,
        Spoken(6.0, "desk lamp at half", "LightBrightness", {"name": "desk lamp", "brightness": 50}),
        Spoken(10.0, "pause", "MediaPause"),
        Spoken(14.0, "all lights off", "LightOff"),
    ]
    rig = play(Rig(script), for_seconds(17.0))
    assert rig.house.calls == [
        ("light", "turn_on", {}, ["light.kitchen"]),
        ("light", "turn_on", {"brightness_pct": 50}, ["light.office_desk"]),
        ("media_player", "media_pause", {}, ["media_player.lounge"]),
        ("light", "turn_off", {}, ["light.kitchen", "light.hue_7", "light.office_desk"]),
    ]
    assert rig.said()[0] == "Kitchen lights on."


def test_what_changes_at_home_is_known_here() -> None:
    async def act(rig: Rig) -> None:
        await rig.run(0.5)
        home = rig.dialogue.agent.skills.home
        assert home.media.is_playing
        assert home.temperatures_c["bathroom"] == pytest.approx(23.0)
        assert not home.lights[("living room", "")].is_on
        rig.house.change("light.hue_7", "on", brightness=128)
        rig.house.change("climate.bath", "heat", current_temperature=68)
        await rig.run(0.2)
        light = home.lights[("living room", "")]
        assert (light.is_on, light.brightness_percent) == (True, 50)
        assert home.temperature_c("bathroom") == pytest.approx(20.0)
        rig.house.change("light.hue_7", "unavailable")
        await rig.run(0.2)
        assert not light.is_on

    play(Rig([]), act)


def test_a_hop_process_that_was_restarted_is_told_again() -> None:
    rig = Rig([])
    told: list[Parcel] = []

    async def act(rig: Rig) -> None:
        await rig.run(2.5)
        rig.home.hear(HouseAct(40_000, "timer"))
        rig.home._outbox._put = partial(kept, told)
        rig.home.hear(HouseAct(41_000, "timer"))
        assert told == []
        rig.home.hear(HouseAct(1_600, "timer"))

    play(rig, act)
    assert Reach("light", "") in told
    assert State("media", "", "", '{"is_playing": true}') in told


def test_undo_is_carried_out_there() -> None:
    rig = play(Rig([KITCHEN_ON, Spoken(6.0, "undo that", "Undo")]), for_seconds(8.0))
    assert [call[1] for call in rig.house.calls] == ["turn_on", "turn_off"]


def test_a_home_that_cannot_be_reached_is_said_and_nothing_is_claimed() -> None:
    async def act(rig: Rig) -> None:
        rig.house.fault = "down"
        await rig.run(5.0)

    rig = play(Rig([KITCHEN_ON]), act)
    assert rig.said() == [UNREACHABLE]
    assert not rig.dialogue.agent.skills.home.lights[("kitchen", "")].is_on
    assert rig.receipts == [], "nothing was sent to anybody"


def test_it_comes_back_with_growing_pauses() -> None:
    rig = Rig([])

    async def act(rig: Rig) -> None:
        await rig.run(0.5)
        rig.house.fault = "down"
        rig.house.cut()
        num_tries = 0
        connect = rig.home._connect

        async def count(address: Address) -> Any:
            nonlocal num_tries
            num_tries += 1
            return await connect(address)

        rig.home._connect = count
        await asyncio.sleep(600.0)
        assert 8 <= num_tries <= 24
        assert rig.home._reached["light"] == UNREACHABLE
        rig.house.fault = ""
        await asyncio.sleep(100.0)
        assert rig.home._reached == dict.fromkeys(("light", "media", "temperature", "cover", "scene"), "")
        await rig.run(0.5)
        rig.home.hear(HouseAct(0, "light", "kitchen lights", "kitchen", "", "on"))
        await rig.run(0.2)

    play(rig, act)
    assert rig.house.calls == [("light", "turn_on", {}, ["light.kitchen"])]
    assert len(rig.lines) <= 3, "one line for each trouble, not for each try"


@pytest.mark.parametrize(("fault", "words"), [("refuse", NOT_DONE), ("mute", NO_ANSWER)])
def test_an_order_that_fails_is_owned_up_to(fault: str, words: str) -> None:
    async def act(rig: Rig) -> None:
        await rig.run(1.0)
        rig.house.fault = fault
        await rig.run(8.0)

    rig = play(Rig([KITCHEN_ON]), act)
    assert rig.said() == ["Kitchen lights on.", words]


def test_a_token_that_is_not_accepted_is_said_but_never_shown() -> None:
    rig = play(Rig([KITCHEN_ON], token="wrong-secret-token"), for_seconds(5.0))
    assert rig.said() == [NO_TOKEN]
    assert rig.lines
    assert "wrong-secret-token" not in "".join(rig.lines) + repr(rig.home._place)


def test_a_lock_is_used_only_when_its_owner_names_it() -> None:
    unlock = HouseAct(0, "lock", "front door", "", "front door", "unlock")

    async def act(rig: Rig) -> None:
        await rig.run(0.5)
        rig.home.hear(unlock)
        await rig.run(0.2)

    assert play(Rig([]), act).house.calls == []
    named = play(Rig([], entities={"lock.front": {"name": "front door"}}), act)
    assert named.house.calls == [("lock", "unlock", {}, ["lock.front"])]
    assert named.dialogue.agent.skills.home.locks == {"front door": False}


def test_what_leaves_is_counted() -> None:
    async def act(rig: Rig) -> None:
        await rig.run(5.0)
        rig.house.cut()
        await rig.run(0.1)

    rig = play(Rig([KITCHEN_ON]), act)
    closed = rig.receipts[-1]
    assert (closed.purpose, closed.hosts, closed.outcome) == ("home_assistant", {"home.local": 0.0}, "closed")
    assert closed.sent_bytes == rig.house.bytes_received


def test_a_house_without_registries_is_understood_by_its_names() -> None:
    rig = Rig([KITCHEN_ON])
    rig.house.registries = {}
    play(rig, for_seconds(4.0))
    assert rig.house.calls == [("light", "turn_on", {}, ["light.kitchen"])]


@pytest.mark.parametrize(
    ("entity_id", "own", "area", "expected"),
    [
        ("light.kitchen", "", "", ("kitchen", "")),
        ("light.l1", "Living-Room floor lamp", "", ("living room", "floor lamp")),
        ("light.kitchen", "Kitchen", "Office", ("office", "")),
        ("light.x", "Kitchenette", "", ("", "")),
        ("lock.x", "The front door", "", ("", "front door")),
    ],
)
def test_names(entity_id: str, own: str, area: str, expected: tuple[str, str]) -> None:
    thing = thing_of(entity_id, entity_id.partition(".")[0], own, area, KNOWN)
    assert (thing.area, thing.name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("on", Service("light", "turn_on", {})),
        (0, Service("light", "turn_off", {})),
        (30, Service("light", "turn_on", {"brightness_pct": 30})),
        ("red", Service("light", "turn_on", {"color_name": "red"})),
        ("warm white", Service("light", "turn_on", {"color_temp_kelvin": 2_700})),
    ],
)
def test_services_of_lights(value: str | int, expected: Service) -> None:
    assert service_of("light", value) == expected
