"""How the talker's pitch and level move: where an utterance sinks to its end, and where a listener may say "mm-hm".

Pure, in samples of the capture clock. Thread: hop only. Keeps numbers in arrays of fixed length.

The rule for back-channels is Ward and Tsukahara's (2000), for English: after at least 700 ms of speech, a stretch of
110 ms in which the pitch is below the talker's 26th percentile; the response comes 700 ms after the stretch began.
"""

import math
from bisect import bisect_left, insort

from edge_agent.units import HOP_MS, HOP_SAMPLES, ms_to_hops, ms_to_samples

LOW_QUANTILE = 0.26
LOW_STRETCH_MS = 110
UNVOICED_INSIDE_MS = 30  # a consonant inside a low stretch does not end it
MEMORY_HOPS = 400  # voiced hops, some six seconds of speech
LEAST_KNOWN_HOPS = 40  # fewer say nothing about a talker
LAST_PITCH_HOPS = 8
LAST_LEVEL_HOPS = 15
LONG_AGO_SAMPLE = -(1 << 40)


class Melody:
    """Pitch and level of one talker."""

    def __init__(self) -> None:
        self.low_since_sample = LONG_AGO_SAMPLE  # where the present or last low stretch began
        self.low_until_sample = LONG_AGO_SAMPLE
        self._semitones: list[float] = []  # of voiced hops, oldest first
        self._sorted: list[float] = []
        self._levels_db: list[float] = [-100.0] * LAST_LEVEL_HOPS
        self._run_begin_sample = LONG_AGO_SAMPLE
        self._last_low_sample = LONG_AGO_SAMPLE

    @property
    def pitch_fall_semitones(self) -> float:
        """How far the last voiced 80 ms are below the talker's median; nan while too little is known."""
        if len(self._sorted) < LEAST_KNOWN_HOPS:
            return math.nan
        last = sorted(self._semitones[-LAST_PITCH_HOPS:])
        return self._sorted[len(self._sorted) // 2] - last[len(last) // 2]

    def level_fall_db(self, speech_db: float) -> float:
        """How far the loudest of the last loud 150 ms is below the talker's loudest; nan while too little is known."""
        if len(self._sorted) < LEAST_KNOWN_HOPS:
            return math.nan
        return max(0.0, speech_db - max(self._levels_db))

    def step(self, at_sample: int, level_db: float, pitch_hz: float, *, is_loud: bool) -> None:
        """One hop that ends at `at_sample`."""
        if not is_loud:
            return
        self._levels_db.append(level_db)
        del self._levels_db[0]
        if pitch_hz > 0.0:
            self._learn(12.0 * math.log2(pitch_hz / 100.0))
            self._look_for_low(at_sample)

    def reset(self) -> None:
        """Another talker may speak."""
        self._semitones.clear()
        self._sorted.clear()
        self.low_since_sample = self.low_until_sample = LONG_AGO_SAMPLE
        self._run_begin_sample = self._last_low_sample = LONG_AGO_SAMPLE

    def _learn(self, semitones: float) -> None:
        self._semitones.append(semitones)
        insort(self._sorted, semitones)
        if len(self._semitones) > MEMORY_HOPS:
            del self._sorted[bisect_left(self._sorted, self._semitones.pop(0))]

    def _look_for_low(self, at_sample: int) -> None:
        if len(self._sorted) < LEAST_KNOWN_HOPS:
            return
        if self._semitones[-1] > self._sorted[int(LOW_QUANTILE * len(self._sorted))]:
            self._last_low_sample = LONG_AGO_SAMPLE
            return
        if at_sample - self._last_low_sample > ms_to_samples(UNVOICED_INSIDE_MS + HOP_MS):
            self._run_begin_sample = at_sample - HOP_SAMPLES
        self._last_low_sample = at_sample
        if at_sample - self._run_begin_sample >= ms_to_hops(LOW_STRETCH_MS) * HOP_SAMPLES:
            self.low_since_sample, self.low_until_sample = self._run_begin_sample, at_sample
