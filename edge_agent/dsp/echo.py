"""Takes the agent's own voice out of its microphone, and says how much of it must be left.

A linear canceller (`kernels/src/echo_cancel.c`) that follows the drift between the clocks of loudspeaker and
microphone. It never touches the talker, and what it cannot cancel (a distorting loudspeaker, the end of a long room) it
predicts, so that others can tell a talker from the agent itself.
Thread: one at a time (the hop thread).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent._kernels import ffi, lib
from edge_agent.units import HOP_MS, HOP_SAMPLES


class EchoEvidence(Protocol):
    """What a canceller knows after a hop; read-only. Levels are dB of full scale, -120 for silence."""

    @property
    def is_converged(self) -> bool:
        """The echo is known well enough to tell a talker from it; kept while nothing is played."""

    @property
    def echo_db(self) -> float:
        """Level of the agent's own sound that is to be expected in what is left of this hop."""

    @property
    def left_db(self) -> float:
        """Level of what is left of this hop."""

    @property
    def near_db(self) -> float:
        """By how much more is left than echo and steady noise explain: about 0 without a talker, 10 to 30 with one."""


class EchoCanceller:
    """One microphone, one loudspeaker; an `EchoEvidence`."""

    def __init__(self, drift_ppm: float = 0.0) -> None:
        """drift_ppm: what `drift_ppm` was with the same device before; 0 where nobody knows."""
        self._known_ppm = drift_ppm
        self._state = ffi.gc(lib.echo_cancel_create(), lib.echo_cancel_free)
        if self._state == ffi.NULL:
            raise MemoryError
        self._know_drift()

    def step(self, mic: NDArray[np.float32], played: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """mic, played, out: float32 [HOP_SAMPLES], contiguous; out may be mic. Adds no delay, never allocates.

        played: what the loudspeaker was given in the time of mic (`Duplex.read_hop`).
        """
        if len(mic) != HOP_SAMPLES or len(played) != HOP_SAMPLES or len(out) != HOP_SAMPLES:
            raise ValueError(f"hops of {len(mic)}, {len(played)} and {len(out)} samples; give {HOP_SAMPLES} of each")
        lib.echo_cancel_step(
            self._state,
            ffi.from_buffer("float[]", mic),
            ffi.from_buffer("float[]", played),
            ffi.from_buffer("float[]", out),
        )

    def reset(self) -> None:
        """As if no sound had been heard."""
        lib.echo_cancel_reset(self._state)
        self._know_drift()

    def _know_drift(self) -> None:
        if self._known_ppm:
            lib.echo_cancel_know_drift(self._state, self._known_ppm)

    @property
    def delay_ms(self) -> int:
        """From played to heard, found from the sound itself; a hop less at most, two where the clocks drift."""
        return int(lib.echo_cancel_delay_hops(self._state)) * HOP_MS

    @property
    def drift_ppm(self) -> float:
        """By how much the echo comes later and later: the loudspeaker has a clock of its own. 0 until known."""
        return float(lib.echo_cancel_drift_ppm(self._state))

    @property
    def erle_db(self) -> float:
        """Echo that was removed lately, while nobody else spoke."""
        return float(lib.echo_cancel_erle_db(self._state))

    @property
    def is_converged(self) -> bool:
        """See `EchoEvidence`."""
        return bool(lib.echo_cancel_is_converged(self._state))

    @property
    def echo_db(self) -> float:
        """See `EchoEvidence`."""
        return float(lib.echo_cancel_echo_db(self._state))

    @property
    def left_db(self) -> float:
        """See `EchoEvidence`."""
        return float(lib.echo_cancel_left_db(self._state))

    @property
    def near_db(self) -> float:
        """See `EchoEvidence`."""
        return float(lib.echo_cancel_near_db(self._state))
