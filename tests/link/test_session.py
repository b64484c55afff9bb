"""The runner against a cloud in memory, in virtual time: every fault ends in words or an answer, never in silence."""

import asyncio
import random
import time
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import virtual_time
from benchmarks.cloud_in_memory import FAULTS, PIECE_MS, Fault, Network
from benchmarks.offload_rig import Rig, memory_network
from edge_agent.link.choosing import UNREACHABLE
from edge_agent.link.safety import Rule, Rules
from edge_agent.link.turns import BROKEN, NO_ANSWER
from edge_agent.parcels import Cancelled, Piece

LONGEST_SILENCE_S = 3.0


def played(rig_of: Callable[[], Rig], act: Callable[[Rig], Awaitable[None]]) -> Rig:
    """Run a scene in virtual time."""

    async def scene() -> Rig:
        rig = rig_of()
        await act(rig)
        await rig.close()
        return rig

    return virtual_time.run(scene())


async def ask(rig: Rig, speech_s: float = 2.0) -> float:
    await rig.speak(speech_s)
    assert rig.ask()
    longest_s, _ = await rig.hear_out()
    return longest_s


def outcomes(rig: Rig) -> list[str]:
    return [receipt.outcome for receipt in rig.receipts]


def test_questions_are_answered_in_one_session() -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        for _ in range(3):
            assert await ask(rig) < 0.6

    rig = played(lambda: Rig([network.provider()]), act)
    assert outcomes(rig) == ["answered"] * 3
    assert network.num_connections == 1
    assert rig.said() == []
    assert rig.receipts[1].hosts == {"memory.example": network.turns[1] / 32}


@pytest.mark.parametrize("after_pieces", [0, 20])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_heard_as_silence_and_leaves_nothing_behind(fault: Fault, after_pieces: int) -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        network.fault, network.fault_after_pieces = fault, after_pieces
        assert await ask(rig) <= LONGEST_SILENCE_S
        assert network.num_met == 1
        network.fault = None
        assert await ask(rig) <= LONGEST_SILENCE_S

    rig = played(lambda: Rig([network.provider()]), act)
    assert outcomes(rig)[-1] == "answered", "it did not recover"
    assert (outcomes(rig)[0] == "answered") is not (BROKEN in rig.said())
    assert network.most_open == 1, "a session was opened beside the one before"
    assert network.num_open == 0


def test_an_answer_that_breaks_off_is_not_begun_again() -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        network.fault, network.fault_after_pieces = "close_1011", 20
        await ask(rig)

    rig = played(lambda: Rig([network.provider()]), act)
    assert rig.said() == [BROKEN]
    assert outcomes(rig) == ["lost"]


def test_speech_that_was_not_answered_is_said_again_in_whole() -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        network.fault = "drop"
        await ask(rig)

    rig = played(lambda: Rig([network.provider()]), act)
    assert outcomes(rig) == ["answered"]
    assert network.turns[0] == network.turns[1] == 64_000
    assert rig.receipts[0].hosts["memory.example"] == 4_000.0, "what was sent twice is counted once"


def test_the_next_in_the_list_is_asked_when_one_is_down() -> None:
    down, up = memory_network(), memory_network()

    async def keep_down() -> None:
        while True:
            down.fault = "dns"
            await asyncio.sleep(0.01)

    async def act(rig: Rig) -> None:
        breaking = asyncio.ensure_future(keep_down())
        await asyncio.sleep(0.02)
        assert await ask(rig) <= LONGEST_SILENCE_S
        assert await ask(rig) <= LONGEST_SILENCE_S
        breaking.cancel()

    rig = played(lambda: Rig([down.provider("down"), up.provider("up")]), act)
    assert outcomes(rig) == ["answered", "answered"]
    assert down.num_connections == 1
    assert up.num_connections == 1


def test_nobody_reachable_is_said_at_once_and_tried_less_and_less() -> None:
    network = memory_network()

    async def keep_down() -> None:
        while True:
            network.fault = "dns"
            await asyncio.sleep(0.01)

    async def act(rig: Rig) -> None:
        breaking = asyncio.ensure_future(keep_down())
        await asyncio.sleep(0.02)
        await ask(rig)
        assert rig.said() == [UNREACHABLE]
        await asyncio.sleep(100)
        assert network.num_connections < 40, "it hammers a network that is down"
        breaking.cancel()
        network.fault = None
        assert await ask(rig) <= 1.5, "a question waited for the end of a pause"

    rig = played(lambda: Rig([network.provider()]), act)
    assert outcomes(rig)[-1] == "answered"


def test_two_empty_answers_are_owned_up_to() -> None:
    network = memory_network()

    async def keep_empty() -> None:
        while True:
            network.fault = "empty_turn"
            await asyncio.sleep(0.01)

    async def act(rig: Rig) -> None:
        breaking = asyncio.ensure_future(keep_empty())
        await ask(rig)
        breaking.cancel()

    rig = played(lambda: Rig([network.provider()]), act)
    assert rig.said() == [NO_ANSWER]
    assert len(network.turns) == 2


