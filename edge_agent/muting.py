"""The microphone's switch: while it is off, nothing is heard and nothing leaves, and the agent has said so.

It is off because the profile says `privacy.state: muted`, or because somebody turned it off while the agent runs
(`processes/switch.py`). An agent that was muted by its profile is local only once it is switched on: nobody said that
sound may leave. Thread: hop only.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_agent.egress import Gate, State
from edge_agent.events import Microphone, Reply
from edge_agent.guard import Emit
from edge_agent.offload.offloading import Offloading
from edge_agent.talking.talk import Talk

OFF, ON = "My microphone is off.", "I am listening again."


class Muting:
    """Call `step` with each hop of the microphone before anybody else sees it."""

    def __init__(
        self, gate: Gate, offloading: Offloading, talk: Talk, emit: Emit, is_off: Callable[[], bool] | None = None
    ) -> None:
        """is_off: how the switch stands now; None: nobody can move it, and the gate's state says."""
        self._gate = gate
        self._state_when_on: State = "local_only" if gate.state == "muted" else gate.state
        self._is_off = is_off or (lambda: gate.state == "muted")
        self._offloading = offloading
        self._talk = talk
        self._emit = emit
        self.is_muted = False

    def step(self, at_sample: int, mic: NDArray[np.float32]) -> bool:
        """Silence `mic` (float32 [160]) while the switch is off; True when it was moved: forget who was speaking."""
        is_off = self._is_off()
        has_moved = is_off is not self.is_muted
        if has_moved:
            self._move(at_sample, is_off)
        if is_off:
            mic.fill(0.0)
        return has_moved

    def _move(self, at_sample: int, is_off: bool) -> None:
        self.is_muted = is_off
        self._gate.state = "muted" if is_off else self._state_when_on
        if is_off:
            self._offloading.forbid(at_sample)
        self._emit(Microphone(at_sample, "off" if is_off else "on"))
        text = OFF if is_off else ON
        self._emit(Reply(at_sample, text))
        self._talk.say(text)
