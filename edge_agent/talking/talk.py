"""The agent's side of the talk: what is said next, when it begins, and how much of it was heard.

Thread: hop only. Replies become sound in `VoiceAhead`: at once in virtual time, in a worker's time when live.
"""

from collections import deque
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Acknowledge, BackChannel, Fault, Filler, FirstAudio
from edge_agent.guard import Emit
from edge_agent.turn import NEVER
from edge_agent.units import ms_to_hops, samples_to_ms
from edge_agent.voice.ahead import VoiceAhead
from edge_agent.voice.mixer import Mixer
from edge_agent.voice.pieces import pieces
from edge_agent.voice.words import Spoken

Sound = NDArray[np.float32]
STOP_FADE_MS = 30
MORE = "more"  # of a reply that is said in pieces
LISTENS_MS = 350  # between the pieces: long enough to be interrupted
LONGEST_HOLD_MS = 8_000  # nobody wants to hear the rest of a sentence after so long
NOTHING = Spoken("", np.zeros(0, np.float32))


class Sayer(Protocol):
    """What is asked of a voice (`voice/voice.py`)."""

    def say(self, text: str) -> Sound: ...

    def clip(self, kind: str) -> tuple[str, Sound]: ...


class Talk:
    """Replies one after the other; reflex sounds at once."""

    def __init__(self, voice: Sayer, mixer: Mixer, ahead: VoiceAhead, emit: Emit) -> None:
        self._voice = voice
        self._mixer = mixer
        self._ahead = ahead
        self._emit = emit
        self._kinds: deque[str] = deque()  # of what was asked for and has not begun
        self._answers_sample = NEVER
        self._said = NOTHING  # the reply that sounds or sounded last
        self._held_hops_left = 0
        self._is_kept_back = False  # a reply has not begun, for the user speaks
        self._is_floor_reflex = False  # the reflex that sounds or sounded last takes the floor, as a filler does
        self.num_stops = 0
        self.filled_sample = NEVER  # when a filler was begun last
        self.user_speaks = False  # told by the hop
        self._quiet_hops = 0

    @property
    def is_sounding(self) -> bool:
        """Any sound of the agent is on its way to the loudspeaker."""
        return not self._mixer.is_silent

    @property
    def holds_floor(self) -> bool:
        """A reply sounds."""
        return self._mixer.is_speaking and not self._mixer.is_held

    @property
    def may_be_interrupted(self) -> bool:
        """A reply sounds, or a filler or an acknowledgement: a user who speaks now wants silence."""
        mixer = self._mixer
        is_filling = self._is_floor_reflex and mixer.is_reflexing and not mixer.is_reflex_stopping
        return self.holds_floor or (is_filling and not self.is_held)

    @property
    def is_held(self) -> bool:
        """A reply waits, silent, to be taken up again or to begin."""
        return self._mixer.is_held or self._is_kept_back

    @property
    def is_idle(self) -> bool:
        """Nothing sounds, nothing is to be said, and nothing is held."""
        return not self._kinds and self._mixer.is_silent and not self.is_held

    @property
    def last_heard_ms(self) -> float:
        """How much was heard of the reply that sounds, or of the one that did last."""
        return samples_to_ms(self._mixer.played_samples or self._mixer.stopped_after_samples)

    def prepare(self, text: str) -> None:
        """Words that may have to be said soon."""
        self._ahead.prepare(text)

    @property
    def is_preparing(self) -> bool:
        """Words were asked for that are not sound yet."""
        return bool(self._kinds) and not self.has_more and not self._is_kept_back and not self._mixer.is_speaking

    @property
    def has_more(self) -> bool:
        """A reply that is said in pieces is not over: the agent listens, and goes on if nobody speaks."""
        return bool(self._kinds) and self._kinds[0] == MORE

    @property
    def heard_ms(self) -> float:
        """How much of what is being said has been played."""
        return samples_to_ms(self._mixer.played_samples)

    @property
    def heard_text(self) -> str:
        """Its words that have begun to sound, as they are spoken."""
        return self._said.text_until(self._mixer.played_samples)

    def answers(self, last_voiced_sample: int) -> None:
        """What is said from now on answers a turn that was voiced until then."""
        self._answers_sample = last_voiced_sample

    def wording(self, occasion: str) -> str:
        """What to say on an occasion that the voice has several wordings for: another one than the last time."""
        return self._voice.clip(occasion)[0]

    def say(self, text: str, kind: str = "reply") -> None:
        """Queue words; they begin when they are sound and nothing else is being said. An answer ends what is held."""
        if text:
            if self.is_held and kind == "reply":
                self.stop()
            if self.has_more and kind == "reply":
                self._forget()
            for piece in pieces(text):
                self._kinds.append(kind)
                self._ahead.ask(piece)
                kind = MORE

    def reflex(self, at_sample: int, event: type[BackChannel] | type[Filler] | type[Acknowledge]) -> None:
        """Play a short sound of the event's kind now, unless one is sounding."""
        clip, samples = self._voice.clip(event.name)
        if self._mixer.play_reflex(samples):
            self.filled_sample = at_sample if event is Filler else self.filled_sample
            self._is_floor_reflex = event is not BackChannel
            self._emit(event(at_sample, clip))
            self._tell_first(at_sample, event.name)

    def ring(self) -> None:
        """Ring once, over everything."""
        _, samples = self._voice.clip("alarm")
        self._mixer.ring(samples, times=1)

    def stop_ringing(self) -> None:
        """Fade the alarm out."""
        self._mixer.stop_ringing()

    def set_volume(self, percent: float) -> None:
        """The user's volume, 0..100."""
        self._mixer.set_volume(percent)

    def step(self, at_sample: int) -> None:
        """Once per hop: begin what is ready."""
        if self.is_held:
            self._wait()
            return
        self._quiet_hops = 0 if self._mixer.is_speaking or self.user_speaks else self._quiet_hops + 1
        if self.has_more and self._quiet_hops < ms_to_hops(LISTENS_MS):
            return
        if not self._kinds or self._mixer.is_speaking or self._mixer.is_reflexing or self._mixer.is_ringing:
            return
        made = self._ahead.take()
        if made is None:
            return
        kind = self._kinds.popleft()
        if self._ahead.error:
            self._emit(Fault(at_sample, "voice", "failed", self._ahead.num_errors, self._ahead.error))
            self._ahead.error = ""
        self._said = made
        if self._mixer.play(made.sound):
            self._tell_first(at_sample, kind)

    def feed(self, at_sample: int, sound: Sound) -> None:
        """Play the next piece of an answer that is made elsewhere, of unknown words, behind the one before."""
        if not self._mixer.is_speaking:
            self._said = NOTHING
        if self._mixer.play(sound):
            self._tell_first(at_sample, "reply")

    def duck(self) -> None:
        """Speak lower for a moment."""
        self._mixer.duck()

    def unduck(self) -> None:
        """Speak as before."""
        self._mixer.unduck()

    def hold(self) -> bool:
        """Be silent within one hop, and keep the rest of the reply, or all of it; False when there is none to keep."""
        if self._mixer.is_speaking:
            self._mixer.hold()
        else:
            self._mixer.stop_reflex()
            self._is_kept_back = bool(self._kinds)
        self._held_hops_left = ms_to_hops(LONGEST_HOLD_MS)
        return self.is_held

    def go_on(self) -> None:
        """Take the held reply up again at the word that was cut."""
        self._is_kept_back = False
        place = self._mixer.place_samples
        self._mixer.unduck()
        self._mixer.go_on(place - self._said.place_of_word(place))

    def stop(self, fade_ms: float = STOP_FADE_MS) -> None:
        """Fade out and forget what was to be said."""
        self.num_stops += 1
        self._is_kept_back = False
        self._forget()
        self._mixer.stop(fade_ms)
        self._mixer.unduck()

    def close(self) -> None:
        """End the worker."""
        self._ahead.close()

    def _forget(self) -> None:
        """Nothing that has not begun will be said."""
        self._kinds.clear()
        self._ahead.forget()

    def _wait(self) -> None:
        self._held_hops_left -= 1
        if self._held_hops_left <= 0:
            self.stop()

    def _tell_first(self, at_sample: int, kind: str) -> None:
        if self._answers_sample == NEVER or kind not in ("reply", "filler", "acknowledge"):
            return
        self._emit(FirstAudio(at_sample, samples_to_ms(at_sample - self._answers_sample), kind))
        if kind == "reply":
            self._answers_sample = NEVER
