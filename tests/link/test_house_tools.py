"""A model calls what the house offers: from the stand-in's call to the timer that rings, in one virtual time."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import virtual_time
from edge_agent.egress import Gate
from edge_agent.link.choosing import Provider
from edge_agent.link.cloud.base import CloudSession, Counters, Said, SessionConfig, Tool, ToolCall
from edge_agent.link.cloud.parts import Part
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud.tools import Calls
from edge_agent.link.cloud_sim.http import serving_http
from edge_agent.link.cloud_sim.memory import memory_connect
from edge_agent.link.cloud_sim.stage import Scene, Stage
from edge_agent.link.desk import MAX_CALLS, Desk
from edge_agent.link.safety import Rules
from edge_agent.link.session import Runner
from edge_agent.link.turns import Policy
from edge_agent.models.commands import Commands, load_commands
from edge_agent.parcels import Call, Parcel, Result, pack, unpack
from edge_agent.ring import MessageRing
from edge_agent.skills.tools import HouseTool, house_tools, intents_that_need_yes
from tests.dialogue.fakes import Dialogue
from tests.dialogue.fakes import Said as Spoken
from tests.link.cloud.talks import LIVE, config

COMMANDS = """
intents:
  StartTimer: {sentences: "set a timer for {seconds} seconds"}
  VolumeUp: {sentences: "louder"}
  VolumeDown: {sentences: "quieter"}
  LightBrightness: {sentences: "[{area}] lights at {brightness} percent"}
  UnlockDoor: {sentences: "unlock the {door}"}
  BuyCoffee: {sentences: "buy {size} coffee"}
  MakeTea: {sentences: "make tea", confirm: false}
  "Yes": {sentences: "yes"}
lists:
  seconds: {range: {from: 1, to: 99}}
  brightness: {values: [{in: half, out: 50}, {in: full, out: 100}]}
  area: {values: [kitchen, office]}
  door: {values: [front door, back door]}
  size: {values: [small, large]}
"""
QUESTION = Spoken(1.0, "why is the sky blue today then", None)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    path = tmp_path_factory.mktemp("commands") / "house.yaml"
    path.write_text(COMMANDS)
    return load_commands(path)


@pytest.fixture(scope="module")
def tools(commands: Commands) -> dict[str, HouseTool]:
    return {tool.name: tool for tool in house_tools(commands)}


@pytest.fixture(scope="module")
def calls(tools: dict[str, HouseTool]) -> Calls:
    return Calls(Desk(tools.values(), lambda parcel: True).offered, Counters())


class House:
    """A dialogue whose questions go to a stand-in that calls a tool; both in the loop's time."""

    def __init__(self, commands: Commands, provider: str, call: tuple[str, Mapping[str, Any]], **scene: Any) -> None:
        self.stage = Stage(Scene(think_s=0.1, answer="Done.", pace=20.0, call=call, **scene))
        self.commands = commands
        self.provider = provider
        self.up, self.down, self.calls = (MessageRing.create(1 << size) for size in (21, 20, 16))
        self.left: list[Parcel] = []
        self.tick_s = 0.01
        self.port = 0  # of the stand-in, where it is on a socket

    def _session(self, tools: tuple[Tool, ...]) -> CloudSession:
        if self.provider != "pipeline":
            offered = config(self.provider, tools=tools, tool_model="m")
            return make_session(self.provider, offered, connect=memory_connect(self.stage, delay_s=0.005))
        url = f"http://127.0.0.1:{self.port}/v1"
        return make_session(
            "pipeline", SessionConfig("m", url, tools=tools), parts=(Part(url, "ears"), Part(url, "tongue"))
        )

    async def run(self, seconds: float, *more: Spoken) -> Dialogue:
        gate = Gate("on", self.up, "cloud.example")
        needs_yes = intents_that_need_yes(self.commands)
        dialogue = Dialogue([QUESTION, *more], gate=gate, answers=self.down, calls=self.calls, needs_yes=needs_yes)
        desk = Desk(house_tools(self.commands), lambda parcel: self.calls.send(pack(parcel)))

        def make(handle: str | None, history: tuple[Said, ...]) -> CloudSession:
            return self._session(desk.offered)

        provider = Provider(self.provider, "memory.example", make)
        policy = Policy(Rules(()))
        runner = Runner(
            [provider], lambda parcel: self.down.send(pack(parcel)), policy, lambda receipt: None, desk=desk
        )
        running = asyncio.ensure_future(runner.run())
        for _ in range(round(100 * seconds)):
            dialogue.run(0.01)
            while (message := self.up.receive()) is not None:
                parcel = unpack(message)
                assert parcel is not None
                self.left.append(parcel)
                runner.give(parcel)
            await asyncio.sleep(self.tick_s)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return dialogue

    def play(self, seconds: float, *more: Spoken) -> Dialogue:
        return virtual_time.run(self.run(seconds, *more))

    def play_on_a_socket(self, seconds: float, *more: Spoken) -> Dialogue:
        """In real time, of which the dialogue takes a tenth."""
        self.tick_s = 0.001

        async def scene() -> Dialogue:
            async with serving_http(self.stage) as self.port:
                return await self.run(seconds, *more)

        return asyncio.run(scene())

    def results(self) -> list[dict[str, Any]]:
        """What the model was told."""
        found = []
        for result in self.stage.tool_results:
            response = result.get("response")
            found.append(result if response is None else response.get("output") or response["error"])
        return found


