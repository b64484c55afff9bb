"""The agent's side of the talk: what is said next, when it begins, and how much of it was heard.

Thread: hop only. Sound is made by a `Synthesis`: at once (virtual time) or by a worker (live), where a program takes
longer than a hop.
"""

from collections import deque
from threading import Semaphore, Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Fault, FirstAudio
from edge_agent.guard import Emit
from edge_agent.turn import NEVER
from edge_agent.units import samples_to_ms
from edge_agent.voice.mixer import Mixer

Sound = NDArray[np.float32]
SILENCE: Sound = np.zeros(0, np.float32)
STOP_FADE_MS = 30


class Sayer(Protocol):
    """What is asked of a voice (`voice/`)."""

    def say(self, text: str) -> Sound: ...

    def clip(self, kind: str) -> tuple[str, Sound]: ...


class Utterance:
    """Words on their way to sound. `samples` is None until they are."""

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.kind = kind
        self.samples: Sound | None = None
        self.error = ""

    def make(self, voice: Sayer) -> None:
        """Synthesis. Never raises: a voice that fails leaves silence and says why."""
        try:
            self.samples = voice.say(self.text)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"
            self.samples = SILENCE


class Synthesis(Protocol):
    """Where utterances become sound."""

    def request(self, utterance: Utterance) -> None: ...

    def close(self) -> None: ...


class InlineSynthesis:
    """At once, for virtual time."""

    def __init__(self, voice: Sayer) -> None:
        self._voice = voice

    def request(self, utterance: Utterance) -> None:
        utterance.make(self._voice)

    def close(self) -> None:
        """Nothing is held."""


class WorkerSynthesis:
    """In a thread of its own, for live use: `request` returns at once and `samples` appears later."""

    def __init__(self, voice: Sayer) -> None:
        self._voice = voice
        self._waiting: deque[Utterance | None] = deque()
        self._num_waiting = Semaphore(0)
        self._thread = Thread(target=self._work, name="synthesis", daemon=True)
        self._thread.start()

    def request(self, utterance: Utterance) -> None:
        self._waiting.append(utterance)
        self._num_waiting.release()

    def close(self) -> None:
        """Finish what was asked for, then end the thread."""
        self._waiting.append(None)
        self._num_waiting.release()
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        while True:
            self._num_waiting.acquire()
            utterance = self._waiting.popleft()
            if utterance is None:
                return
            utterance.make(self._voice)


class Talk:
    """Replies one after the other; reflex sounds at once."""

    def __init__(self, voice: Sayer, mixer: Mixer, synthesis: Synthesis, emit: Emit) -> None:
        self._voice = voice
        self._mixer = mixer
        self._synthesis = synthesis
        self._emit = emit
        self._next: deque[Utterance] = deque()
        self._answers_sample = NEVER

    @property
    def is_sounding(self) -> bool:
        """Any sound of the agent is on its way to the loudspeaker."""
        return not self._mixer.is_silent

    @property
    def holds_floor(self) -> bool:
        """A reply sounds: something that a user may want to interrupt."""
        return self._mixer.is_speaking

    @property
    def is_idle(self) -> bool:
        """Nothing sounds and nothing is to be said."""
        return not self._next and self._mixer.is_silent

    @property
    def heard_ms(self) -> float:
        """How much of what is being said has been played."""
        return samples_to_ms(self._mixer.played_samples)

    def answers(self, last_voiced_sample: int) -> None:
        """What is said from now on answers a turn that was voiced until then."""
        self._answers_sample = last_voiced_sample

    def say(self, text: str, kind: str = "reply") -> None:
        """Queue words; they begin when they are sound and nothing else is being said."""
        if text:
            utterance = Utterance(text, kind)
            self._next.append(utterance)
            self._synthesis.request(utterance)

    def reflex(self, at_sample: int, kind: str) -> str:
        """Play a short sound now; its clip's name."""
        name, samples = self._voice.clip(kind)
        if self._mixer.play_reflex(samples):
            self._tell_first(at_sample, kind)
        return name

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
        if not self._next or self._mixer.is_speaking or self._mixer.is_reflexing:
            return
        samples = self._next[0].samples
        if samples is None:
            return
        utterance = self._next.popleft()
        if utterance.error:
            self._emit(Fault(at_sample, "voice", "failed", 1, utterance.error))
        if self._mixer.play(samples):
            self._tell_first(at_sample, utterance.kind)

    def stop(self) -> None:
        """Fade out and forget what was to be said."""
        self._next.clear()
        self._mixer.stop(STOP_FADE_MS)

    def close(self) -> None:
        """End the worker."""
        self._synthesis.close()

    def _tell_first(self, at_sample: int, kind: str) -> None:
        if self._answers_sample == NEVER or kind not in ("reply", "filler"):
            return
        self._emit(FirstAudio(at_sample, samples_to_ms(at_sample - self._answers_sample), kind))
        if kind == "reply":
            self._answers_sample = NEVER
