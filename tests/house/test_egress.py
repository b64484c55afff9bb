"""The gate: nothing leaves unless the state, a consent and a host allow it, and what leaves has a receipt."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.egress import MAX_RECEIPTS, MAX_TURN_MS, Consent, Gate, State, decide
from edge_agent.parcels import Abandoned, Began, Cancelled, Ended, Look, Parcel, Result, Sound, unpack
from edge_agent.ring import MessageRing

SECOND = np.full(16_000, 0.5, np.float32)
HOST = "cloud.example"


def left(ring: MessageRing) -> list[Parcel]:
    parcels = []
    while (message := ring.receive()) is not None:
        parcel = unpack(message)
        assert parcel is not None
        parcels.append(parcel)
    return parcels


@pytest.mark.parametrize("consent", get_args(Consent))
@pytest.mark.parametrize("state", get_args(State))
def test_nothing_leaves_without_a_client(state: State, consent: Consent) -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate(state, ring)
    gate.grant(consent)
    event = gate.open(SECOND, 32_000, "open_question")
    assert event.allowed is False
    assert event.reason == (state if not decide(state, HOST, consent)[0] else "no_client")
    assert ring.receive() is None


def test_decide_is_a_table() -> None:
    table = {
        (state, client, consent): decide(state, client, consent)[0]
        for state in get_args(State)
        for client in (None, HOST)
        for consent in get_args(Consent)
    }
    allowed = {key for key, is_allowed in table.items() if is_allowed}
    assert allowed == {
        ("on", HOST, "none"),
        ("on", HOST, "turn"),
        ("on", HOST, "session"),
        ("ask", HOST, "turn"),
        ("ask", HOST, "session"),
    }


@pytest.mark.parametrize("state", ["muted", "local_only", "ask"])
def test_a_client_alone_opens_nothing(state: State) -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate(state, ring, client=HOST)
    assert gate.may_send is False
    assert gate.open(SECOND, 0, "open_question").allowed is False
    assert gate.send(SECOND, 16_000) is None
    assert gate.close(16_000, is_asked=True) is None
    assert left(ring) == []
    assert gate.receipts[0].sent_ms == 0.0


def test_a_turn_leaves_in_order_with_a_receipt_of_its_length() -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate("on", ring, client=HOST, pre_roll_ms=100)
    assert gate.open(SECOND, 16_000, "open_question", speech_ms=500).allowed is True
    assert gate.send(SECOND[:640], 16_640) is None
    event = gate.close(17_000, is_asked=True)
    began, first, second, ended = left(ring)
    assert began == Began(1, 16_000 - 9_600, "open_question", "profile", 100.0)
    assert isinstance(first, Sound)
    assert isinstance(second, Sound)
    assert (first.at_sample, len(first.pcm16)) == (16_000 - 9_600, 2 * 9_600), "the pre-roll was not cut"
    assert (second.at_sample, len(second.pcm16)) == (16_000, 2 * 640)
    assert np.frombuffer(first.pcm16, "<i2")[0] == 16_383
    assert ended == Ended(1, 17_000)
    assert event is not None
    assert (event.outcome, event.sent_ms, event.pre_roll_ms) == ("asked", 640.0, 100.0)
    assert gate.receipts[0].sent_ms == 640.0


def test_a_consent_for_one_turn_is_used_up() -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate("ask", ring, client=HOST)
    gate.grant("turn")
    assert gate.open(SECOND, 0, "consented").allowed
    gate.close(0, is_asked=True)
    assert gate.open(SECOND, 0, "open_question").reason == "ask"
    gate.grant("session")
    for _ in range(3):
        assert gate.open(SECOND[:160], 0, "open_question").allowed
        gate.close(0, is_asked=False)
    gate.revoke()
    assert gate.may_send is False
    assert [type(parcel) for parcel in left(ring)].count(Abandoned) == 3


def test_a_full_ring_refuses_and_says_so() -> None:
    ring = MessageRing.create(1 << 10)
    gate = Gate("on", ring, client=HOST)
    event = gate.open(SECOND, 0, "open_question")
    assert (event.allowed, event.reason, gate.is_open) == (False, "ring_full", False)
    assert [type(parcel) for parcel in left(ring)] == [Began, Abandoned], "the link waits for the rest"


@pytest.mark.parametrize("state", ["muted", "local_only"])
def test_of_a_turn_that_was_let_out_nothing_follows_once_the_microphone_is_off(state: State) -> None:
    ring = MessageRing.create(1 << 18)
    gate = Gate("on", ring, client=HOST)
    gate.open(SECOND, 0, "open_question")
    gate.close(0, is_asked=True)
    assert gate.look(0, Look(gate.turn, 0, ""))
    left(ring)
    gate.state = state
    assert not gate.look(0, Look(gate.turn, 0, ""))
    assert not gate.answer_call(0, Result(gate.turn, "1", "{}", False))
    assert left(ring) == []
    assert gate.receipts[-1].reason == state


def test_a_no_forbids_what_was_asked_before_it_and_not_what_is_asked_after() -> None:
    gate = Gate("on", MessageRing.create(1 << 18), client=HOST)
    for is_allowed in (False, True):
        gate.open(SECOND, 0, "open_question")
        gate.close(0, is_asked=True)
        if not is_allowed:
            gate.revoke()
        assert gate.look(0, Look(gate.turn, 0, "")) is is_allowed


def test_a_gate_that_was_left_open_closes_by_itself() -> None:
    ring = MessageRing.create(1 << 21)
    gate = Gate("on", ring, client=HOST)
    gate.open(SECOND, 0, "open_question")
    events = [event for _ in range(40) if (event := gate.send(SECOND, 0)) is not None]
    assert [event.outcome for event in events] == ["abandoned"]
    assert events[0].sent_ms <= MAX_TURN_MS
    assert not gate.is_open


def test_a_replay_has_nowhere_to_send() -> None:
    assert Gate("on", ring=None, client=HOST).open(SECOND, 0, "open_question").reason == "no_client"


def test_receipts_are_bounded() -> None:
    gate = Gate("local_only")
    for at_sample in range(MAX_RECEIPTS + 10):
        gate.open(SECOND[:160], at_sample, "open_question")
    assert len(gate.receipts) == MAX_RECEIPTS
    assert gate.receipts[-1].at_sample == MAX_RECEIPTS + 9


ACTIONS = ["open", "send", "ask", "abandon", "cancel", "answer", "look", "yes", "always", "no"]


@example(state="ask", actions=["yes", "open", "open"])
@example(state="muted", actions=["answer", "look"])
@settings(max_examples=60, deadline=None)
@given(state=st.sampled_from(get_args(State)), actions=st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_whatever_is_done_sound_leaves_only_by_leave_and_is_counted(state: State, actions: list[str]) -> None:
    ring = MessageRing.create(1 << 21)
    gate = Gate(state, ring, client=HOST)
    for action in actions:
        match action:
            case "open":
                gate.open(SECOND[:160], 0, "open_question")
            case "send":
                gate.send(SECOND[:160], 0)
            case "ask" | "abandon":
                gate.close(0, is_asked=action == "ask")
            case "cancel":
                gate.cancel(1, 0.0)
            case "answer":
                gate.answer_call(0, Result(gate.turn, "1", "{}", False))
            case "look":
                gate.look(0, Look(gate.turn, 0, ""))
            case "yes" | "always":
                gate.grant("turn" if action == "yes" else "session")
            case "no":
                gate.revoke()
    gate.close(0, is_asked=False)
    parcels = left(ring)
    sent_ms = sum(len(parcel.pcm16) / 32 for parcel in parcels if isinstance(parcel, Sound))
    assert sent_ms == sum(receipt.sent_ms for receipt in gate.receipts)
    if state in ("muted", "local_only"):
        assert [parcel for parcel in parcels if not isinstance(parcel, Cancelled)] == []
    if state == "ask" and not {"yes", "always"} & set(actions):
        assert sent_ms == 0
    if not any(isinstance(parcel, Began) for parcel in parcels):
        assert [parcel for parcel in parcels if isinstance(parcel, Result | Look)] == []
    consents = {parcel.consent for parcel in parcels if isinstance(parcel, Began)}
    assert consents <= ({"profile"} if state == "on" else {"turn", "session"})
