"""The gate: nothing leaves in any state of this version, and what could leave later leaves only by the gate."""

from typing import get_args

import numpy as np
import pytest

from edge_agent.egress import MAX_RECEIPTS, Gate, State, decide
from edge_agent.ring import MessageRing

SECOND = np.ones(16_000, np.float32)


@pytest.mark.parametrize("state", get_args(State))
def test_nothing_leaves_without_a_client(state: State) -> None:
    ring = MessageRing.create(1 << 18)
    event = Gate(state, ring).offer(SECOND, 32_000, "open_question")
    assert event.allowed is False
    assert event.reason == ("no_client" if state == "on" else state)
    assert ring.receive() is None


@pytest.mark.parametrize("state", ["muted", "local_only", "ask"])
def test_a_client_alone_opens_nothing(state: State) -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate(state, ring, client="example")
    assert gate.offer(SECOND, 0, "open_question").allowed is False
    assert ring.receive() is None
    assert gate.receipts[0].sent_ms == 0.0


def test_what_is_let_out_has_a_receipt_of_its_length() -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate("on", ring, client="example")
    assert gate.offer(SECOND, 160, "open_question").allowed is True
    assert ring.receive() == SECOND.tobytes()
    receipt = gate.receipts[0]
    assert (receipt.at_sample, receipt.purpose, receipt.reason, receipt.sent_ms) == (
        160,
        "open_question",
        "example",
        1000,
    )


def test_a_full_ring_refuses_and_says_so() -> None:
    gate = Gate("on", MessageRing.create(1 << 10), client="example")
    event = gate.offer(SECOND, 0, "open_question")
    assert (event.allowed, event.reason) == (False, "ring_full")


def test_a_replay_has_nowhere_to_send() -> None:
    assert Gate("on", ring=None, client="example").offer(SECOND, 0, "open_question").reason == "no_client"


def test_receipts_are_bounded() -> None:
    gate = Gate("local_only")
    for at_sample in range(MAX_RECEIPTS + 10):
        gate.offer(SECOND[:160], at_sample, "open_question")
    assert len(gate.receipts) == MAX_RECEIPTS
    assert gate.receipts[-1].at_sample == MAX_RECEIPTS + 9


def test_decide_is_a_table() -> None:
    table = {(state, client): decide(state, client)[0] for state in get_args(State) for client in (None, "example")}
    assert [key for key, allowed in table.items() if allowed] == [("on", "example")]
