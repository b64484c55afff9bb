#pragma once

// Transform of 320 real samples, what the echo canceller needs; planar, so that loops over bins vectorise.

enum { REAL_FFT_SAMPLES = 320, REAL_FFT_BINS = REAL_FFT_SAMPLES / 2 + 1 };

typedef struct {
    float re[REAL_FFT_BINS];
    float im[REAL_FFT_BINS];
} spectrum;

typedef struct {
    float cosine[REAL_FFT_SAMPLES]; // of 2 pi n / REAL_FFT_SAMPLES
    float sine[REAL_FFT_SAMPLES];
} real_fft;

void real_fft_init(real_fft *self);

// Not scaled. samples: [REAL_FFT_SAMPLES].
void real_fft_forward(const real_fft *self, const float *samples, spectrum *out);

// Scaled, so that it undoes the other. samples: [REAL_FFT_SAMPLES].
void real_fft_inverse(const real_fft *self, const spectrum *in, float *samples);
