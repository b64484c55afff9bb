"""A moderation service beside the rules: what it objects to is not heard; when it fails, the profile decides."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from benchmarks import virtual_time
from benchmarks.offload_rig import Rig, memory_network
from edge_agent.errors import CloudError
from edge_agent.link.cloud_sim.http import FLAGGED, serving_http
from edge_agent.link.cloud_sim.stage import Scene, Stage
from edge_agent.link.clouds import make_runner
from edge_agent.link.moderation import (
    MOST_AT_ONCE,
    TAIL_LETTERS,
    Flags,
    Moderation,
    ModerationFailed,
    Opinions,
)
from edge_agent.link.safety import NO_CHECK, OBJECTION, WithoutWords
from edge_agent.profile import CloudProfile, ModerationProfile, PrivacyProfile, Profile, ProviderProfile

HOST = "moderation.example"


def flagging(word: str, takes_s: float = 0.08) -> Flags:
    async def flags(text: str) -> bool:
        await asyncio.sleep(takes_s)
        return word in text

    return flags


async def failing(text: str) -> bool:
    raise ModerationFailed("down")


async def hanging(text: str) -> bool:
    await asyncio.sleep(3_600)
    return False


def asked(flags: Flags, words: str, without_words: WithoutWords) -> Rig:
    """One question to a model whose answer has these words, with their sound far behind them."""
    network = memory_network()
    network.words = (words,)

    async def scene() -> Rig:
        rig = Rig([network.provider()], without_words=without_words, flags=flags, flags_host=HOST)
        await rig.speak(1.0)
        rig.ask()
        await rig.hear_out()
        await rig.close()
        return rig

    return virtual_time.run(scene())


@pytest.mark.parametrize("without_words", ["pass", "block"])
def test_what_it_objects_to_is_stopped_and_harmless_words_are_heard(without_words: WithoutWords) -> None:
    bad = asked(flagging("poison"), "poison for all of you ", without_words)
    assert bad.receipts[-1].outcome == "blocked"
    assert bad.said() == [OBJECTION.say]
    good = asked(flagging("poison"), "bread and butter for all of you ", without_words)
    assert good.receipts[-1].outcome == "answered"
    assert good.said() == []
    assert good.receipts[-1].hosts[HOST] == 0.0, "words went to a host that no receipt names"


def test_held_for_its_words_nothing_of_it_is_heard() -> None:
    network = memory_network()
    network.words = ("poison for all of you ",)

    async def scene() -> int:
        rig = Rig([network.provider()], without_words="block", flags=flagging("poison"))
        await rig.speak(1.0)
        rig.ask()
        num_heard = 0
        while not rig.said():
            num_heard += await rig.tick() and not rig.said()
        await rig.close()
        return num_heard

    assert virtual_time.run(scene()) == 0


@pytest.mark.parametrize("flags", [failing, hanging])
def test_a_service_that_is_down_counts_as_the_profile_says(flags: Flags) -> None:
    assert asked(flags, "bread and butter ", "pass").receipts[-1].outcome == "answered"
    closed = asked(flags, "bread and butter ", "block")
    assert closed.receipts[-1].outcome == "blocked"
    assert closed.said() == [NO_CHECK.say]


def test_words_are_asked_about_in_order_and_together_while_verdicts_are_awaited() -> None:
    texts: list[str] = []

    async def flags(text: str) -> bool:
        texts.append(text)
        await asyncio.sleep(0.1)
        return False

    async def scene() -> Opinions:
        opinions = Opinions(flags, lambda: None)
        for number in range(100):
            opinions.hear("agent", f"{number:02d} " * 10)
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.0)
        return opinions

    opinions = virtual_time.run(scene())
    assert len(texts) <= 12 * MOST_AT_ONCE, "a request for every piece of words"
    assert opinions.num_cleared == 100 * 30
    assert all(len(text) <= TAIL_LETTERS + 330 for text in texts)
    assert texts[-1].rstrip().endswith("99")


def test_words_count_once_all_before_them_do() -> None:
    async def flags(text: str) -> bool:
        await asyncio.sleep(0.3 if text == "slow " else 0.1)
        return False

    async def scene() -> list[int]:
        opinions = Opinions(flags, lambda: None)
        opinions.hear("agent", "slow ")
        opinions.hear("agent", "quick ")
        await asyncio.sleep(0.2)
        cleared = [opinions.num_cleared]
        await asyncio.sleep(0.2)
        return [*cleared, opinions.num_cleared]

    assert virtual_time.run(scene()) == [0, 11]


def test_what_may_sound_unseen_is_what_the_profile_allows() -> None:
    async def scene() -> list[int]:
        opinions = Opinions(flagging("poison"), lambda: None, unseen_letters=3)
        free = [opinions.num_free]
        opinions.hear("agent", "bread and butter ")
        await asyncio.sleep(0.1)
        return [*free, opinions.num_free]

    assert virtual_time.run(scene()) == [3, 17 + 3]


def answering(body: object, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: httpx.Response(status, content=content)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"results": []}, 200),
        ({"results": [{"categories": {}}]}, 200),
        ({"results": {"flagged": True}}, 200),
        (b"\xff not json", 200),
        ({"results": [{"flagged": False}]}, 500),
        ([[[]]], 200),
    ],
)
def test_an_answer_that_is_no_verdict_is_a_failure_not_a_yes(body: object, status: int) -> None:
    service = Moderation("https://m.example/v1", "", transport=httpx.MockTransport(answering(body, status)))
    with pytest.raises(ModerationFailed):
        asyncio.run(_once(service, "words"))


def test_the_stand_in_is_understood_and_gets_no_more_than_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGE_AGENT_CLOUD_KEY", raising=False)

    async def scene() -> list[bool]:
        async with serving_http(Stage(Scene())) as port:
            service = Moderation(f"http://127.0.0.1:{port}/v1", "any")
            try:
                return [await service("a word"), await service(f"the word {FLAGGED}")]
            finally:
                await service.close()

    assert asyncio.run(scene()) == [False, True]


def test_a_key_is_never_sent_where_others_could_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_AGENT_CLOUD_KEY", "secret-of-ours")
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"results": [{"flagged": False}]})

    with pytest.raises(ModerationFailed):
        asyncio.run(_once(Moderation("http://m.example/v1", "", transport=httpx.MockTransport(answer)), "words"))
    assert not seen
    asyncio.run(_once(Moderation("https://m.example/v1", "", transport=httpx.MockTransport(answer)), "words"))
    assert seen[0].headers["authorization"] == "Bearer secret-of-ours"


@pytest.mark.parametrize(("url", "says"), [("https://other.example/v1", "privacy.hosts"), ("ftp://x", "no URL")])
def test_a_host_that_is_not_allowed_stops_the_start(url: str, says: str) -> None:
    provider = ProviderProfile(kind="gemini_live", url="wss://ours.example/x")
    cloud = CloudProfile(providers=(provider,), moderation=ModerationProfile(url=url))
    profile = Profile(name="test", privacy=PrivacyProfile(state="on", hosts=("ours.example",)), cloud=cloud)
    with pytest.raises(CloudError, match=says):
        make_runner(profile, lambda parcel: True, lambda line: None)


async def _once(service: Moderation, text: str) -> bool:
    try:
        return await service(text)
    finally:
        await service.close()
