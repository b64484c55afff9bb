"""Two clocks in float64 numpy, from the equations: what `kernels/src/echo_clock.c` and `echo_drift.c` are held to."""

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

HOP, SIDE, HYSTERESIS = 160, 8, 16
BINS, NUM_COARSE = np.arange(4, 48), 20
LOOK_HOPS, LEARN_HOPS, SETTLE_HOPS, PAUSE_HOPS, NUM_AGREE = 100, 300, 100, 100, 3


class Clock:
    """What was played, read at the pace of the microphone's clock."""

    def __init__(self) -> None:
        self._past = np.zeros(3 * HOP)
        self._behind = 0.0

    def step(self, played: Real, drift: float) -> list[Real]:
        """The hops to be read now: one, seldom none or two."""
        self._past = np.concatenate([self._past[HOP:], played])
        self._behind += HOP
        side = SIDE if drift < 0.0 else 0
        hops: list[Real] = []
        while len(hops) < 2 and self._behind >= HOP + side + len(hops) * HYSTERESIS:
            hops.append(self._read(drift))
        return hops

    def _read(self, drift: float) -> Real:
        at = len(self._past) - self._behind
        whole, share = int(at), np.arange(HOP)[:, None] / HOP
        taps = (1.0 - share) * _taps(at - whole) + share * _taps(at - whole - drift * HOP)
        first = whole - SIDE + 1
        known = np.concatenate([self._past, np.zeros(SIDE)])
        windows = np.lib.stride_tricks.sliding_window_view(known, 2 * SIDE)[first : first + HOP]
        self._behind -= HOP * (1.0 - drift)
        return np.asarray(np.sum(windows * taps, axis=1))


class Drift:
    """By how many millionths the echo comes later and later."""

    def __init__(self) -> None:
        self.ppm = 0.0
        self._is_known = False
        self._off_ppm = 0.0
        self._wait_hops = LEARN_HOPS
        self._elapsed_hops = self._sound_hops = self._silent_hops = 0
        self._agreed: list[float] = []
        self._then = np.zeros((0, 0), complex)

    def doubt(self) -> None:
        self._wait_hops = LEARN_HOPS

    def step(self, filter_now: Complex, is_learning: bool) -> bool:
        """True when the drift went on in a pause by more than a filter can follow."""
        gap = self._silent_hops * HOP if is_learning and self._silent_hops >= PAUSE_HOPS else 0
        has_lapsed = self._off_ppm > 8.0 and 1e-6 * self._off_ppm * gap > 2.0
        self._follow(filter_now, is_learning)
        return has_lapsed

    def _follow(self, filter_now: Complex, is_learning: bool) -> None:
        self._elapsed_hops += 1
        self._silent_hops = 0 if is_learning else self._silent_hops + 1
        if self._silent_hops == PAUSE_HOPS:
            self._wait_hops = max(self._wait_hops, SETTLE_HOPS)
        if not is_learning:
            return
        if self._wait_hops > 0:
            self._wait_hops -= 1
            if self._wait_hops == 0:
                self._look(filter_now)
            return
        self._sound_hops += 1
        if self._sound_hops == LOOK_HOPS:
            self._measure(filter_now)
            self._look(filter_now)

    def _look(self, filter_now: Complex) -> None:
        self._then = filter_now[:, BINS].copy()
        self._elapsed_hops = self._sound_hops = 0

    def _measure(self, filter_now: Complex) -> None:
        now, scale = filter_now[:, BINS], 1e6 / (self._elapsed_hops * HOP)
        coarse = _shift(now[:, :NUM_COARSE], self._then[:, :NUM_COARSE])
        if coarse is None:
            return
        fine = _shift(now, self._then) if abs(coarse * scale) < 40.0 else None
        self._heed(scale * (coarse if fine is None else fine))

    def _heed(self, ppm: float) -> None:
        self._off_ppm += 0.5 * (abs(ppm) - self._off_ppm)
        if self._is_known:
            self.ppm = min(500.0, max(-500.0, self.ppm + 0.5 * ppm))
            return
        self._agreed = [*self._agreed, ppm] if abs(ppm) > 4.0 and ppm * sum(self._agreed) >= 0.0 else []
        if len(self._agreed) == NUM_AGREE:
            self._is_known, self.ppm = True, sum(self._agreed) / NUM_AGREE


def _taps(fraction: float) -> Real:
    away = fraction - np.arange(1 - SIDE, SIDE + 1)
    return np.asarray(np.sinc(away) * (0.5 + 0.5 * np.cos(np.pi * away / (SIDE + 1))))


def _shift(now: Complex, then: Complex) -> float | None:
    """Samples by which a filter is later than it was."""
    cross = np.sum(now * then.conj(), axis=0)
    omega = 2.0 * np.pi * BINS[: len(cross)] / (2 * HOP)
    shifts = np.arange(-8, 9)
    turned = cross * np.exp(1j * np.outer(shifts, omega))
    best = int(np.argmax(np.sum(turned.real, axis=1)))
    most = np.sqrt(np.sum(np.abs(now) ** 2) * np.sum(np.abs(then) ** 2))
    if np.sum(turned[best].real) <= 0.5 * most:
        return None
    return float(shifts[best] - np.sum(omega * turned[best].imag) / np.sum(omega**2 * turned[best].real))
