#include "echo_drift.h"

#include <math.h>
#include <string.h>

enum {
    FIRST_BIN = 4,     // 200 Hz
    COARSE_BINS = 20,  // to 1200 Hz, where the filter follows however fast the drift
    FURTHEST = 8,      // samples in a second, 500 ppm
    LOOK_HOPS = 100,   // of sound
    LEARN_HOPS = 300,  // before the first look
    SETTLE_HOPS = 100, // after a pause, in which the clocks went on drifting
    PAUSE_HOPS = 100,
    NUM_AGREE = 3,
};

static const float LEAST_PPM = 4.0f;   // below that the filter follows by itself
static const float COARSE_PPM = 40.0f; // above that only the low bins follow
static const float MOST_PPM = 500.0f;  // a sound card is within 100
static const float STEP = 0.5f;        // of what is found wrong with a known drift
static const float OFF_STEP = 0.5f;
static const float OFF_PPM = 8.0f;     // more than is ever measured where there is no drift
static const float OFF_SAMPLES = 2.0f; // by which a filter is worse than none
static const float LEAST_ALIKE = 0.5f; // the filter with itself; else it is another one
static const float PI = 3.14159265f;

void echo_drift_init(echo_drift *self)
{
    memset(self, 0, sizeof *self);
    echo_drift_doubt(self);
}

void echo_drift_know(echo_drift *self, float ppm)
{
    self->ppm = fmaxf(-MOST_PPM, fminf(MOST_PPM, ppm));
    self->is_known = true;
}

void echo_drift_doubt(echo_drift *self)
{
    self->wait_hops = LEARN_HOPS;
}

static void look(echo_drift *self, const echo_filter *filter)
{
    for (int p = 0; p < ECHO_PARTS; p++) {
        memcpy(self->re[p], filter->main[p].re + FIRST_BIN, sizeof self->re[p]);
        memcpy(self->im[p], filter->main[p].im + FIRST_BIN, sizeof self->im[p]);
    }
    self->sound_hops = self->elapsed_hops = 0;
}

// The filter times its former self turned round, per bin: float [ECHO_DRIFT_BINS] each. Returns the most that
// `re` can sum up to.
static float compare(const echo_drift *self, const echo_filter *filter, int num_bins, float *re, float *im)
{
    float now = 1e-12f, then = 1e-12f;
    memset(re, 0, ECHO_DRIFT_BINS * sizeof *re);
    memset(im, 0, ECHO_DRIFT_BINS * sizeof *im);
    for (int p = 0; p < ECHO_PARTS; p++) {
        const float *a = filter->main[p].re + FIRST_BIN, *b = filter->main[p].im + FIRST_BIN;
        const float *c = self->re[p], *d = self->im[p];
        for (int k = 0; k < num_bins; k++) {
            re[k] += a[k] * c[k] + b[k] * d[k];
            im[k] += b[k] * c[k] - a[k] * d[k];
            now += a[k] * a[k] + b[k] * b[k];
            then += c[k] * c[k] + d[k] * d[k];
        }
    }
    return sqrtf(now * then);
}

// Samples by which the filter is later than it was: the best whole number, and Newton's step from there. False when
// it is another filter.
static bool find_shift(const echo_drift *self, const echo_filter *filter, const real_fft *fft, int num_bins, float *out)
{
    float re[ECHO_DRIFT_BINS], im[ECHO_DRIFT_BINS], best_sum = 0.0f;
    const float most = compare(self, filter, num_bins, re, im);
    for (int shift = -FURTHEST; shift <= FURTHEST; shift++) {
        float sum = 0.0f, slope = 0.0f, bend = 1e-12f;
        for (int k = 0; k < num_bins; k++) {
            const int turn = ((FIRST_BIN + k) * (shift + REAL_FFT_SAMPLES)) % REAL_FFT_SAMPLES;
            const float c = fft->cosine[turn], s = fft->sine[turn], bin = (float)(FIRST_BIN + k);
            sum += re[k] * c - im[k] * s;
            slope += bin * (re[k] * s + im[k] * c);
            bend += bin * bin * (re[k] * c - im[k] * s);
        }
        if (sum <= best_sum)
            continue;
        best_sum = sum;
        *out = (float)shift - slope / bend * REAL_FFT_SAMPLES / (2.0f * PI);
    }
    return best_sum > LEAST_ALIKE * most;
}

static bool measure(const echo_drift *self, const echo_filter *filter, const real_fft *fft, float *ppm)
{
    const float scale = 1e6f / (float)(self->elapsed_hops * ECHO_HOP);
    float coarse, fine;
    if (!find_shift(self, filter, fft, COARSE_BINS, &coarse))
        return false;
    *ppm = coarse * scale;
    if (fabsf(*ppm) < COARSE_PPM && find_shift(self, filter, fft, ECHO_DRIFT_BINS, &fine))
        *ppm = fine * scale;
    return true;
}

static void heed(echo_drift *self, float ppm)
{
    self->off_ppm += OFF_STEP * (fabsf(ppm) - self->off_ppm);
    if (self->is_known) {
        self->ppm = fmaxf(-MOST_PPM, fminf(MOST_PPM, self->ppm + STEP * ppm));
        return;
    }
    const bool agrees = fabsf(ppm) > LEAST_PPM && ppm * self->sum_ppm >= 0.0f;
    self->num_agree = agrees ? self->num_agree + 1 : 0;
    self->sum_ppm = agrees ? self->sum_ppm + ppm : 0.0f;
    if (self->num_agree < NUM_AGREE)
        return;
    self->is_known = true;
    self->ppm = self->sum_ppm / NUM_AGREE;
}

static bool is_lapsed(const echo_drift *self)
{
    const float samples = 1e-6f * self->off_ppm * (float)(self->silent_hops * ECHO_HOP);
    return self->silent_hops >= PAUSE_HOPS && self->off_ppm > OFF_PPM && samples > OFF_SAMPLES;
}

bool echo_drift_step(echo_drift *self, const echo_filter *filter, const real_fft *fft, bool is_learning)
{
    float ppm;
    const bool has_lapsed = is_learning && is_lapsed(self);
    self->elapsed_hops++;
    self->silent_hops = is_learning ? 0 : self->silent_hops + 1;
    if (self->silent_hops == PAUSE_HOPS && self->wait_hops < SETTLE_HOPS)
        self->wait_hops = SETTLE_HOPS;
    if (!is_learning)
        return has_lapsed;
    if (self->wait_hops > 0) {
        if (--self->wait_hops == 0)
            look(self, filter);
        return has_lapsed;
    }
    if (++self->sound_hops < LOOK_HOPS)
        return has_lapsed;
    if (measure(self, filter, fft, &ppm))
        heed(self, ppm);
    look(self, filter);
    return has_lapsed;
}
