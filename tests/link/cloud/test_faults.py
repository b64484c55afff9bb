"""The twelve faults on real sockets: each is met, none hangs or raises, and the next session answers again."""

import asyncio
import ssl
import time
from dataclasses import replace

import pytest

from edge_agent.cli import cloud_sim as command
from edge_agent.errors import CloudError
from edge_agent.link.cloud.base import CloudEvent, Failed, GoingAway, SessionFailed, TurnDone
from edge_agent.link.cloud.providers import make_session
from edge_agent.link.cloud.wire import connect
from edge_agent.link.cloud_sim import mishaps
from edge_agent.link.cloud_sim.faults import FAULTS, Fault, FaultPlan, faulty
from edge_agent.link.cloud_sim.server import serving
from edge_agent.link.cloud_sim.stage import Stage, spoken
from tests.link.cloud.talks import FAST, ask, config, of, sound_of, until_done

OWN_TURNS = ("gemini_live", "openai_realtime")
WHOLE = spoken("Yes.", 24_000)


async def one_turn(provider: str, port: int, plan: FaultPlan, limit_s: float = 10.0) -> list[CloudEvent]:
    """A session of one turn; what happened, whatever went wrong."""
    session = make_session(provider, config(provider, port, ping_interval_s=0.2, ping_timeout_s=1.0))
    session._connect = faulty(connect, plan)  # type: ignore[attr-defined]
    try:
        await session.open()
    except SessionFailed as failed:
        return [failed.failure]
    await ask(session)
    events = await until_done(session.events(), limit_s)
    await asyncio.wait_for(session.close(), 1.0)
    return events


def met(provider: str, fault: Fault) -> list[CloudEvent]:
    """What a session meets with that fault; and proof that the one after it meets nothing."""

    async def talk() -> list[CloudEvent]:
        stage = Stage(replace(FAST, slow_pong_s=0.2))
        stage.faults.add(fault)
        async with serving(stage) as port:
            events = await one_turn(provider, port, stage.faults)
            assert stage.faults.num_done == 1
            again = await one_turn(provider, port, stage.faults)
            assert sound_of(again) == WHOLE
            assert again[-1].reason == "complete"  # type: ignore[union-attr]
        return events

    return asyncio.run(talk())


@pytest.mark.parametrize("provider", OWN_TURNS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [("drop", "dropped"), ("half_open", "dropped"), ("close_1011", "server"), ("tls", "tls"), ("dns", "unreachable")],
)
def test_faults_that_end_a_session_say_which(provider: str, fault: Fault, kind: str) -> None:
    began_s = time.monotonic()
    failure = met(provider, fault)[-1]
    assert isinstance(failure, Failed)
    assert failure.kind == kind
    assert failure.message.endswith(".")
    assert time.monotonic() - began_s < 10


@pytest.mark.parametrize("provider", OWN_TURNS)
@pytest.mark.parametrize("fault", ["garbage", "clock_jump", "slow_pong"])
def test_faults_that_a_session_survives_cost_no_sound(
    provider: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mishaps, "STANDSTILL_S", 0.2)
    events = met(provider, fault)
    assert sound_of(events) == WHOLE
    assert events[-1].reason == "complete"  # type: ignore[union-attr]


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_a_message_beyond_all_measure_ends_the_session_only(provider: str) -> None:
    failure = met(provider, "oversize")[-1]
    assert isinstance(failure, Failed)
    assert failure.kind == "server"


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_an_empty_turn_is_told_so_that_the_device_can_speak(provider: str) -> None:
    events = met(provider, "empty_turn")
    assert sound_of(events) == b""
    assert [event.reason for event in of(TurnDone, events)] == ["empty"]


def test_an_end_before_the_sound_is_an_empty_turn_of_gemini() -> None:
    assert of(TurnDone, met("gemini_live", "wrong_order"))[0].reason == "empty"


def test_parts_in_the_wrong_order_cost_openai_no_sound() -> None:
    assert sound_of(met("openai_realtime", "wrong_order")) == WHOLE


def test_gemini_says_when_it_goes_and_the_end_is_no_fault() -> None:
    async def talk() -> list[CloudEvent]:
        stage = Stage(FAST, FaultPlan(["go_away"]))
        async with serving(stage) as port:
            session = make_session("gemini_live", config("gemini_live", port))
            await session.open()
            await ask(session)
            events = session.events()
            heard = [*await until_done(events), *await until_done(events)]
            await session.close()
            return heard

    events = asyncio.run(talk())
    assert of(GoingAway, events) == [GoingAway(1_000.0)]
    assert sound_of(events) == WHOLE
    assert of(Failed, events)[0].kind == "expired"


def test_a_server_without_a_certificate_of_ours_is_not_talked_to() -> None:
    trustme = pytest.importorskip("trustme")

    async def talk() -> Failed:
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(theirs)
        stage = Stage(FAST)
        async with serving(stage, tls=theirs) as port:
            session = make_session("gemini_live", config("gemini_live", port, scheme="wss"))
            with pytest.raises(SessionFailed) as caught:
                await session.open()
        assert stage.num_heard_bytes == 0
        return caught.value.failure

    failure = asyncio.run(talk())
    assert failure.kind == "tls"
    assert failure.message == "I can't be sure that this is Gemini, so I did not connect."


def test_nobody_there_no_such_name_no_answer() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def talk() -> list[str]:
        kinds = []
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            for url in (f"ws://127.0.0.1:{port}/", "ws://127.0.0.1:9/", "ws://no-such-host.invalid/"):
                session = make_session("openai_realtime", config("openai_realtime", url=url, open_timeout_s=0.5))
                try:
                    await session.open()
                except SessionFailed as failed:
                    kinds.append(failed.failure.kind)
        return kinds

    assert asyncio.run(talk()) == ["timeout", "unreachable", "unreachable"]


@pytest.mark.parametrize("url", ["http://x/", "ws://", "ws://[::1", "ws://h:99999/", "openai", "ws://h:0/"])
def test_what_is_no_url_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(CloudError, match="begins with wss://HOST"):
        make_session("openai_realtime", config("openai_realtime", url=url))


def test_a_redirect_is_not_followed() -> None:
    """The egress gate let sound go to one host, not to wherever that host points."""

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def talk() -> Failed:
        server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            session = make_session("openai_realtime", config("openai_realtime", port))
            with pytest.raises(SessionFailed) as caught:
                await session.open()
        return caught.value.failure

    failure = asyncio.run(talk())
    assert failure.kind == "refused"
    assert "302" in failure.detail


def test_the_command_offers_every_fault_that_a_server_can_make() -> None:
    assert set(command.FAULTS) == set(FAULTS) - {"dns"}
    assert len(FAULTS) == 12
