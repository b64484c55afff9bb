"""Home Assistant does what users want of the house, which is as it says: in virtual time, then on a socket."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from benchmarks import virtual_time
from edge_agent.errors import HomeError
from edge_agent.events import HouseAct, encode
from edge_agent.link.cloud.wire import Address, WireClosed
from edge_agent.link.home_assistant.compose import make_home_assistant
from edge_agent.link.home_assistant.names import Known, thing_of
from edge_agent.link.home_assistant.provider import NO_ANSWER, NO_TOKEN, NOT_DONE, UNREACHABLE, HomeAssistant, Place
from edge_agent.link.home_assistant.reach import ask_whether_there, host_of, is_at_home
from edge_agent.link.home_assistant.services import Service, service_of
from edge_agent.link.home_assistant.talk import Talk
from edge_agent.link.receipts import Receipt
from edge_agent.linked import linked
from edge_agent.parcels import Parcel, Reach, State, pack, unpack
from edge_agent.profile import HomeAssistantProfile, PrivacyProfile, Profile
from edge_agent.ring import MessageRing
from tests.dialogue.fakes import Dialogue
from tests.dialogue.fakes import Said as Spoken
from tests.link.home_stand_in import TOKEN, HomeStandIn, in_memory, on_a_socket

KNOWN = Known(("kitchen", "living room", "office", "bathroom"), ("desk lamp", "floor lamp"), ("front door",))
KITCHEN_ON = Spoken(2.0, "turn on the kitchen light", "LightOn", {"area": "kitchen"})


class Rig:
    """A dialogue, Home Assistant beside it, and a stand-in house; all in the loop's time."""

    def __init__(
        self,
        script: list[Spoken],
        token: str = TOKEN,
        entities: Mapping[str, Any] | None = None,
        known: Known = KNOWN,
    ) -> None:
        self.house = HomeStandIn()
        ring = MessageRing.create(1 << 16)
        self.dialogue = Dialogue(script, calls=ring)
        self.receipts: list[Receipt] = []
        self.lines: list[str] = []
        place = Place(Address("ws://home.local"), "home.local", SecretStr(token), known, entities or {})
        self.home = HomeAssistant(
            place,
            in_memory(self.house),
            lambda parcel: ring.send(pack(parcel)),
            self.receipts.append,
            self.lines.append,
            random.Random(1),
        )
        self._num_heard = 0

    async def run(self, seconds: float) -> None:
        for _ in range(round(100 * seconds)):
            self.dialogue.run(0.01)
            for event in self.dialogue.events[self._num_heard :]:
                self.home.hear(event)
            self._num_heard = len(self.dialogue.events)
            await asyncio.sleep(0.01)

    def said(self) -> list[str]:
        return [event.text for event in self.dialogue.of("reply")]


def play(rig: Rig, act: Callable[[Rig], Awaitable[None]]) -> Rig:
    async def scene() -> Rig:
        running = asyncio.ensure_future(rig.home.run())
        await act(rig)
        assert not running.done(), "it died"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return rig

    return virtual_time.run(scene())


def kept(parcels: list[Parcel], parcel: Parcel) -> bool:
    parcels.append(parcel)
    return True


def for_seconds(seconds: float) -> Callable[[Rig], Awaitable[None]]:
    return lambda rig: rig.run(seconds)


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
STATE = st.fixed_dictionaries(
    {}, optional={"entity_id": st.just("light.kitchen") | JSON, "state": JSON, "attributes": JSON}
)
MESSAGE = st.one_of(
    JSON.map(json.dumps),
    st.binary(max_size=20),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["result", "event", "pong", "auth_ok", "x"]) | JSON},
        optional={
            "id": st.integers(0, 3) | JSON,
            "success": st.booleans() | JSON,
            "result": JSON,
            "error": JSON,
            "event": JSON | st.fixed_dictionaries({"data": JSON | st.fixed_dictionaries({"new_state": STATE | JSON})}),
        },
    ).map(json.dumps),
)


