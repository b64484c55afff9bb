"""Counters and histograms that cost the hop a few stores, drained by someone who has time.

All memory is taken at construction. Thread: one writer (the hop), one reader (the link, or a test); a reader may
see a count that is one hop old, never a torn one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter_ns
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Summary

NUM_BUCKETS = 512
BUCKETS_PER_OCTAVE = 32
SMALLEST_MS = 0.001
COUNTERS = (
    "hops",
    "turns",
    "intents",
    "near_wakes",
    "capture_overruns",
    "playback_underruns",
    "device_losses",
    "event_overruns",
    "lost_steps",
)


class Histogram:
    """Durations in ms in buckets 2 % apart, from a microsecond to a minute; the largest is kept exactly."""

    def __init__(self) -> None:
        self._counts = np.zeros(NUM_BUCKETS, dtype=np.int64)
        self._edges_ms = SMALLEST_MS * 2.0 ** (np.arange(NUM_BUCKETS) / BUCKETS_PER_OCTAVE)
        self.max_ms = 0.0

    def add(self, duration_ms: float) -> None:
        """Hop thread. Counts one duration."""
        bucket = int(self._edges_ms.searchsorted(duration_ms))
        self._counts[bucket if bucket < NUM_BUCKETS else NUM_BUCKETS - 1] += 1
        if duration_ms > self.max_ms:
            self.max_ms = duration_ms

    @property
    def num_values(self) -> int:
        return int(self._counts.sum())

    def quantile_ms(self, p_below: float) -> float:
        """Upper edge of the bucket that holds the quantile, at most the largest value; 0 when empty."""
        cumulated: NDArray[np.int64] = self._counts.cumsum()
        if cumulated[-1] == 0:
            return 0.0
        bucket = int(cumulated.searchsorted(p_below * float(cumulated[-1])))
        return min(float(self._edges_ms[bucket]), self.max_ms)

    def clear(self) -> None:
        self._counts[:] = 0
        self.max_ms = 0.0


@dataclass
class Counter:
    """One count, an attribute to add to."""

    count: int = 0


class Meters:
    """What the hop measures of itself.

    Usage: `began_ns = perf_counter_ns(); ...; meters.end_hop(began_ns)`; `meters.counters["turns"].count += 1`.
    """

    def __init__(self) -> None:
        self.hop = Histogram()
        self.counters: Mapping[str, Counter] = MappingProxyType({name: Counter() for name in COUNTERS})
        self._hops = self.counters["hops"]

    def end_hop(self, began_ns: int) -> None:
        """Hop thread. Counts a hop that began at `began_ns` of `perf_counter_ns`."""
        self.hop.add((perf_counter_ns() - began_ns) * 1e-6)
        self._hops.count += 1

    @property
    def num_xruns(self) -> int:
        return sum(self.counters[name].count for name in ("capture_overruns", "playback_underruns", "device_losses"))

    def summary(self, at_sample: int) -> Summary:
        """All figures since the last `clear`."""
        return Summary(
            at_sample=at_sample,
            num_hops=self._hops.count,
            num_turns=self.counters["turns"].count,
            num_intents=self.counters["intents"].count,
            num_xruns=self.num_xruns,
            hop_p50_ms=self.hop.quantile_ms(0.50),
            hop_p99_ms=self.hop.quantile_ms(0.99),
            hop_max_ms=self.hop.max_ms,
        )

    def clear(self) -> None:
        self.hop.clear()
        for counter in self.counters.values():
            counter.count = 0
