"""What the device cannot answer: lets the question out by the gate, awaits the answer aloud, and plays it.

The same turn is heard here and in the cloud. A local command wins: what left of it is abandoned. Nothing of the
network is known here, so a link process that hangs or dies is heard as "still waiting", and then as an apology.

Thread: hop only.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.egress import Gate
from edge_agent.events import CloudAnswer, Filler, Offload, Reply, SoundLeft
from edge_agent.guard import Emit
from edge_agent.offload.sound_memory import SoundMemory
from edge_agent.offload.waiting import GIVE_UP, Waiting
from edge_agent.parcels import Lost, Over, Piece, unpack
from edge_agent.profile import CloudProfile
from edge_agent.ring import MessageRing
from edge_agent.talking.talk import Talk
from edge_agent.units import HOP_MS, STEP_SAMPLES, ms_to_samples, samples_to_ms
from edge_agent.voice.stream import AnswerStream

EARLY_VOICED_MS = 600  # of words that are no command, before the start of an open question leaves
FILLED_MS = 3_000  # after one "hmm" no other
MOST_PARCELS_PER_HOP = 8
AHEAD_HOPS = 1  # queued for the loudspeaker beyond the present one, so that it never sees an end between two hops


class Offloading:
    """Questions out, answers in."""

    def __init__(
        self,
        settings: CloudProfile,
        gate: Gate,
        talk: Talk,
        emit: Emit,
        answers: MessageRing | None = None,
        *,
        fills: bool = False,
    ) -> None:
        """`answers`: what the link process writes; None where there is none (a replay). `fills`: with "hmm", soon."""
        self._fills = fills
        self._settings = settings
        self._gate = gate
        self._talk = talk
        self._emit = emit
        self._answers = answers
        self._memory = SoundMemory()
        self._stream = AnswerStream()
        self._waiting = Waiting(settings.deadline_ms)
        self._turn = 0  # whose answer is awaited or played; 0: none
        self._is_playing = False
        self._text = ""  # of the answer, once all of it is here
        self._user_until = -1
        self._stops_seen = talk.num_stops

    @property
    def is_idle(self) -> bool:
        """No answer is awaited or played."""
        return self._turn == 0

    @property
    def turn(self) -> int:
        """Whose answer is awaited or played; 0: none."""
        return self._turn

    @property
    def is_playing(self) -> bool:
        """An answer sounds."""
        return self._is_playing

    @property
    def handed_ms(self) -> float:
        """How much of the present answer was handed to the loudspeaker."""
        return self._stream.handed_ms

    @property
    def concealed_hops(self) -> int:
        """Of the present answer: hops of sound that had to be made up."""
        return self._stream.concealed_hops

    def hear(self, hop: NDArray[np.float32]) -> None:
        """Every hop of the microphone, float32 [160]: kept for a question that may have to leave the device."""
        self._memory.push(hop)

    def recall(self, duration_ms: float) -> NDArray[np.float32]:
        """A copy of the newest sound, float32."""
        return self._memory.last(ms_to_samples(duration_ms))

    def follow(self, at_sample: int, onset_sample: int, voiced_ms: float, is_no_command: bool) -> None:
        """Every listener step while the user's turn is open: its sound leaves already, if it may."""
        self._user_until = at_sample + 2 * STEP_SAMPLES
        if self._gate.is_open:
            self._tell(self._gate.send(self._memory.last(STEP_SAMPLES), at_sample))
        elif is_no_command and voiced_ms >= EARLY_VOICED_MS and self._may_begin_early:
            self._tell(self._open(at_sample, samples_to_ms(at_sample - onset_sample), "open_question"))

    def keep_local(self, at_sample: int) -> None:
        """The device took care of the turn: what left of it is to be forgotten."""
        self._tell(self._gate.close(at_sample, is_asked=False))

    def stop_waiting(self) -> None:
        """The user is asked something by the device itself: nobody need be told that the cloud is slow."""
        self._waiting.end()

    def forbid(self, at_sample: int) -> None:
        """The user does not want anything sent: now, nor later without a new consent."""
        self.keep_local(at_sample)
        self._gate.revoke()
        self._memory.forget()
        self._drop()

    def ask(
        self, at_sample: int, turn_ms: float, purpose: str = "open_question", sound: NDArray[np.float32] | None = None
    ) -> Offload:
        """The turn is a question for the cloud; `sound` where it is not the newest. The event says whether it left."""
        if self._gate.is_open:
            said = Offload(at_sample, allowed=True, reason="early", purpose=purpose)
        else:
            said = self._open(at_sample, turn_ms, purpose, sound)
            self._tell(said)
        if said.allowed:
            self._drop()
            self._tell(self._gate.close(at_sample, is_asked=True))
            self._turn = self._gate.turn
            has_filled = self._talk.filled_sample > at_sample - ms_to_samples(FILLED_MS)
            self._waiting.begin(at_sample, may_fill=self._fills and not has_filled)
        return said

    def step(self, at_sample: int) -> None:
        """Once per hop: take in what has come, play it, and say what there is to wait for."""
        if self._gate.is_open and at_sample > self._user_until:
            self.keep_local(at_sample)  # it was noise
        if self._talk.num_stops != self._stops_seen:
            self._drop()
        self._receive(at_sample)
        self._stream.wait()
        self._play(at_sample)
        is_sounding = not self._talk.is_idle or at_sample < self._user_until
        text = self._waiting.step(at_sample, is_sounding=is_sounding)
        if text == GIVE_UP:
            self._drop()
        self._say(at_sample, text)
        if self._waiting.wants_filler(at_sample):
            self._talk.reflex(at_sample, Filler)

    @property
    def _may_begin_early(self) -> bool:
        return self._settings.early and self.is_idle and self._gate.may_send

    def _open(self, at_sample: int, turn_ms: float, purpose: str, sound: NDArray[np.float32] | None = None) -> Offload:
        if sound is None:
            sound = self.recall(turn_ms + self._settings.pre_roll_ms)
        return self._gate.open(sound, at_sample, purpose, speech_ms=turn_ms)

    def _drop(self) -> None:
        """Nobody wants the answer (any more): silent within this hop."""
        self._stops_seen = self._talk.num_stops
        self._waiting.end()
        if self._turn:
            queued_ms = HOP_MS * AHEAD_HOPS if self._is_playing else 0
            self._gate.cancel(self._turn, max(0.0, self._stream.handed_ms - queued_ms))
        self._end()

    def _end(self) -> None:
        self._turn, self._is_playing, self._text = 0, False, ""
        self._stream.begin()

    def _receive(self, at_sample: int) -> None:
        for _ in range(MOST_PARCELS_PER_HOP):
            if self._answers is None or not self._stream.has_room:
                return
            message = self._answers.receive()
            if message is None:
                return
            parcel = unpack(message)
            if isinstance(parcel, Piece | Over | Lost) and parcel.turn == self._turn:
                self._take(at_sample, parcel)

    def _take(self, at_sample: int, parcel: Piece | Over | Lost) -> None:
        if isinstance(parcel, Piece):
            self._stream.push(parcel.pcm16, parcel.depth_ms)
            return
        self._stream.finish()
        if isinstance(parcel, Over):
            self._text = parcel.text
        else:
            if parcel.drop:
                self._talk.stop()
                self._drop()
            self._say(at_sample, parcel.say)
        if self._turn and self._stream.is_over and not self._is_playing:
            self._waiting.end()
            self._end()

    def _play(self, at_sample: int) -> None:
        if not self._turn or self._talk.is_held:
            return
        if not self._is_playing:
            if self._stream.is_ready and at_sample >= self._user_until and self._talk.is_idle:
                self._is_playing = True
                self._waiting.end()
                for _ in range(1 + AHEAD_HOPS):
                    self._talk.feed(at_sample, self._stream.next_hop())
        elif self._stream.is_over:
            self._emit(CloudAnswer(at_sample, self._text, self._stream.handed_ms, self._stream.num_gaps))
            self._end()
        elif self._stream.has_faded:
            self._is_playing = False
            self._waiting.begin(at_sample)
        else:
            self._talk.feed(at_sample, self._stream.next_hop())

    def _say(self, at_sample: int, text: str) -> None:
        if text:
            self._emit(Reply(at_sample, text))
            self._talk.say(text)

    def _tell(self, event: Offload | SoundLeft | None) -> None:
        if event is not None:
            self._emit(event)
