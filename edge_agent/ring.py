"""Rings in shared memory between two threads or two processes: one writes, one reads, nobody waits for the other.

Thread contract: of each ring, exactly one thread in one process is the producer and exactly one the consumer; every
method says whose it is. The work is done in C (`kernels/src/spsc_ring.c`). Not for two Python threads of one
process: a `queue.SimpleQueue` is simpler and as fast there.
"""

import os
import struct
from typing import TYPE_CHECKING, Any, TypeAlias

from edge_agent._kernels import ffi, lib

if TYPE_CHECKING:  # the device process has no other use for numpy
    from numpy.typing import NDArray

Buffer: TypeAlias = "bytes | bytearray | memoryview | NDArray[Any]"

MESSAGE_RECORD_BYTES = 256
_LENGTH = struct.Struct("<I")


class Ring:
    """Single-producer single-consumer ring of records of one size."""

    def __init__(self, handle: Any) -> None:
        self._handle = ffi.gc(handle, lib.spsc_ring_destroy)
        self.record_bytes: int = lib.spsc_ring_record_bytes(handle)
        self.capacity_records: int = lib.spsc_ring_capacity_records(handle)

    @classmethod
    def create(cls, record_bytes: int, capacity_records: int) -> "Ring":
        """New ring in new shared memory, at most 1 GiB. Raises OSError when a size or the system forbids it."""
        return cls(_checked(lib.spsc_ring_create(record_bytes, capacity_records), "a ring cannot be made"))

    @classmethod
    def attach(cls, memory_fd: int, event_fd: int) -> "Ring":
        """View of a ring made in another process. The descriptors are duplicated; OSError when they are no ring."""
        return cls(_checked(lib.spsc_ring_attach(memory_fd, event_fd), "these descriptors are no ring of ours"))

    @property
    def handle(self) -> Any:
        """The C view (`spsc_ring *`), for other kernels; lives as long as this object."""
        return self._handle

    @property
    def fds(self) -> tuple[int, int]:
        """(memory_fd, event_fd), owned by this object; closed in a child unless passed on (subprocess: `pass_fds`)."""
        return lib.spsc_ring_memory_fd(self._handle), lib.spsc_ring_event_fd(self._handle)

    def write(self, buffer: Buffer) -> bool:
        """Producer only. One record or several; all become readable at once. False = no room, counted as overrun."""
        data = ffi.from_buffer(buffer)
        return bool(lib.spsc_ring_write(self._handle, data, self._num_records(len(data))))

    def read_into(self, buffer: Buffer) -> bool:
        """Consumer only. Fills the buffer (one record or several). False = not enough there, counted as underrun."""
        data = ffi.from_buffer(buffer, require_writable=True)
        return bool(lib.spsc_ring_read(self._handle, data, self._num_records(len(data))))

    def readable(self) -> int:
        """Records that can be read. Consumer: at least this many; producer: at most."""
        return int(lib.spsc_ring_readable(self._handle))

    def writable(self) -> int:
        """Records that can be written. Producer: at least this many; consumer: at most."""
        return int(lib.spsc_ring_writable(self._handle))

    def wait(self, timeout_ms: int) -> bool:
        """Consumer only. Sleeps, without the GIL, until a record is there; False after the timeout or at a signal."""
        return bool(lib.spsc_ring_wait(self._handle, timeout_ms))

    def acknowledge(self) -> None:
        """Consumer only. For who polls the eventfd in a loop of its own: call it, then read all there is."""
        lib.spsc_ring_acknowledge(self._handle)

    @property
    def overruns(self) -> int:
        """Any thread. Writes refused since the ring was made."""
        return int(lib.spsc_ring_overruns(self._handle))

    @property
    def underruns(self) -> int:
        """Any thread. Reads that found too little since the ring was made."""
        return int(lib.spsc_ring_underruns(self._handle))

    def _num_records(self, num_bytes: int) -> int:
        num_records, rest = divmod(num_bytes, self.record_bytes)
        if rest or not num_records:
            raise ValueError(f"{num_bytes} bytes are not a whole number of records of {self.record_bytes}")
        return num_records


class MessageRing:
    """Byte messages of any length up to the size of the ring, whole or not at all."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._first = bytearray(ring.record_bytes)

    @classmethod
    def create(cls, capacity_bytes: int) -> "MessageRing":
        """New ring for about so many bytes of waiting messages. Raises OSError like `Ring.create`."""
        return cls(Ring.create(MESSAGE_RECORD_BYTES, max(1, -(-capacity_bytes // MESSAGE_RECORD_BYTES))))

    @classmethod
    def attach(cls, memory_fd: int, event_fd: int) -> "MessageRing":
        """View of a ring made in another process; OSError when the descriptors are no ring."""
        return cls(Ring.attach(memory_fd, event_fd))

    @property
    def fds(self) -> tuple[int, int]:
        """(memory_fd, event_fd), see `Ring.fds`."""
        return self._ring.fds

    @property
    def overruns(self) -> int:
        """Any thread. Messages refused since the ring was made."""
        return self._ring.overruns

    @property
    def is_empty(self) -> bool:
        """Nothing waits to be received; for the producer: all was taken."""
        return self._ring.readable() == 0

    def send(self, message: bytes) -> bool:
        """Producer only. False = no room (or longer than the ring), counted as overrun; nothing was sent."""
        num_bytes = _LENGTH.size + len(message)
        padding_bytes = -num_bytes % self._ring.record_bytes
        return self._ring.write(b"".join((_LENGTH.pack(len(message)), message, bytes(padding_bytes))))

    def receive(self) -> bytes | None:
        """Consumer only. The oldest message, or None when there is none; never waits."""
        if not self._ring.readable():
            return None
        self._ring.read_into(self._first)
        (num_bytes,) = _LENGTH.unpack_from(self._first)
        begin = self._first[_LENGTH.size : _LENGTH.size + num_bytes]
        if len(begin) == num_bytes:
            return bytes(begin)
        # a message is published whole, so that its other records are there
        left_bytes = num_bytes - len(begin)
        rest = bytearray(-(-left_bytes // self._ring.record_bytes) * self._ring.record_bytes)
        if not self._ring.read_into(rest):
            return None
        return bytes(begin) + bytes(rest[:left_bytes])

    def wait(self, timeout_ms: int) -> bool:
        """Consumer only. See `Ring.wait`."""
        return self._ring.wait(timeout_ms)

    def acknowledge(self) -> None:
        """Consumer only. See `Ring.acknowledge`."""
        self._ring.acknowledge()


def _checked(handle: Any, what: str) -> Any:
    if handle == ffi.NULL:
        raise OSError(ffi.errno, f"{what}: {os.strerror(ffi.errno)}")
    return handle
