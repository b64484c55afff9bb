"""The ring against a plain queue, and between two processes."""

import subprocess
import sys
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.ring import MESSAGE_RECORD_BYTES, MessageRing, Ring

RECORD_BYTES = 4
OPERATIONS = st.lists(st.tuples(st.sampled_from(["write", "read"]), st.integers(1, 4)), max_size=60)


def record(number: int) -> bytes:
    return number.to_bytes(RECORD_BYTES, "little")


@settings(max_examples=150, deadline=None)
@given(capacity=st.integers(1, 6), operations=OPERATIONS)
def test_behaves_as_a_bounded_queue(capacity: int, operations: list[tuple[str, int]]) -> None:
    ring, model = Ring.create(RECORD_BYTES, capacity), deque[bytes]()
    number = overruns = underruns = 0
    for operation, count in operations:
        if operation == "write":
            records = [record(number + i) for i in range(count)]
            fits = len(model) + count <= capacity
            assert ring.write(b"".join(records)) == fits
            model.extend(records if fits else [])
            overruns += not fits
            number += count
        else:
            target = bytearray(b"\xff" * RECORD_BYTES * count)
            is_enough = len(model) >= count
            assert ring.read_into(target) == is_enough
            expected = [model.popleft() for _ in range(count)] if is_enough else [b"\xff" * RECORD_BYTES] * count
            assert bytes(target) == b"".join(expected)
            underruns += not is_enough
        assert (ring.readable(), ring.writable()) == (len(model), capacity - len(model))
        assert (ring.overruns, ring.underruns) == (overruns, underruns)
        assert ring.wait(0) == bool(model)


@settings(max_examples=60, deadline=None)
@given(messages=st.lists(st.binary(max_size=3 * MESSAGE_RECORD_BYTES), max_size=12))
def test_messages_arrive_whole_or_not_at_all(messages: list[bytes]) -> None:
    ring = MessageRing.create(4 * MESSAGE_RECORD_BYTES)
    sent = [message for message in messages if ring.send(message)]
    received = list(iter(ring.receive, None))
    assert received == sent
    assert ring.overruns == len(messages) - len(sent)
    assert ring.send(b"room again")
    assert ring.receive() == b"room again"


def test_a_message_longer_than_the_ring_is_refused() -> None:
    ring = MessageRing.create(MESSAGE_RECORD_BYTES)
    assert not ring.send(bytes(MESSAGE_RECORD_BYTES))
    assert ring.receive() is None
    assert ring.overruns == 1


def test_arrays_pass_through_unchanged() -> None:
    ring = Ring.create(640, 2)
    sent, received = np.arange(160, dtype=np.float32), np.zeros(160, np.float32)
    assert ring.write(sent)
    assert ring.read_into(received)
    np.testing.assert_array_equal(sent, received)


def test_wrong_sizes_are_refused() -> None:
    ring = Ring.create(8, 2)
    for buffer in (b"", b"1234567", b"123456789"):
        with pytest.raises(ValueError, match="whole number of records"):
            ring.write(buffer)
    with pytest.raises(OSError, match="a ring cannot be made"):
        Ring.create(0, 1)
    with pytest.raises(OSError, match="no ring of ours"):
        Ring.attach(*reversed(ring.fds))


ECHO = """
import sys
from edge_agent.ring import MessageRing
there, back = (MessageRing.attach(int(a), int(b)) for a, b in zip(sys.argv[1::2], sys.argv[2::2]))
while (message := there.receive()) != b"end":
    if message is None:
        there.wait(10_000)
    else:
        assert back.send(message[::-1])
"""


def test_two_processes_wake_each_other() -> None:
    there, back = MessageRing.create(1 << 16), MessageRing.create(1 << 16)
    fds = (*there.fds, *back.fds)
    echo = subprocess.Popen([sys.executable, "-c", ECHO, *map(str, fds)], pass_fds=fds)
    for number in range(500):
        message = b"%d" % number * (1 + number % 200)
        assert there.send(message)
        assert back.wait(10_000)
        assert back.receive() == message[::-1]
    assert there.send(b"end")
    assert echo.wait(10) == 0
    assert (there.overruns, back.overruns) == (0, 0)


def test_the_device_process_need_not_load_numpy() -> None:
    """It is started again and again while a device is lost."""
    code = "import sys, edge_agent.audio.device_process; print([m for m in ('numpy', 'pydantic') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