def kept(parcels: list[Parcel], parcel: Parcel) -> bool:
    parcels.append(parcel)
    return True


def outcomes(dialogue: Dialogue) -> list[str]:
    return [event.outcome for event in dialogue.of("cloud_call")]


@pytest.mark.parametrize("provider", LIVE)
def test_a_timer_that_a_model_sets_rings(commands: Commands, provider: str) -> None:
    house = House(commands, provider, ("set_timer", {"seconds": 5}))
    dialogue = house.play(14.0)
    assert outcomes(dialogue) == ["done"]
    (rung,) = [event for event in dialogue.of("reply") if event.text.startswith("Your")]
    assert rung.text == "Your five second timer is done."
    assert rung.at_sample - dialogue.one("cloud_call").at_sample == pytest.approx(5 * 16_000, abs=320)
    assert house.results() == [
        {"status": "ok", "result": "Timer set for five seconds.", "duration": "five seconds", "name": ""}
    ]
    assert dialogue.one("cloud_answer").text.startswith("Done."), "the model did not go on after its call"


def test_a_pipeline_of_parts_sets_a_timer_and_goes_on(commands: Commands) -> None:
    house = House(commands, "pipeline", ("set_timer", {"seconds": 20}))
    dialogue = house.play_on_a_socket(12.0)
    assert outcomes(dialogue) == ["done"]
    (timer,) = dialogue.agent.skills.timers.running
    assert timer.due_sample - dialogue.one("cloud_call").at_sample == pytest.approx(20 * 16_000, abs=320)
    assert house.results()[0]["result"] == "Timer set for twenty seconds."
    assert dialogue.one("cloud_answer").text.startswith("Done."), "the model did not go on after its call"


def test_a_pipeline_of_parts_does_not_unlock_a_door_without_a_yes(commands: Commands) -> None:
    house = House(commands, "pipeline", ("unlock_door", {"door": "front door"}))
    dialogue = house.play_on_a_socket(16.0, Spoken(10.0, "no", "No"))
    assert outcomes(dialogue) == ["asked", "refused"]
    assert dialogue.agent.skills.home.locks == {}


@pytest.mark.parametrize("provider", ["gemini_live", "openai_realtime"])
def test_a_door_stays_locked_without_a_yes(commands: Commands, provider: str) -> None:
    house = House(commands, provider, ("unlock_door", {"door": "front door"}))
    dialogue = house.play(12.0, Spoken(8.0, "no", "No"))
    assert "The cloud wants to unlock front door. Shall I?" in [event.text for event in dialogue.of("reply")]
    assert dialogue.agent.skills.home.locks == {}
    assert outcomes(dialogue) == ["asked", "refused"]
    assert [result["status"] for result in house.results()] == ["error"]
    assert "nothing was done" in house.results()[0]["reason"]


@pytest.mark.parametrize("provider", ["gemini_live", "openai_realtime"])
def test_a_yes_unlocks_and_the_model_is_told_later(commands: Commands, provider: str) -> None:
    house = House(commands, provider, ("unlock_door", {"door": "front door"}))
    dialogue = house.play(12.0, Spoken(8.0, "yes", "Yes"))
    assert dialogue.agent.skills.home.locks == {"front door": False}
    assert outcomes(dialogue) == ["asked", "done"]
    assert "Front door unlocked." in [event.text for event in dialogue.of("reply")]
    assert [result["status"] for result in house.results()] == ["ok"]
    waited = [event for event in dialogue.of("reply") if "waiting for the cloud" in event.text]
    assert waited == [], "the device asks, so nobody waits for the cloud"


def test_no_word_at_all_is_no_yes(commands: Commands) -> None:
    house = House(commands, "openai_realtime", ("unlock_door", {"door": "front door"}))
    dialogue = house.play(40.0, Spoken(37.0, "yes", "Yes"))
    assert dialogue.agent.skills.home.locks == {}
    assert outcomes(dialogue) == ["asked", "refused"]


def test_what_is_asked_for_twice_in_one_answer_is_done_once_and_answered_twice(commands: Commands) -> None:
    house = House(commands, "gemini_live", ("change_volume", {"action": "up"}), num_calls=3)
    dialogue = house.play(5.0)
    assert dialogue.agent.skills.home.volume.percent == 80
    assert outcomes(dialogue) == ["done"]
    assert [result["status"] for result in house.results()] == ["ok"] * 3
    assert [("note" in result) for result in house.results()] == [False, True, True]


