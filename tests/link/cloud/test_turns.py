"""A turn, its answer, and what cuts it off: the same for every live model, against its stand-in."""

import asyncio
from dataclasses import replace

import pytest

from benchmarks import virtual_time
from edge_agent.link.cloud.base import (
    AudioDelta,
    CloudEvent,
    Failed,
    ResumeHandle,
    Said,
    Transcript,
    TurnDone,
    UsageSeen,
)
from edge_agent.link.cloud_sim.stage import Scene, Stage, spoken
from tests.link.cloud.talks import FAST, LIVE, VOICE, ask, in_memory, of, scripted, sound_of, until_done

OWN_TURNS = ("gemini_live", "openai_realtime")
LONG = replace(FAST, answer="This answer is long enough to be cut off in the middle of its many words.", pace=40.0)


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_a_spoken_turn_gets_the_whole_answer_and_no_more(provider: str) -> None:
    async def talk() -> None:
        stage = Stage(FAST)
        session = in_memory(provider, stage)
        await session.open()
        events = session.events()
        for number in range(1, 4):
            await ask(session)
            heard = await until_done(events)
            assert sound_of(heard) == spoken("Yes.", 24_000)
            assert heard[-1].reason == "complete"  # type: ignore[union-attr]
            assert {event.rate_hz for event in of(AudioDelta, heard)} == {24_000}
            finals = {event.role: event.text for event in of(Transcript, heard) if event.final}
            assert finals == {"user": FAST.question, "agent": "Yes."}
            assert stage.num_turns == number
        await session.close()
        assert session.counters.num_malformed == session.counters.num_errors == 0

    virtual_time.run(talk())


