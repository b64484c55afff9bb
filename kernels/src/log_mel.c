#include "log_mel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOP = 160,
    WINDOW = 400,
    OVERLAP = WINDOW - HOP,
    FFT = 512,
    HALF = FFT / 2, // a real FFT of 512 is a complex FFT of 256 and one pass over its bins
    BINS = HALF + 1,
    MELS = 40,
};

static const double PI = 3.14159265358979323846;
static const double SAMPLE_RATE_HZ = 16000.0;
static const double LOW_HZ = 60.0;
static const double HIGH_HZ = 7600.0;
static const double LOG_FLOOR = 1e-5;

struct log_mel {
    // Doubles throughout: in floats the rounding of a loud band would drown a quiet one (more than 1e-4 in the log).
    double window[WINDOW];
    double cosine[HALF]; // of 2 pi k / FFT
    double sine[HALF];
    uint8_t reversed[HALF];
    // A bin lies on the falling side of one triangle and the rising side of the next.
    int32_t rising_mel[BINS]; // MELS or -1 where there is none
    double rising[BINS];
    double falling[BINS];

    double past[WINDOW]; // the samples of the window that ends with the hop being filled
    int32_t num_new;     // samples of that hop heard so far
    double real[HALF];
    double imag[HALF];
};

static double hz_to_mel(double frequency_hz)
{
    return 2595.0 * log10(1.0 + frequency_hz / 700.0);
}

static void make_filters(log_mel *state)
{
    const double low = hz_to_mel(LOW_HZ);
    const double step = (hz_to_mel(HIGH_HZ) - low) / (MELS + 1);
    for (int k = 0; k < BINS; k++) {
        const double place = (hz_to_mel(k * SAMPLE_RATE_HZ / FFT) - low) / step; // edges are 0..MELS+1
        state->rising_mel[k] = -1;
        if (place <= 0.0 || place >= MELS + 1)
            continue;
        const int below = (int)place;
        state->rising_mel[k] = below; // band m rises from edge m to edge m + 1
        state->rising[k] = place - below;
        state->falling[k] = 1.0 - state->rising[k];
    }
}

static void make_tables(log_mel *state)
{
    for (int n = 0; n < WINDOW; n++)
        state->window[n] = 0.5 - 0.5 * cos(2.0 * PI * n / WINDOW);
    for (int k = 0; k < HALF; k++) {
        state->cosine[k] = cos(2.0 * PI * k / FFT);
        state->sine[k] = sin(2.0 * PI * k / FFT);
        int reversed = 0;
        for (int bit = 1; bit < HALF; bit <<= 1)
            reversed = (reversed << 1) | ((k & bit) != 0);
        state->reversed[k] = (uint8_t)reversed;
    }
    make_filters(state);
}

log_mel *log_mel_create(void)
{
    log_mel *state = calloc(1, sizeof *state);
    if (state)
        make_tables(state);
    return state;
}

void log_mel_free(log_mel *state)
{
    free(state);
}

void log_mel_reset(log_mel *state)
{
    memset(state->past, 0, sizeof state->past);
    state->num_new = 0;
}

// Even samples become the real parts and odd samples the imaginary parts, in bit-reversed order.
static void load_windowed(log_mel *state)
{
    for (int n = 0; n < HALF; n++) {
        const int to = state->reversed[n];
        const int even = 2 * n;
        state->real[to] = even < WINDOW ? state->past[even] * state->window[even] : 0.0;
        state->imag[to] = even < WINDOW ? state->past[even + 1] * state->window[even + 1] : 0.0;
    }
}

static void transform(log_mel *state)
{
    double *real = state->real, *imag = state->imag;
    for (int half = 1; half < HALF; half *= 2) {
        const int stride = HALF / half; // in steps of 2 pi / FFT
        for (int base = 0; base < HALF; base += 2 * half) {
            for (int k = 0; k < half; k++) {
                const double c = state->cosine[k * stride], s = state->sine[k * stride];
                const int a = base + k, b = a + half;
                const double re = real[b] * c + imag[b] * s;
                const double im = imag[b] * c - real[b] * s;
                real[b] = real[a] - re;
                imag[b] = imag[a] - im;
                real[a] += re;
                imag[a] += im;
            }
        }
    }
}

// Power of bin k of the real FFT, from the complex FFT of half its length.
static double bin_power(const log_mel *state, int k)
{
    const int i = k % HALF, j = (HALF - k) % HALF;
    const double even_re = 0.5 * (state->real[i] + state->real[j]);
    const double even_im = 0.5 * (state->imag[i] - state->imag[j]);
    const double odd_re = 0.5 * (state->imag[i] + state->imag[j]);
    const double odd_im = 0.5 * (state->real[j] - state->real[i]);
    const double c = k < HALF ? state->cosine[k] : -1.0;
    const double s = k < HALF ? state->sine[k] : 0.0;
    const double re = even_re + c * odd_re + s * odd_im;
    const double im = even_im + c * odd_im - s * odd_re;
    return re * re + im * im;
}

static void write_frame(log_mel *state, float *frame)
{
    double band[MELS] = {0.0};
    load_windowed(state);
    transform(state);
    for (int k = 0; k < BINS; k++) {
        const int mel = state->rising_mel[k];
        if (mel < 0)
            continue;
        const double power = bin_power(state, k);
        if (mel < MELS)
            band[mel] += state->rising[k] * power;
        if (mel > 0)
            band[mel - 1] += state->falling[k] * power;
    }
    for (int m = 0; m < MELS; m++)
        frame[m] = (float)log(band[m] + LOG_FLOOR);
}

int32_t log_mel_push(log_mel *state, const float *samples, int32_t num_samples, float *frames, int32_t max_frames)
{
    int32_t num_frames = 0;
    for (int32_t n = 0; n < num_samples; n++) {
        if (state->num_new == 0)
            memmove(state->past, state->past + HOP, OVERLAP * sizeof *state->past);
        state->past[OVERLAP + state->num_new++] = samples[n];
        if (state->num_new < HOP)
            continue;
        state->num_new = 0;
        if (num_frames < max_frames)
            write_frame(state, frames + (size_t)MELS * (size_t)num_frames++);
    }
    return num_frames;
}
