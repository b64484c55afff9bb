"""What the agent would have shown of a sentence while it was being said: partial, committed, revised.

Frames are counted from the beginning of the recording; the turn begins with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Committed, Event, Partial, Revised
from edge_agent.hearing.pre_roll import FRAMES_PER_STEP
from edge_agent.hearing.understanding import COMMAND_CONFIDENCE, Understanding
from edge_agent.models.decoder import Decoder, Hypothesis
from edge_agent.units import STEP_SAMPLES

Words = tuple[str, ...]
SILENCE_FRAMES = 15  # after the last phone the user pauses


@dataclass
class Shown:
    """One sentence as it came. `committed_at`: the frame behind which each final word was committed for good."""

    texts: list[Words] = field(default_factory=list)  # what was shown, whenever it changed
    committed_at: list[int] = field(default_factory=list)
    num_revised: int = 0  # committed words that were taken back
    final: Hypothesis = field(default_factory=Hypothesis)

    @property
    def erasure(self) -> float | None:
        """Normalised erasure: words taken back for each word of the end; None where nothing was shown."""
        if not self.texts or not self.texts[-1]:
            return None
        erased = sum(
            len(before) - shared(before, after) for before, after in zip(self.texts, self.texts[1:], strict=False)
        )
        return erased / len(self.texts[-1])


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Words that both begin with."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))


def show(decoder: Decoder, log_posteriors: NDArray[np.float32]) -> Shown:
    """Run a sentence through what a turn runs it through."""
    shown = Shown()
    committed: Words = ()
    events: list[Event] = []
    understanding = Understanding(decoder, decoder.twin(), events.append)
    understanding.begin()
    for start in range(0, len(log_posteriors) - 1, FRAMES_PER_STEP):
        frames = log_posteriors[start : start + FRAMES_PER_STEP]
        understanding.remember(frames)
        end = start + FRAMES_PER_STEP
        is_silent = understanding.hypothesis.num_frames_since_phone > SILENCE_FRAMES
        understanding.step(end // FRAMES_PER_STEP * STEP_SAMPLES, frames, is_silent)
        committed = _take(shown, events, committed, end)
    shown.final = understanding.end(len(log_posteriors) // FRAMES_PER_STEP * STEP_SAMPLES)
    _take(shown, events, committed, len(log_posteriors))
    return shown


def is_accepted(heard: Hypothesis) -> bool:
    """Would the agent act upon it."""
    return heard.is_complete and heard.intent is not None and heard.confidence >= COMMAND_CONFIDENCE


def _take(shown: Shown, events: list[Event], committed: Words, frame: int) -> Words:
    for event in events:
        if isinstance(event, Committed | Revised):
            now = tuple(event.text.split())
            kept = shared(committed, now)
            shown.num_revised += len(committed) - kept
            shown.committed_at[kept:] = [frame] * (len(now) - kept)
            committed = now
            # committed words are shown at once, and those shown after them stay where they agree
            shown.texts.append(now if not shown.texts or shown.texts[-1][: len(now)] != now else shown.texts[-1])
        elif isinstance(event, Partial):
            shown.texts.append(tuple(event.text.split()))
    events.clear()
    return committed
