"""A conversation in a room with an open loudspeaker: what the agent plays comes back into its microphone.

In virtual time and deterministic: the same samples, room and agent give the same conversation. `delay_ms`, `echo_db`
and `is_muted` may be changed between two hops, as people, drivers and sound servers do.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.audio.base import Hop
from edge_agent.audio.memory import MemoryDuplex
from edge_agent.units import HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain, gain_to_db, ms_to_samples

PAST_SAMPLES = 2 * SAMPLE_RATE_HZ
NUM_SIDE_TAPS = 16  # of the interpolation between samples, on each side
LARGEST = np.float32(1.0 - 2.0**-15)
QUIET_DB = -30.0  # pauses, against the loudest hop


class RoomDuplex(MemoryDuplex):
    """The talker's samples with the echo of what the agent says, and the microphone's own noise. Thread: one.

    `conversation` holds what the microphone heard, echo included.
    """

    def __init__(
        self,
        near: NDArray[np.float32],
        response: NDArray[np.float32],
        *,
        echo_db: float = 0.0,
        non_linearity: float = 0.0,
        noise_dbfs: float = -70.0,
        delay_ms: float = 30.0,
        drift_ppm: float = 0.0,
        tail_s: float = 0.0,
        seed: int = 0,
    ) -> None:
        """near: float32 [n] at the microphone, noise of the room included; response: [m] of energy 1
        (`room_response.py`).

        echo_db: of white noise at the microphone, against the level that is played.
        non_linearity: 0 is none, 0.5 a small loudspeaker driven hard, 1 a torn one.
        delay_ms: of the device, in front of the response; grows by `drift_ppm`, together from 0 to 1 s.
        """
        super().__init__(near, tail_s)
        self.echo_db, self.delay_ms, self.is_muted = echo_db, delay_ms, False
        self._non_linearity = non_linearity
        self._noise_gain = db_to_gain(noise_dbfs)
        self._drift_ppm = drift_ppm
        self._noise = np.random.default_rng(seed)
        self._past = np.zeros(PAST_SAMPLES)  # of the loudspeaker's membrane
        self._fft_samples = _even_fft(len(response) + HOP_SAMPLES - 1)
        self._num_taps = len(response)
        self._response = np.fft.rfft(response, self._fft_samples)

    def read_hop(self, mic: Hop, played: Hop) -> bool:
        """See `Duplex`."""
        if not super().read_hop(mic, played):
            return False
        self._past[:-HOP_SAMPLES] = self._past[HOP_SAMPLES:]
        self._past[-HOP_SAMPLES:] = membrane(played, self._non_linearity)
        heard = mic + self._echo() + self._noise_gain * self._noise.standard_normal(HOP_SAMPLES)
        mic[:] = 0.0 if self.is_muted else np.clip(heard, -1.0, LARGEST)
        self.conversation[-HOP_SAMPLES:, 0] = mic
        return True

    def _echo(self) -> NDArray[np.float64]:
        """Of this hop, float64 [HOP_SAMPLES]."""
        drifted_samples = self._num_read * HOP_SAMPLES * self._drift_ppm * 1e-6
        sound = self._delayed(self.delay_ms * SAMPLE_RATE_HZ / 1000 + drifted_samples)
        spectrum = np.fft.rfft(sound, self._fft_samples) * self._response
        echo = np.fft.irfft(spectrum, self._fft_samples)
        return np.asarray(echo[self._num_taps - 1 : self._num_taps - 1 + HOP_SAMPLES] * db_to_gain(self.echo_db))

    def _delayed(self, delay_samples: float) -> NDArray[np.float64]:
        """The last sounds that this hop still hears, so many samples ago."""
        whole = int(delay_samples)
        end = PAST_SAMPLES - whole
        first = end - HOP_SAMPLES - self._num_taps + 1
        if delay_samples == whole:
            return self._past[first:end]
        taps = np.arange(-NUM_SIDE_TAPS, NUM_SIDE_TAPS + 1)
        away = taps + (delay_samples - whole)
        kernel = np.sinc(away) * (0.5 + 0.5 * np.cos(np.pi * away / (NUM_SIDE_TAPS + 2)))
        padded = np.concatenate([self._past, np.zeros(NUM_SIDE_TAPS)])
        return np.convolve(padded[first - NUM_SIDE_TAPS : end + NUM_SIDE_TAPS], kernel[::-1], "valid")


def membrane(played: NDArray[np.float32], non_linearity: float) -> NDArray[np.float64]:
    """What a loudspeaker makes of a sound: bent one way more than the other, and flattened where it is loud."""
    sound = played.astype(np.float64)
    if non_linearity <= 0.0:
        return sound
    drive = 4.0 * non_linearity
    return np.asarray(np.tanh(drive * (sound + 0.3 * non_linearity * sound**2)) / drive)


def level_dbfs(samples: NDArray[np.floating]) -> float:
    """Level of the hops that are no pauses; -120 for silence."""
    num_hops = len(samples) // HOP_SAMPLES
    if not num_hops:
        return gain_to_db(0.0)
    power = np.mean(samples[: num_hops * HOP_SAMPLES].reshape(num_hops, HOP_SAMPLES).astype(np.float64) ** 2, axis=1)
    loud = power[power >= np.max(power) * db_to_gain(QUIET_DB) ** 2]
    return gain_to_db(float(np.sqrt(np.mean(loud))))


def _even_fft(num_samples: int) -> int:
    """A length not below that is quick to transform."""
    step = ms_to_samples(20)
    return -(-num_samples // step) * step
