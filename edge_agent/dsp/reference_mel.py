"""Log-mel in float64 numpy: the definition that the C kernel and the training corpus must agree with.

Frame n is computed from the 400 samples that end with hop n (zeros before the first sample), so it is causal and adds
no delay: Hann window, 512-point power spectrum, 40 triangular HTK-mel bands from 60 Hz to 7600 Hz, natural logarithm
of the band power plus `LOG_FLOOR`. Sound is float in [-1, 1).
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.units import FFT_SAMPLES, HOP_SAMPLES, NUM_MELS, SAMPLE_RATE_HZ, WINDOW_SAMPLES

LOW_HZ = 60.0
HIGH_HZ = 7600.0
LOG_FLOOR = 1e-5  # above the rounding noise of 16-bit sound, below any microphone's own noise


def _hz_to_mel(frequency_hz: NDArray[np.floating] | float) -> NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(frequency_hz) / 700.0))


def hann_window() -> NDArray[np.float64]:
    """Periodic Hann window, float64 [WINDOW_SAMPLES]."""
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)


def mel_filters() -> NDArray[np.float64]:
    """Triangular filters, float64 [NUM_MELS, FFT_SAMPLES // 2 + 1], peak 1."""
    edges_mel = np.linspace(_hz_to_mel(LOW_HZ), _hz_to_mel(HIGH_HZ), NUM_MELS + 2)
    bins_mel = _hz_to_mel(np.arange(FFT_SAMPLES // 2 + 1) * (SAMPLE_RATE_HZ / FFT_SAMPLES))
    left, centre, right = edges_mel[:-2, None], edges_mel[1:-1, None], edges_mel[2:, None]
    rising = (bins_mel - left) / (centre - left)
    falling = (right - bins_mel) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling))


def mel_power(samples: NDArray[np.floating]) -> NDArray[np.floating]:
    """Band powers of whole hops, [num_hops, NUM_MELS], in the precision of `samples` (float32 or float64)."""
    num_hops = len(samples) // HOP_SAMPLES
    padded = np.concatenate([np.zeros(WINDOW_SAMPLES - HOP_SAMPLES, samples.dtype), samples])
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES][:num_hops]
    spectrum = np.fft.rfft(frames * hann_window().astype(samples.dtype), FFT_SAMPLES)
    power = (spectrum.real**2 + spectrum.imag**2).astype(samples.dtype)
    return np.asarray(power @ mel_filters().T.astype(samples.dtype))


def log_mel(samples: NDArray[np.floating]) -> NDArray[np.floating]:
    """Log-mel frames of whole hops, [num_hops, NUM_MELS]."""
    return np.asarray(np.log(mel_power(samples) + samples.dtype.type(LOG_FLOOR)))