def test_every_sample_of_a_turn_reaches_the_model() -> None:
    async def talk() -> dict[str, int]:
        heard = {}
        for provider in OWN_TURNS:
            stage = Stage(FAST)
            session = in_memory(provider, stage)
            await session.open()
            await ask(session)
            await until_done(session.events())
            await session.close()
            heard[provider] = stage.num_heard_bytes
        return heard

    heard = virtual_time.run(talk())
    assert heard["gemini_live"] == len(VOICE)
    assert abs(heard["openai_realtime"] - len(VOICE) * 3 // 2) <= 48  # at 24 kHz, to within a millisecond


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_nothing_of_a_cancelled_answer_is_handed_out(provider: str) -> None:
    async def talk() -> None:
        session = in_memory(provider, Stage(LONG))
        await session.open()
        events = session.events()
        await ask(session)
        async for event in events:
            if isinstance(event, AudioDelta):
                break
        await session.cancel(heard_ms=10)
        await session.begin_turn()
        await session.send_audio(VOICE, 32_000)
        rest = await until_done(events)
        assert sound_of(rest) == b""
        assert rest[-1].reason == "cancelled"  # type: ignore[union-attr]
        await session.end_turn()
        answer = await until_done(events)
        assert sound_of(answer) == spoken(LONG.answer, 24_000)
        await session.close()
        assert session.counters.num_errors == 0

    virtual_time.run(talk())


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_an_answer_cancelled_before_it_began_is_never_heard_and_the_next_one_is(provider: str) -> None:
    async def talk() -> None:
        session = in_memory(provider, Stage(replace(FAST, think_s=0.05)))
        await session.open()
        events = session.events()
        await ask(session)
        await session.cancel(0)
        assert sound_of(await until_done(events)) == b""
        await ask(session)
        assert sound_of(await until_done(events)) == spoken("Yes.", 24_000)
        await session.close()

    virtual_time.run(talk())


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_an_abandoned_turn_is_not_answered(provider: str) -> None:
    async def talk() -> None:
        stage = Stage(FAST)
        session = in_memory(provider, stage)
        await session.open()
        await session.begin_turn()
        await session.send_audio(VOICE, 0)
        await session.abandon_turn()
        await asyncio.sleep(0.1)
        assert stage.num_turns == 0
        await ask(session)
        heard = await until_done(session.events())
        assert sound_of(heard) == spoken("Yes.", 24_000)
        assert stage.num_turns == 1
        await session.close()

    virtual_time.run(talk())


@pytest.mark.parametrize("provider", LIVE)
def test_provider_ends_the_turn_of_a_microphone_that_fell_silent(provider: str) -> None:
    """Silence suppression sends nothing after the last word; the provider's detector must hear silence all the same."""

    async def talk() -> None:
        stage = Stage(replace(FAST, answer="Yes."))
        session = in_memory(provider, stage, turns="provider")
        await session.open()
        await ask(session)
        heard = await until_done(session.events())
        assert len(sound_of(heard)) > 0
        assert stage.num_turns == 1
        await session.close()

    virtual_time.run(talk())


@pytest.mark.parametrize("provider", OWN_TURNS)
def test_a_typed_turn_and_earlier_turns(provider: str) -> None:
    async def talk() -> None:
        history = (Said("user", "who wrote Emma"), Said("agent", "Jane Austen."))
        for model in ("gemini-3.8-live", "gemini-3.1-flash-live-preview"):
            session = in_memory(provider, Stage(FAST), history=history, model=model)
            await session.open()
            await session.send_text("and when")
            heard = await until_done(session.events())
            assert sound_of(heard) == spoken("Yes.", 24_000)
            await session.close()

    virtual_time.run(talk())


def test_usage_is_reported() -> None:
    async def talk() -> list[UsageSeen]:
        session = in_memory("openai_realtime", Stage(FAST))
        await session.open()
        await ask(session)
        seen = []
        async for event in session.events():
            if isinstance(event, UsageSeen):
                seen.append(event)
                break
        await session.close()
        return seen

    assert virtual_time.run(talk()) == [UsageSeen(120, 80, 64)]


def test_gemini_resumes_once_the_old_connection_is_closed() -> None:
    async def talk() -> None:
        stage = Stage(FAST)
        session = in_memory("gemini_live", stage)
        await session.open()
        await ask(session)
        handles: list[str | None] = []
        async for event in session.events():
            if isinstance(event, ResumeHandle):
                handles.append(event.handle)
                if event.handle:
                    break
        assert handles == [None, "handle-1"]
        await session.close()
        await asyncio.sleep(0.05)
        again = in_memory("gemini_live", stage, resume_handle="handle-1")
        await again.open()
        await ask(again)
        assert sound_of(await until_done(again.events())) == spoken("Yes.", 24_000)
        await again.close()

    virtual_time.run(talk())


@pytest.mark.parametrize("provider", LIVE)
def test_closing_ends_the_events_without_a_failure(provider: str) -> None:
    async def talk() -> None:
        session = in_memory(provider, Stage(Scene(think_s=60)))
        await session.open()
        await ask(session)
        heard: list[object] = []

        async def listen() -> None:
            async for event in session.events():
                heard.append(event)

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0.02)
        await asyncio.wait_for(session.close(), 1.0)
        await asyncio.wait_for(listening, 1.0)
        assert not [event for event in heard if isinstance(event, Failed | TurnDone)]
        await session.close()
        await session.send_audio(VOICE, 0)

    virtual_time.run(talk())


def test_an_answer_that_never_ends_does_not_take_the_next_one_with_it() -> None:
    sound = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AAAA"}}
    said = [{"serverContent": {"modelTurn": {"parts": [sound]}}}, {"serverContent": {"turnComplete": True}}]

    async def talk(turn_s: float) -> list[CloudEvent]:
        session, _ = scripted("gemini_live", said)
        await session.open()
        await ask(session)
        await session.cancel(0)  # and the model says nothing of it
        await session.begin_turn()
        await asyncio.sleep(turn_s)
        await session.end_turn()
        heard = [event async for event in session.events()]
        await session.close()
        return heard

    assert sound_of(virtual_time.run(talk(0.5))) == b""  # it may still be the old one
    late = virtual_time.run(talk(2.5))
    assert sound_of(late) == bytes(2)
    assert of(TurnDone, late)[0].reason == "complete"
