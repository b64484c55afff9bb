"""One queue of sounds that are played one after the other; it can be faded out for good, or held and taken up again."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.voice.gain import MAX_BLOCK_SAMPLES, Gain

_MAX_QUEUED = 64
_COUNT = np.arange(MAX_BLOCK_SAMPLES, dtype=np.float32)
_RISE_SAMPLES = 80  # after a hold: soft enough not to click, short enough for a first plosive


class Track:
    """Thread: hop only. `add_to` never allocates.

    played_samples: of the sounds since the track was last idle or stopped, what has really sounded; what sounds again
    after a hold counts once.
    first_sample: place in the rendered stream where they began, -1 before.
    stopped_after_samples: `played_samples` of what was last stopped, its fade included.
    """

    def __init__(self) -> None:
        self.played_samples = 0
        self.first_sample = -1
        self.stopped_after_samples = 0
        self._queue: list[tuple[NDArray[np.float32], int]] = []  # a sound, and how often
        self._next_in_first = 0
        self._repeats_of_first = 0
        self._again_samples = 0  # of what is next, heard before the hold
        self._num_to_drop = 0
        self._fade_samples = 1
        self._fade_left = 0
        self._hold = Gain(1.0)
        self._scratch = np.zeros(MAX_BLOCK_SAMPLES, np.float32)
        self._ramp = np.zeros(MAX_BLOCK_SAMPLES, np.float32)

    @property
    def is_playing(self) -> bool:
        """True while anything is queued, held or fading."""
        return bool(self._queue)

    @property
    def is_stopping(self) -> bool:
        """True while a fade-out is on its way."""
        return self._num_to_drop > 0

    @property
    def is_held(self) -> bool:
        """True from `hold` until `go_on`, `stop`, or the end of what sounded."""
        return bool(self._queue) and self._hold.target == 0.0

    @property
    def place_samples(self) -> int:
        """How far into the sound that is being played."""
        return self._next_in_first

    @property
    def is_silent(self) -> bool:
        """True when the next samples are silence: nothing is queued, or it is held and faded."""
        return not self._queue or self._hold.value == self._hold.target == 0.0

    def play(self, samples: NDArray[np.float32], times: int = 1) -> bool:
        """Queue a sound (float32, not to be changed afterwards); False when the queue is full or the sound is empty."""
        if not len(samples) or len(self._queue) >= _MAX_QUEUED:
            return False
        if not self._queue:
            self._begin_count()
        self._queue.append((samples, times))
        return True

    def hold(self, fade_samples: int) -> None:
        """Fade out and wait; does nothing when there is nothing to hold, or it is being stopped."""
        if not self._queue or self._num_to_drop:
            return
        if self.played_samples == 0:
            self._hold.jump(0.0)
        else:
            self._hold.move(0.0, max(1, fade_samples))

    def go_on(self, back_samples: int = 0) -> None:
        """After a hold: go on, that much further back, but not before the beginning of the sound that was held."""
        if not self.is_held:
            return
        self._hold.move(1.0, _RISE_SAMPLES)
        back_samples = min(back_samples, self._next_in_first)
        self._next_in_first -= back_samples
        self._again_samples += back_samples

    def stop(self, fade_samples: int) -> None:
        """Fade out and drop what is queued now; sounds queued later follow the fade."""
        if not self._queue:
            return
        if not self._num_to_drop:
            self._fade_samples = self._fade_left = max(1, fade_samples)
        self._num_to_drop = len(self._queue)
        if self.played_samples == 0 or self.is_silent:
            self._end_stop()  # nothing sounds, so there is nothing to fade

    def add_to(self, out: NDArray[np.float32], rendered_samples: int) -> None:
        """Add the next len(out) samples to `out`; rendered_samples: place of out[0] in the stream."""
        done = 0
        while done < len(out) and not self.is_silent:
            done += self._add_piece(out[done:], rendered_samples + done)

    def _add_piece(self, out: NDArray[np.float32], rendered_samples: int) -> int:
        sound = self._queue[0][0]
        count = min(len(out), len(sound) - self._next_in_first)
        if self.first_sample < 0:
            self.first_sample = rendered_samples
        if self._num_to_drop:
            count = min(count, self._fade_left)
        if is_moving := self._hold.value != 1.0 or self._hold.target != 1.0:
            count = min(count, self._hold.samples_left)
        heard = sound[self._next_in_first : self._next_in_first + count]
        if self._num_to_drop:
            heard = self._faded(heard)
        if is_moving:
            heard = self._with_hold(heard)
        np.add(out[:count], heard, out=out[:count])
        self._advance(count)
        return count

    def _faded(self, heard: NDArray[np.float32]) -> NDArray[np.float32]:
        ramp, scratch = self._ramp[: len(heard)], self._scratch[: len(heard)]
        np.subtract(self._fade_left - 1, _COUNT[: len(heard)], out=ramp)
        np.divide(ramp, self._fade_samples, out=ramp)
        np.multiply(heard, ramp, out=scratch)
        self._fade_left -= len(heard)
        return scratch

    def _with_hold(self, heard: NDArray[np.float32]) -> NDArray[np.float32]:
        scratch = self._scratch[: len(heard)]
        if heard is not scratch:
            np.copyto(scratch, heard)
        self._hold.apply(scratch)
        return scratch

    def _advance(self, count: int) -> None:
        self._count_played(count)
        self._next_in_first += count
        if self._next_in_first == len(self._queue[0][0]):
            self._next_in_first = 0
            self._repeats_of_first += 1
            if self._repeats_of_first >= self._queue[0][1]:
                self._next_sound()
        if self._num_to_drop and not self._fade_left:
            self._end_stop()

    def _count_played(self, count: int) -> None:
        again = min(count, self._again_samples)
        self._again_samples -= again
        self.played_samples += count - again

    def _next_sound(self) -> None:
        self._queue.pop(0)
        self._repeats_of_first = 0
        if self._num_to_drop:
            self._num_to_drop -= 1
            if not self._num_to_drop:  # the sound ended before its fade did
                self._end_stop()

    def _end_stop(self) -> None:
        del self._queue[: self._num_to_drop]
        self._num_to_drop = self._fade_left = 0
        self.stopped_after_samples = self.played_samples
        self._begin_count()

    def _begin_count(self) -> None:
        self.played_samples, self.first_sample = 0, -1
        self._next_in_first = self._repeats_of_first = self._again_samples = 0
        self._hold.jump(1.0)