def test_a_session_is_renewed_in_a_pause_before_its_time_is_up() -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        for _ in range(12):
            assert await ask(rig) < 0.7
            await asyncio.sleep(100)

    rig = played(lambda: Rig([network.provider()]), act)
    assert outcomes(rig) == ["answered"] * 12
    assert 2 <= network.num_connections <= 6
    assert network.most_open == 1


def test_after_an_hour_of_silence_a_session_is_watched_from_its_beginning() -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        await asyncio.sleep(3_600.5)
        network.fault = "half_open"
        await rig.speak(2.0)
        rig.ask()
        _, took_s = await rig.hear_out()
        assert took_s < 8.5, "whoever watches was asleep"

    assert outcomes(played(lambda: Rig([network.provider()]), act)) == ["answered"]


def test_a_session_that_nobody_uses_is_closed() -> None:
    network = memory_network()

    async def act(rig: Rig) -> None:
        await ask(rig)
        await asyncio.sleep(200)
        assert network.num_open == 0

    played(lambda: Rig([network.provider()]), act)
    assert network.num_connections == 1


def test_after_a_barge_in_not_one_piece_is_accepted() -> None:
    network = memory_network()
    network.num_pieces, network.pace = 400, 2.0

    async def act(rig: Rig) -> None:
        await rig.speak(2.0)
        rig.ask()
        while not rig.mixer.is_speaking:
            await rig.tick()
        for _ in range(100):
            await rig.tick()
        rig.talk.stop()
        heard_ms = []
        give = rig.runner.give
        rig.runner.give = lambda parcel: (heard_ms.append(parcel), give(parcel))[1]  # type: ignore[assignment, func-returns-value]
        assert await rig.tick() in (True, False)
        assert [type(parcel) for parcel in heard_ms] == [Cancelled]
        assert 950 <= heard_ms[0].heard_ms <= 1_020  # type: ignore[union-attr]
        for _ in range(3):
            await rig.tick()
        while rig.down.receive() is not None:
            pass
        for _ in range(100):
            assert await rig.tick() is False
        assert rig.down.receive() is None, "the link process goes on sending a cancelled answer"

    rig = played(lambda: Rig([network.provider()]), act)
    assert outcomes(rig) == ["cancelled"]


def test_what_a_rule_forbids_is_not_heard() -> None:
    network = memory_network()
    network.words = ("4111 1111 1111 1111 ",)
    rules = Rules((Rule(name="card", pattern=r"\d{4} \d{4}", say="No numbers."),))

    async def act(rig: Rig) -> None:
        await rig.speak(2.0)
        rig.ask()
        while not rig.said():
            is_heard = await rig.tick()
            assert not is_heard or rig.said(), "sound of a forbidden answer was heard"
        await rig.hear_out()

    rig = played(lambda: Rig([network.provider()], rules=rules), act)
    assert rig.said() == ["No numbers."]
    assert outcomes(rig) == ["blocked"]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_any_mix_of_faults_is_survived(seed: int) -> None:
    rng = random.Random(seed)
    network = Network(rng)

    async def act(rig: Rig) -> None:
        for _ in range(3):
            network.fault, network.fault_after_pieces = rng.choice(FAULTS), rng.choice([0, 0, 1, 30])
            network.think_s, network.pace = rng.choice([0.1, 2.0]), rng.choice([1.2, 4.0, 20.0])
            assert await ask(rig, rng.uniform(0.4, 4.0)) <= LONGEST_SILENCE_S
        assert rig.running.done() is False, "the runner died"

    rig = played(lambda: Rig([network.provider()]), act)
    assert len(rig.receipts) == 3


def test_memory_is_flat() -> None:
    network = memory_network()
    network.num_pieces = 20  # for what is traced is slow

    async def act(rig: Rig) -> None:
        for number in range(2 * len(FAULTS)):
            network.fault = FAULTS[number % len(FAULTS)]
            await ask(rig, 0.5)
            rig.events.clear()
            if number == len(FAULTS) - 1:
                tracemalloc.start()
                before = tracemalloc.take_snapshot()
        grown = sum(entry.size_diff for entry in tracemalloc.take_snapshot().compare_to(before, "filename"))
        tracemalloc.stop()
        assert grown < 150_000

    played(lambda: Rig([network.provider()]), act)


def test_the_first_sound_is_handed_on_at_once() -> None:
    network = memory_network()
    came_s: list[float] = []

    async def act(rig: Rig) -> None:
        put = rig._put
        loop = asyncio.get_running_loop()
        rig.runner._outbox._put = lambda parcel: (  # when it comes to the ring
            came_s.append(loop.time()) if isinstance(parcel, Piece) else None,
            put(parcel),
        )[1]
        await rig.speak(2.0)
        rig.ask()
        asked_s = loop.time()
        while not await rig.tick():
            pass
        assert loop.time() - (asked_s + network.think_s) < 0.06
        assert came_s[0] - asked_s - network.think_s < 0.02

    played(lambda: Rig([network.provider()]), act)


def test_virtual_time_is_virtual() -> None:
    async def sleep() -> float:
        await asyncio.sleep(3_600)
        return asyncio.get_running_loop().time()

    began_s = time.monotonic()
    assert virtual_time.run(sleep()) == pytest.approx(3_600)
    assert time.monotonic() - began_s < 1.0
    assert PIECE_MS == 40
