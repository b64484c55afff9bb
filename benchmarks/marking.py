"""Where a person speaks in a recording, marked by energy after the fact: what benchmarks and scenarios measure against.

The procedure, for one recording:
1. Level of each 10 ms, in dB, without what lies below 100 Hz (rumble and hum).
2. Noise is the level that a tenth of the recording stays below, speech the level that a twentieth exceeds. A block is
   loud when it is 8 dB above the noise and not more than 35 dB below the speech.
3. A loud run under 30 ms that stands 60 ms or more apart from any other is a click (a mouse, a switch): no voice.
4. Loud runs that are less than 100 ms apart belong together: a shorter gap is a plosive's closure, not a silence.

It looks at the whole recording, so nothing that must answer while somebody speaks can know as much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ

HOLD_MS = 100  # a silence this long inside a turn is a hold
CLICK_MS = 30
CLICK_APART_MS = 60
LOW_HZ = 100.0
NOISE_QUANTILE, SPEECH_QUANTILE = 0.10, 0.95
OVER_NOISE_DB = 8.0
UNDER_SPEECH_DB = 35.0


@dataclass(frozen=True)
class Span:
    """A stretch of voice, in samples of its recording."""

    begin_sample: int
    end_sample: int


def voiced_spans(samples: NDArray[np.floating], hold_ms: float = HOLD_MS) -> list[Span]:
    """Stretches of voice of a 16 kHz recording, silences of `hold_ms` and more between them; none in silence."""
    is_loud = without_clicks(loud_blocks(levels_db(samples)))
    spans: list[Span] = []
    for first, last in runs(is_loud):
        begin, end = first * HOP_SAMPLES, last * HOP_SAMPLES
        if spans and begin - spans[-1].end_sample < hold_ms * SAMPLE_RATE_HZ / 1000:
            spans[-1] = Span(spans[-1].begin_sample, end)
        else:
            spans.append(Span(begin, end))
    return spans


def levels_db(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Level of each 10 ms above `LOW_HZ`, [num_hops]."""
    spectrum = np.fft.rfft(samples.astype(np.float64))
    spectrum[np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ) < LOW_HZ] = 0.0
    blocks = np.fft.irfft(spectrum, len(samples))[: len(samples) // HOP_SAMPLES * HOP_SAMPLES]
    power = np.mean(blocks.reshape(-1, HOP_SAMPLES) ** 2, axis=1)
    return np.asarray(10.0 * np.log10(power + 1e-10))


def loud_blocks(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which 10 ms are well above the recording's own noise, [num_hops]."""
    noise, speech = np.quantile(levels, [NOISE_QUANTILE, SPEECH_QUANTILE])
    return np.asarray(levels > max(noise + OVER_NOISE_DB, speech - UNDER_SPEECH_DB), np.bool_)


def without_clicks(is_loud: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same without lone runs that are too short for a voice."""
    kept = is_loud.copy()
    found = runs(is_loud)
    for place, (first, last) in enumerate(found):
        gap_before = first - found[place - 1][1] if place else len(is_loud)
        gap_after = found[place + 1][0] - last if place + 1 < len(found) else len(is_loud)
        if (last - first) * HOP_MS < CLICK_MS and min(gap_before, gap_after) * HOP_MS >= CLICK_APART_MS:
            kept[first:last] = False
    return kept


def runs(is_true: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, behind the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_true, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