@settings(max_examples=80, deadline=None)
@given(messages=st.lists(MESSAGE, max_size=6), states=st.lists(STATE | JSON, max_size=4))
def test_any_message_is_survived(messages: list[str | bytes], states: list[Any]) -> None:
    class Wire:
        def __init__(self) -> None:
            self.left = list(messages)

        async def send(self, message: str) -> None: ...

        async def receive(self) -> bytes | str:
            if not self.left:
                raise WireClosed(1006, "the script is over")
            return self.left.pop(0)

        async def close(self) -> None: ...

    place = Place(Address("ws://x.local"), "x.local", SecretStr(TOKEN), KNOWN)
    home = HomeAssistant(place, in_memory(HomeStandIn()), lambda _: True, lambda _: None, lambda _: None)

    async def scene() -> None:
        with pytest.raises(WireClosed):
            await Talk(Wire(), SecretStr(TOKEN), home._hear_change).run()

    for state in states:
        if isinstance(state, dict):
            home._meet(state, "")
    virtual_time.run(scene())


@pytest.mark.parametrize(
    "host", ["192.168.1.2", "10.0.0.9", "homeassistant.local", "homeassistant", "fd00::1", "127.0.0.1"]
)
def test_hosts_at_home(host: str) -> None:
    assert is_at_home(host)


def test_a_host_elsewhere_is_refused_unless_it_is_named() -> None:
    there = HomeAssistantProfile(url="https://abc.ui.nabu.casa")
    with pytest.raises(HomeError, match="not on the home network"):
        host_of(Profile(name="x", home_assistant=there))
    named = PrivacyProfile(hosts=("abc.ui.nabu.casa",))
    assert host_of(Profile(name="x", home_assistant=there, privacy=named)) == "abc.ui.nabu.casa"


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was so")


def test_on_a_real_socket_and_for_the_doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    house = HomeStandIn()

    async def scene() -> None:
        async with on_a_socket(house) as port:
            there = HomeAssistantProfile(url=f"http://127.0.0.1:{port}")
            receipts = PrivacyProfile(receipts=str(tmp_path / "r.jsonl"))
            profile = Profile(name="x", home_assistant=there, privacy=receipts)
            monkeypatch.setenv("HOME_ASSISTANT_TOKEN", TOKEN)
            assert await asyncio.to_thread(ask_whether_there, profile) == ""
            home = make_home_assistant(profile, lambda _: True, lambda _: None)
            assert home is not None
            running = asyncio.ensure_future(home.run())
            await until(lambda: home._talk is not None)
            home.hear(HouseAct(0, "light", "kitchen lights", "kitchen", "", "on"))
            await until(lambda: bool(house.calls))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            monkeypatch.setenv("HOME_ASSISTANT_TOKEN", "another")
            assert "does not accept the token" in await asyncio.to_thread(ask_whether_there, profile)

    asyncio.run(asyncio.wait_for(scene(), 20.0))
    assert house.calls == [("light", "turn_on", {}, ["light.kitchen"])]
    assert '"outcome": "closed"' in (tmp_path / "r.jsonl").read_text()


def test_the_link_process_drives_it_and_tells_the_hop_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME_ASSISTANT_TOKEN", TOKEN)
    house, told = HomeStandIn(), []
    commands = tmp_path / "lights.yaml"
    commands.write_text("intents: {LightOn: {sentences: '{area} lights on'}}\nlists: {area: {values: [kitchen]}}")

    def hop_side(port: int) -> None:
        there = HomeAssistantProfile(url=f"http://127.0.0.1:{port}")
        receipts = PrivacyProfile(receipts=str(tmp_path / "r.jsonl"))
        profile = Profile(name="x", commands=str(commands), home_assistant=there, privacy=receipts)
        with linked(profile) as channels:
            end_s = time.monotonic() + 20.0
            while time.monotonic() < end_s and not house.calls:
                while (message := channels.house.receive()) is not None:
                    told.append(unpack(message))
                if Reach("light", "") in told:
                    channels.events.send(encode(HouseAct(0, "light", "kitchen lights", "kitchen", "", 30)))
                time.sleep(0.05)

    async def scene() -> None:
        async with on_a_socket(house) as port:
            await asyncio.to_thread(hop_side, port)

    asyncio.run(scene())
    assert house.calls[0] == ("light", "turn_on", {"brightness_pct": 30}, ["light.kitchen"])
    assert State("media", "", "", '{"is_playing": true}') in told
