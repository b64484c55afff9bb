"""The way to Home Assistant: whatever comes over it is survived, it leads to the home network only, and it exists."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from benchmarks import virtual_time
from edge_agent.errors import HomeError
from edge_agent.event_json import encode
from edge_agent.events import HouseAct
from edge_agent.link.cloud.wire import Address, WireClosed
from edge_agent.link.home_assistant.compose import make_home_assistant
from edge_agent.link.home_assistant.provider import HomeAssistant, Place
from edge_agent.link.home_assistant.reach import ask_whether_there, host_of, is_at_home
from edge_agent.link.home_assistant.talk import Talk
from edge_agent.parcels import Reach, State, unpack
from edge_agent.processes.linked import linked
from edge_agent.profile import HomeAssistantProfile, PrivacyProfile, Profile
from tests.link.home_rig import KNOWN
from tests.link.home_stand_in import TOKEN, HomeStandIn, in_memory, on_a_socket

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
@example(['{"type": "event", "id": 0, "event": {"data": {"new_state": {"entity_id": []}}}}'], [])
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
