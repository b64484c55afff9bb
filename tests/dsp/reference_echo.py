"""The echo canceller in float64 numpy, written from the equations: what `kernels/src/echo_*.c` is held to.

Filters and delay only; what is expected to be left of an echo is judged by its use (`test_echo_evidence.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tests.dsp.reference_clock import Clock, Drift

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

HOP, FFT, BINS, PARTS, LAGS = 160, 320, 161, 24, 100
PHASE_BINS = slice(4, 100, 2)
FORGETTING, SHADOW_STEP = 0.9985, 0.3
FALL = 10.0 ** (-np.arange(PARTS) / 12.0)[:, None]


class Delay:
    """The lag at which the phases of played and heard sound agree best."""

    def __init__(self) -> None:
        self.hops = self._candidate = self._num_same = self._num_hops = 0
        self._played = np.zeros((LAGS, 48), complex)
        self._agreement = np.zeros((LAGS, 48), complex)

    def remember(self, played: Complex) -> None:
        self._played = np.roll(self._played, 1, axis=0)
        self._played[0] = _phases(played)

    def grow_older(self, hops: int) -> None:
        self._agreement = np.roll(self._agreement, hops, axis=0)
        self._agreement[0 if hops > 0 else -1] = 0.0
        self._candidate += hops
        self.hops = max(0, self.hops + hops)

    def step(self, mic: Complex, is_removed: bool) -> bool:
        self._agreement = 0.98 * self._agreement + 0.02 * self._played.conj() * _phases(mic)
        self._num_hops += 1
        return self._num_hops % 10 == 0 and self._decide(is_removed)

    def _decide(self, is_removed: bool) -> bool:
        scores = np.mean(np.abs(self._agreement) ** 2, axis=1)
        first = best = int(np.argmax(scores))
        if scores[best] <= 0.04:
            return False
        while first > 0 and scores[first - 1] > 0.5 * scores[best]:
            first -= 1
        if is_removed or self.hops <= first <= self.hops + 4:
            self._num_same = 0
            return False
        wanted = max(0, first - 1)
        self._num_same = self._num_same + 1 if abs(wanted - self._candidate) <= 1 else 0
        self._candidate = wanted
        if self._num_same < 2:
            return False
        self._num_same, self.hops = 0, wanted
        return True


class Canceller:
    """One hop after the other: `step`."""

    def __init__(self) -> None:
        self.delay, self.drift = Delay(), Drift()
        self._clock = Clock()
        self._played = np.zeros((LAGS + PARTS, BINS), complex)
        self._past = np.zeros(HOP)
        self._silent_hops = LAGS + PARTS
        self._main, self._shadow = np.zeros((PARTS, BINS), complex), np.zeros((PARTS, BINS), complex)
        self._variance = np.repeat(FALL, BINS, axis=1)
        self._near = np.zeros(BINS)
        self._mic_power = self._left_power = self._shadow_power = self._echo_power = self._echo_mic_power = 0.0
        self._num_better = self._num_off = self._next_part = 0

    def step(self, mic: Real, played: Real) -> Real:
        """float64 [HOP] each; the microphone without the echo."""
        self._remember(self._clock.step(played, 1e-6 * self.drift.ppm))
        self._silent_hops = 0 if played @ played > 1e-8 else self._silent_hops + 1
        if self._silent_hops >= LAGS + PARTS or not mic.any():
            self.drift.step(self._main, False)
            return mic
        if self.delay.step(_behind_zeros(mic), self._left_power < 0.1 * self._mic_power):
            self._variance = np.maximum(self._variance, FALL)
            self.drift.doubt()
        left = self._cancel(mic, self._played[self.delay.hops : self.delay.hops + PARTS])
        if self.drift.step(self._main, self._silent_hops == 0 and np.max(np.abs(mic)) < 0.999):
            self._variance = np.maximum(self._variance, FALL)
        return left

    def _remember(self, hops: list[Real]) -> None:
        for hop in hops:
            self._played = np.roll(self._played, 1, axis=0)
            self._played[0] = np.fft.rfft(np.concatenate([self._past, hop]))
            self._past = hop
            self.delay.remember(self._played[0])
        if len(hops) == 0 and self.delay.hops == 0:
            for filters in (self._main, self._shadow, self._variance):
                filters[:-1] = filters[1:].copy()
        if len(hops) != 1:
            self.delay.grow_older(len(hops) - 1)

    def _cancel(self, mic: Real, x: Complex) -> Real:
        echo = np.fft.irfft(np.sum(self._main * x, axis=0))[HOP:]
        left, shadow_left = mic - echo, mic - np.fft.irfft(np.sum(self._shadow * x, axis=0))[HOP:]
        e, x_power = _behind_zeros(left), np.abs(x) ** 2
        self._near = 0.7 * self._near + 0.3 * np.abs(e) ** 2
        if self._silent_hops == 0:
            weights = np.abs(self._main) ** 2
            weights = 0.5 * (weights + np.mean(weights, axis=1, keepdims=True))
            self._variance = FORGETTING * self._variance + (1.0 - FORGETTING) * weights
        if np.max(np.abs(mic)) >= 0.999:
            return left
        self._smooth(mic, left, shadow_left, echo)
        noise = np.maximum(np.abs(e) ** 2, self._near) + 1e-8
        step = self._variance / (np.sum(self._variance * x_power, axis=0) + 2.0 * noise)
        self._main += step * x.conj() * e
        self._variance *= 1.0 - 0.5 * step * x_power
        rate = SHADOW_STEP / (np.sum(x_power, axis=0) + 1e-4)
        self._shadow += rate * x.conj() * _behind_zeros(shadow_left)
        for part in (self._main[self._next_part], self._shadow[self._next_part]):
            part[:] = np.fft.rfft(np.concatenate([np.fft.irfft(part)[:HOP], np.zeros(HOP)]))
        self._next_part = (self._next_part + 1) % PARTS
        self._follow_volume()
        self._compare()
        return left

    def _smooth(self, mic: Real, left: Real, shadow_left: Real, echo: Real) -> None:
        self._mic_power = 0.85 * self._mic_power + 0.15 * float(mic @ mic)
        self._left_power = 0.85 * self._left_power + 0.15 * float(left @ left)
        self._shadow_power = 0.85 * self._shadow_power + 0.15 * float(shadow_left @ shadow_left)
        self._echo_power = 0.85 * self._echo_power + 0.15 * float(echo @ echo)
        self._echo_mic_power = 0.85 * self._echo_mic_power + 0.15 * float(echo @ mic)

    def _follow_volume(self) -> None:
        gain = self._echo_mic_power / (self._echo_power + 1e-8)
        left_power = self._mic_power - gain * self._echo_mic_power
        is_off = abs(gain - 1.0) > 0.2 and 0.0 < gain < 10.0 and left_power < 0.5 * self._left_power
        self._num_off = self._num_off + 1 if is_off else 0
        if self._num_off < 3:
            return
        self._main *= gain
        self._shadow = self._main.copy()
        self._variance *= max(1.0, gain * gain)
        self._echo_mic_power *= gain
        self._echo_power *= gain * gain
        self._left_power = self._shadow_power = max(left_power, 0.0)
        self._num_off = 0

    def _compare(self) -> None:
        self._num_better = self._num_better + 1 if self._shadow_power < 0.5 * self._left_power else 0
        if self._num_better >= 5:
            self._variance = np.maximum(self._variance, np.abs(self._main - self._shadow) ** 2)
            self._main = self._shadow.copy()
            self._left_power, self._num_better = self._shadow_power, 0
        elif self._shadow_power > 2.0 * self._mic_power or self._shadow_power > 4.0 * self._left_power:
            self._shadow = self._main.copy()
            self._shadow_power = self._left_power


def _behind_zeros(hop: Real) -> Complex:
    return np.fft.rfft(np.concatenate([np.zeros(HOP), hop]))


def _phases(sound: Complex) -> Complex:
    return np.asarray(sound[PHASE_BINS] / (np.abs(sound[PHASE_BINS]) + 1e-3))