def test_a_result_does_not_leave_once_the_user_forbids_it() -> None:
    gate = Gate("on", MessageRing.create(1 << 18), "cloud.example")
    gate.open(np.zeros(16_000, np.float32), 16_000, "open_question")
    gate.close(16_000, is_asked=True)
    assert gate.answer_call(0, Result(gate.turn, "1", "{}", False))
    assert not gate.answer_call(0, Result(gate.turn + 1, "1", "{}", False)), "of a question that was never asked"
    gate.revoke()
    assert not gate.answer_call(0, Result(gate.turn, "2", "{}", False))
    assert [(receipt.allowed, receipt.reason) for receipt in gate.receipts][1:] == [
        *((True, "cloud.example"), (False, "forbidden"), (False, "forbidden")),
    ]
    gate.state = "local_only"
    assert not gate.answer_call(0, Result(gate.turn, "3", "{}", False))


def test_a_call_that_nobody_waits_for_is_not_carried_out() -> None:
    calls = MessageRing.create(1 << 16)
    dialogue = Dialogue([], calls=calls)
    calls.send(pack(Call(3, "1", "VolumeUp", "{}")))
    dialogue.run(0.1)
    assert outcomes(dialogue) == ["refused"]
    assert dialogue.agent.skills.home.volume.percent == 70


def test_the_registry_says_what_the_commands_file_says(tools: dict[str, HouseTool]) -> None:
    assert list(tools) == [
        *("set_timer", "change_volume", "set_brightness", "unlock_door", "buy_coffee", "make_tea"),
    ]
    assert tools["set_timer"].parameters["properties"] == {"seconds": {"type": "integer", "minimum": 1, "maximum": 99}}
    assert tools["change_volume"].parameters["required"] == ["action"]
    assert tools["change_volume"].parameters["properties"]["action"]["enum"] == ["up", "down"]
    assert tools["set_brightness"].parameters["properties"] == {
        "area": {"type": "string", "enum": ["kitchen", "office"]},
        "brightness": {"type": "integer", "enum": [50, 100]},
    }
    assert [name for name, tool in tools.items() if tool.needs_yes] == ["unlock_door", "buy_coffee"]
    assert tools["change_volume"].order({"action": "down"}) == ("VolumeDown", {})


def test_an_answer_that_calls_without_end_is_stopped(tools: dict[str, HouseTool]) -> None:
    sent: list[Parcel] = []
    desk = Desk(tools.values(), partial(kept, sent))
    for number in range(1, 60):
        refused = desk.take(1, ToolCall(str(number), "set_timer", {"seconds": number}), 0.0)
        done = sent[-1]
        assert isinstance(done, Call)
        desk.bring(Result(1, done.call_id, '{"status": "ok"}', False))
    assert len(sent) == MAX_CALLS
    assert refused is not None
    assert refused.error is not None
    again = desk.take(1, ToolCall("x", "set_timer", {"seconds": 1}), 0.0)
    assert again is not None
    assert "note" in again.output
    desk.begin()
    assert desk.take(2, ToolCall("y", "set_timer", {"seconds": 1}), 0.0) is None, "a new turn may do it again"
    assert [result.error["reason"] for result in desk.overdue(60.0) if result.error] == [
        "the device did not answer in time"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NUMBERS = itertools.count()
NEARLY = st.dictionaries(st.sampled_from(["seconds", "action", "door", "x"]), JSON, max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["set_timer", "change_volume", "unlock_door", "none"]), arguments=JSON | NEARLY)
def test_any_call_is_carried_out_as_the_schema_says_or_answered_with_an_error(
    tools: dict[str, HouseTool], calls: Calls, name: str, arguments: Any
) -> None:
    """Through the client's check and the desk, as an object and as its text."""
    sent: list[Parcel] = []
    desk = Desk(tools.values(), partial(kept, sent))
    calls.cancel_all()
    for given_as in (arguments, json.dumps(arguments)):
        accepted = calls.accept(f"call {next(NUMBERS)}", name, given_as)
        if isinstance(accepted, ToolCall):
            desk.take(1, accepted, 0.0)
        elif accepted is not None:
            assert accepted.error is not None
            assert set(accepted.error) >= {"status", "retryable", "reason"}
    for parcel in sent:
        assert isinstance(parcel, Call)
        assert unpack(pack(parcel)) == parcel
        assert tools[name].order(json.loads(parcel.slots) | {"action": "up"})


@pytest.mark.parametrize("slots", ["", "[]", "null", '{"seconds": []}', '{"seconds": {}}', "{" * 900, '{"a": null}'])
def test_slots_that_are_none_cost_the_call_and_nothing_else(slots: str) -> None:
    up, calls = MessageRing.create(1 << 21), MessageRing.create(1 << 16)
    gate = Gate("on", up, "cloud.example")
    dialogue = Dialogue([QUESTION], gate=gate, calls=calls)
    dialogue.run(4.0)
    calls.send(pack(Call(gate.turn, "1", "StartTimer", slots)))
    dialogue.run(0.1)
    assert outcomes(dialogue) == ["refused"]
    assert dialogue.of("fault") == []
