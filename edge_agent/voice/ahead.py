"""Speaking ahead of time: replies are made in a thread of their own, so that a slow program never holds up the hop.

In virtual time (replay, tests) there is no thread, and a reply is there as soon as it is asked for.
"""

import queue
import threading
from typing import Protocol

import numpy as np

from edge_agent.voice.base import Samples
from edge_agent.voice.words import Spoken, with_words

PREPARED = -1  # the round of what nobody has asked for yet


class Sayer(Protocol):
    """What is asked of a voice (`voice.py`)."""

    def say(self, text: str) -> Samples: ...


class VoiceAhead:
    """Asks the voice for replies and hands over their sound when it is ready, in the order asked.

    Thread: `ask`, `take` and `forget` in the hop. Only the worker touches the voice's `say` once it runs.
    """

    def __init__(self, voice: Sayer, is_threaded: bool) -> None:
        self._voice = voice
        self._asked: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[tuple[int, Spoken]] = queue.SimpleQueue()
        self._round = 0
        self._num_waiting = 0
        self._prepared: Spoken | None = None  # the worker's last
        self.num_errors = 0
        self.error = ""  # of the last reply that failed, until someone clears it
        self._worker = threading.Thread(target=self._work, name="voice", daemon=True) if is_threaded else None
        if self._worker:
            self._worker.start()

    @property
    def is_waiting(self) -> bool:
        """True while a reply that was asked for has not been taken."""
        return self._num_waiting > 0

    def ask(self, text: str) -> None:
        """Have a reply made; one that is prepared is there at once."""
        prepared = self._prepared
        is_first = not self._num_waiting
        self._num_waiting += 1
        if is_first and prepared is not None and prepared.text == text:
            self._made.put((self._round, prepared))
        elif self._worker:
            self._asked.put((self._round, text))
        else:
            self._made.put((self._round, self._make(text)))

    def prepare(self, text: str) -> None:
        """Have a sound made that may be asked for soon. Without a thread there is no need."""
        if self._worker and text:
            self._asked.put((PREPARED, text))

    def take(self) -> Spoken | None:
        """The next reply that is ready, or None."""
        while self._num_waiting:
            try:
                made_in, spoken = self._made.get_nowait()
            except queue.Empty:
                return None
            if made_in == self._round:
                self._num_waiting -= 1
                return spoken
        return None

    def forget(self) -> None:
        """Drop what was asked for: nobody wants to hear it any more."""
        self._round += 1
        self._num_waiting = 0

    def close(self) -> None:
        """End the worker."""
        if self._worker:
            self._asked.put(None)
            self._worker.join(timeout=10)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            asked_in, text = asked
            if asked_in == PREPARED:
                made = self._make(text)
                self._prepared = made if len(made.sound) else None
            elif asked_in == self._round:
                self._made.put((asked_in, self._make(text)))

    def _make(self, text: str) -> Spoken:
        """A reply that fails is silence, and a reason; the worker outlives it."""
        try:
            return with_words(text, self._voice.say(text))
        except Exception as error:
            self.num_errors += 1
            self.error = f"{type(error).__name__}: {error}"
            return Spoken(text, np.zeros(0, np.float32))
