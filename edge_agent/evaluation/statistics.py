"""The few statistics that figures need."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_95 = 1.96


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    count: int
    num: int

    @property
    def value(self) -> float:
        return self.count / self.num if self.num else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %; the whole range where nothing was counted."""
        if not self.num:
            return 0.0, 1.0
        share, spread = self.count / self.num, _95 * _95 / self.num
        centre = (share + spread / 2) / (1 + spread)
        half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
        return max(0.0, centre - half), min(1.0, centre + half)

    def __add__(self, other: "Share") -> "Share":
        return Share(self.count + other.count, self.num + other.num)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def share_of(are_right: Sequence[bool]) -> Share:
    """How many are true."""
    return Share(sum(are_right), len(are_right))


def mean_interval(values: NDArray[np.floating], num_draws: int = 1000) -> tuple[float, float]:
    """95 % of the means of as many values drawn again: for recordings that are each measured several times."""
    drawn = np.random.default_rng(1).integers(len(values), size=(num_draws, len(values)))
    low, high = np.quantile(np.asarray(values)[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def rate_interval(num_events: int, num_hours: float) -> tuple[float, float]:
    """Events per hour, 95 %, of events that come independently (Poisson, by Byar's approximation)."""

    def edge(count: float, z: float) -> float:
        return count * (1 - 1 / (9 * count) + z / (3 * math.sqrt(count))) ** 3 if count > 0 else 0.0

    return edge(num_events, -_95) / num_hours, edge(num_events + 1, _95) / num_hours


def area_under_curve(scores: NDArray[np.floating], are_positive: NDArray[np.bool_]) -> float:
    """Probability that a positive scores above a negative, ties as half; nan where one kind is missing."""
    num_positive, num_negative = int(are_positive.sum()), int((~are_positive).sum())
    if not num_positive or not num_negative:
        return math.nan
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2  # of equal scores
    rank_sum = float(mean_rank[places.reshape(-1)][are_positive].sum())
    return (rank_sum - num_positive * (num_positive + 1) / 2) / (num_positive * num_negative)


def reliability(
    confidences: NDArray[np.floating], are_right: NDArray[np.bool_], num_bins: int = 10
) -> list[tuple[float, int, float, float]]:
    """Per bin of confidence that is not empty: its lower edge, count, mean confidence, share that is right."""
    bins = np.minimum((confidences * num_bins).astype(int), num_bins - 1)
    rows = []
    for index in np.unique(bins):
        inside = bins == index
        mean, share = float(confidences[inside].mean()), float(are_right[inside].mean())
        rows.append((index / num_bins, int(inside.sum()), mean, share))
    return rows


def calibration_error(confidences: NDArray[np.floating], are_right: NDArray[np.bool_]) -> float:
    """Expected calibration error: how far confidence and truth differ, mean over examples."""
    rows = reliability(confidences, are_right)
    return sum(count * abs(mean - share) for _, count, mean, share in rows) / max(1, len(are_right))
