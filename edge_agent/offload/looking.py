"""When the camera may look: at most once a second, for a question that is on its way or being answered, by the gate.

The camera itself is the link process's, which looks only when the gate has written so. Thread: hop only.
"""

from edge_agent.egress import Gate
from edge_agent.events import Camera
from edge_agent.guard import Emit
from edge_agent.parcels import Look
from edge_agent.profile import CameraProfile
from edge_agent.units import ms_to_samples

EVERY_MS = 1_000


class Looking:
    """Asks the gate for each picture, and shows a light while there may be any."""

    def __init__(self, settings: CameraProfile, gate: Gate, emit: Emit) -> None:
        self._is_there = bool(settings.source)
        self._looks_at_questions = self._is_there and settings.when == "question"
        self._gate = gate
        self._emit = emit
        self._next_sample = 0
        self._is_on = False

    def step(self, at_sample: int) -> None:
        """Once per hop."""
        if self._looks_at_questions and self._gate.is_open and at_sample >= self._next_sample:
            self.look(at_sample, self._gate.turn)
        if self._is_on and at_sample >= self._next_sample:
            self._is_on = False
            self._emit(Camera(at_sample, "off"))

    def look(self, at_sample: int, turn: int, call_id: str = "") -> bool:
        """Let one picture out with a turn, or not. call_id: of the model's call that wants it."""
        if not self._is_there or at_sample < self._next_sample:
            return False
        if not self._gate.look(at_sample, Look(turn, at_sample, call_id)):
            return False
        self._next_sample = at_sample + ms_to_samples(EVERY_MS)
        if not self._is_on:
            self._is_on = True
            self._emit(Camera(at_sample, "on", turn))
        return True
