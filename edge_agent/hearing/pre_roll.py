"""The last steps of what the listener heard, and decoders that begin in them.

A turn begins before anybody can know that it did, so its decoder starts in the past. It catches up hop by hop, since
all at once would make one hop as long as a dozen.

Thread: hop only.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.decoder import Hypothesis
from edge_agent.models.phones import BLANK, TOKENS

Posteriors = NDArray[np.float32]

FRAMES_PER_STEP = 2
PRE_ROLL_STEPS = 10  # 400 ms: the onset, the listener's look-ahead, and a first plosive
FRAMES_PER_HOP = 3  # caught up with: where a turn begins most paths are alive, and a frame may take more than 1 ms


class IncrementalDecoder(Protocol):
    """What is asked of a decoder (`models/decoder.py`)."""

    def reset(self, at_frame: int) -> None: ...

    def step(self, log_posteriors: Posteriors) -> None: ...

    def hypothesis(self) -> Hypothesis: ...

    def final_hypothesis(self) -> Hypothesis: ...


class PreRoll:
    """The last steps of log posteriors, oldest first, in one array."""

    def __init__(self) -> None:
        self._frames = np.zeros((PRE_ROLL_STEPS * FRAMES_PER_STEP, len(TOKENS)), np.float32)
        self._num_kept = 0
        self.at_frame = 0  # the number of the frame that comes next

    def push(self, log_posteriors: Posteriors) -> None:
        """Keep one step, float32 [2, 40]. Never allocates."""
        self._frames[:-FRAMES_PER_STEP] = self._frames[FRAMES_PER_STEP:]
        self._frames[-FRAMES_PER_STEP:] = log_posteriors
        self._num_kept = min(self._num_kept + FRAMES_PER_STEP, len(self._frames))
        self.at_frame += FRAMES_PER_STEP

    def shorten(self, num_steps: int) -> None:
        """Forget all but the last `num_steps`."""
        self._num_kept = min(self._num_kept, num_steps * FRAMES_PER_STEP)

    def num_frames(self, most_steps: int) -> int:
        """How many of the last `most_steps` are kept, in frames."""
        return min(self._num_kept, most_steps * FRAMES_PER_STEP)

    def frames(self, num_ago: int, num_frames: int) -> Posteriors:
        """That many of them, or fewer at the end, from `num_ago` before the next on; float32 [num_frames, 40]."""
        begin = len(self._frames) - num_ago
        return self._frames[begin : begin + num_frames]


class LateDecoder:
    """A decoder that begins some steps ago. Each step is pushed to the pre-roll before it comes here."""

    def __init__(self, decoder: IncrementalDecoder, pre_roll: PreRoll) -> None:
        self.decoder = decoder
        self._pre_roll = pre_roll
        self._behind = 0  # frames that wait in the pre-roll

    def begin(self, num_steps: int) -> None:
        """Start with the last `num_steps`, or what is kept of them."""
        self._behind = self._pre_roll.num_frames(num_steps)
        self.decoder.reset(self._pre_roll.at_frame - self._behind)
        self.catch_up()

    @property
    def is_behind(self) -> bool:
        """Some of it waits to be decoded."""
        return self._behind > 0

    def step(self, log_posteriors: Posteriors) -> None:
        """What was heard in this step, float32 [2, 40]."""
        if self._behind:
            self._behind += len(log_posteriors)
            self.catch_up()
        else:
            self.decoder.step(log_posteriors)

    def stop(self) -> None:
        """Nobody waits for what was said any more."""
        self._behind = 0

    def catch_up(self) -> None:
        """Once per hop: decode some of what waits, oldest first."""
        if self._behind:
            waiting = self._pre_roll.frames(self._behind, FRAMES_PER_HOP)
            self.decoder.step(waiting)
            self._behind -= len(waiting)


def blank_posteriors() -> Posteriors:
    """Log posteriors of a step in which nothing is heard, float32 [2, 40]."""
    silence = np.full((FRAMES_PER_STEP, len(TOKENS)), -20.0, np.float32)
    silence[:, BLANK] = 0.0
    return silence
