"""Which answer belongs to which utterance, after how long, and what the agent took the utterance for.

Times are samples of one clock, that of the room or that of the agent's microphone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import EndOfTurn, Event, FirstAudio, GoesOn, Intent, NoIntent
from edge_agent.units import SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms

Samples = NDArray[np.float32]

FINGERPRINT_SAMPLES = ms_to_samples(20)
QUIET_MS = 50  # of silence part one sound from the next
LONGEST_ANSWER_MS = 4000
EARLIEST_MS = -1000  # a turn may be taken for ended before its last sample, and two clocks differ a little
COMMAND, OPEN_QUESTION = "command", "open question"


@dataclass(frozen=True)
class Turn:
    """What the agent says of an utterance. `silence_ms` was waited for; then the answer took `making_ms` to begin.

    `ended_sample` is where the answer was decided upon, if that was before the turn's end.
    """

    taken_for: str
    ended_sample: int  # of the agent's clock
    silence_ms: float
    making_ms: float

    @property
    def answered_sample(self) -> int:
        """First of the answer, on the agent's clock."""
        return self.ended_sample + ms_to_samples(self.making_ms)


def turns_of(events: Sequence[Event], seen: Sequence[int], ends: Sequence[int]) -> list[Turn | None]:
    """For each utterance that ends at a sample of `ends`: the answered turn of `events`, which were seen at `seen`."""
    until = [*ends[1:], ends[-1] + ms_to_samples(LONGEST_ANSWER_MS - EARLIEST_MS)]
    early = ms_to_samples(EARLIEST_MS)
    return [
        _turn([event for event, at in zip(events, seen, strict=True) if first + early <= at < last + early])
        for first, last in zip(ends, until, strict=True)
    ]


def _turn(events: list[Event]) -> Turn | None:
    """The first turn that was answered aloud; its answer may have begun before it ended, and stood."""
    ended, taken_for, early = None, "", None
    for event in events:
        if isinstance(event, EndOfTurn):
            ended, taken_for = event, ""
        elif isinstance(event, Intent | NoIntent):
            taken_for = COMMAND if isinstance(event, Intent) else OPEN_QUESTION
            if early is not None:
                return Turn(taken_for, early.at_sample, early.latency_ms, 0.0)
        elif isinstance(event, GoesOn):
            early = None
        elif isinstance(event, FirstAudio) and event.kind == "reply" and event.latency_ms > 0.0:
            if ended and taken_for:
                making_ms = samples_to_ms(event.at_sample - ended.at_sample)
                return Turn(taken_for, ended.at_sample, ended.silence_ms, making_ms)
            early = event
    return None


def answer_latencies_ms(spoken: Samples, ends: Sequence[int], heard: Samples) -> list[float | None]:
    """For each utterance: from its last sample to the first sample that the loudspeaker plays; None: nobody knows.

    heard: [n, 2], what was spoken and what the loudspeaker played; `ends`: where utterances end in `spoken`.
    """
    onsets = _onsets(heard[:, 1])
    latencies: list[float | None] = []
    shift = int(np.flatnonzero(heard[:, 0])[0]) - int(np.flatnonzero(spoken)[0])
    for end in ends:
        at = _find(heard[:, 0], spoken[end - FINGERPRINT_SAMPLES : end], end - FINGERPRINT_SAMPLES + shift)
        if at is None:
            latencies.append(None)  # the player left a gap there
            continue
        last = at + FINGERPRINT_SAMPLES
        shift = last - end
        after = onsets[(onsets >= last) & (onsets < last + ms_to_samples(LONGEST_ANSWER_MS))]
        latencies.append(samples_to_ms(int(after[0]) - last) if len(after) else None)
    return latencies


def median_ms(latencies_ms: Sequence[float], share: float = 0.5) -> float | None:
    """Or another quantile; None of nothing."""
    return round(float(np.quantile(latencies_ms, share)), 1) if latencies_ms else None


def _onsets(played: Samples) -> NDArray[np.intp]:
    """Where sounds begin."""
    sounding = np.flatnonzero(played)
    is_first = np.diff(sounding, prepend=-SAMPLE_RATE_HZ) > ms_to_samples(QUIET_MS)
    onsets: NDArray[np.intp] = sounding[is_first]
    return onsets


def _find(heard: Samples, piece: Samples, expected: int, within_samples: int = SAMPLE_RATE_HZ) -> int | None:
    """Where exactly these samples were heard, near where they are expected."""
    first = max(0, expected - within_samples)
    stretch = heard[first : expected + within_samples + len(piece)]
    if len(stretch) < len(piece):
        return None
    windows = np.lib.stride_tricks.sliding_window_view(stretch, len(piece))
    found = np.flatnonzero((windows == piece).all(axis=1))
    return first + int(found[0]) if len(found) else None
