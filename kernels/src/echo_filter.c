#include "echo_filter.h"

#include <math.h>
#include <string.h>

static const float FORGETTING = 0.9985f;      // per hop of sound: how fast rooms change
static const float SHADOW_STEP = 0.3f;        // of the least squares
static const float POWER_SMOOTHING = 0.85f;   // some 65 ms
static const float NEAR_SMOOTHING = 0.7f;     // some 30 ms
static const float NEAR_FLOOR = 1e-8f;        // power of a bin, far below any microphone's noise
static const float PLAYED_FLOOR = 1e-4f;      // likewise
static const float MUCH_BETTER = 0.5f;        // share of the error's power
static const int BETTER_HOPS = 5;
static const float DIVERGED = 2.0f;           // shadow's error to the microphone
static const float FAR_WORSE = 4.0f;          // shadow's error to the main filter's
static const float OFF_BY = 0.2f;             // least change of volume that is set right at once
static const float MOST_TIMES = 10.0f;        // largest such change
static const int OFF_HOPS = 3;
static const double FALL_PER_PART_DB = 10.0 / 12.0; // of a room's response, before anything is known

void echo_filter_init(echo_filter *self)
{
    memset(self, 0, sizeof *self);
    echo_filter_doubt(self);
}

void echo_filter_doubt(echo_filter *self)
{
    for (int p = 0; p < ECHO_PARTS; p++) {
        const float most = (float)pow(10.0, -0.1 * FALL_PER_PART_DB * p);
        for (int k = 0; k < ECHO_BINS; k++)
            self->variance[p][k] = fmaxf(self->variance[p][k], most);
    }
}

void echo_filter_grow_younger(echo_filter *self)
{
    memmove(self->main, self->main + 1, sizeof self->main - sizeof *self->main);
    memmove(self->shadow, self->shadow + 1, sizeof self->shadow - sizeof *self->shadow);
    memmove(self->variance, self->variance + 1, sizeof self->variance - sizeof *self->variance);
}

static float dot(const float *a, const float *b)
{
    float sum = 0.0f;
    for (int n = 0; n < ECHO_HOP; n++)
        sum += a[n] * b[n];
    return sum;
}

static void smooth(float *value, float now, float smoothing)
{
    *value = smoothing * *value + (1.0f - smoothing) * now;
}

// What the filter makes of the sound that was played: float [ECHO_HOP].
static void apply(const spectrum *filter, const real_fft *fft, const spectrum *const *played, float *echo)
{
    spectrum sum = {{0.0f}, {0.0f}};
    float samples[REAL_FFT_SAMPLES];
    for (int p = 0; p < ECHO_PARTS; p++) {
        const spectrum *w = &filter[p], *x = played[p];
        for (int k = 0; k < ECHO_BINS; k++) {
            sum.re[k] += w->re[k] * x->re[k] - w->im[k] * x->im[k];
            sum.im[k] += w->re[k] * x->im[k] + w->im[k] * x->re[k];
        }
    }
    real_fft_inverse(fft, &sum, samples);
    memcpy(echo, samples + ECHO_HOP, ECHO_HOP * sizeof *echo);
}

static void transform_hop(const real_fft *fft, const float *hop, spectrum *out)
{
    float samples[REAL_FFT_SAMPLES] = {0.0f};
    memcpy(samples + ECHO_HOP, hop, ECHO_HOP * sizeof *hop);
    real_fft_forward(fft, samples, out);
}

// A partition is to answer for its own hop only; what learning leaves beyond that is cut off.
static void keep_length(spectrum *part, const real_fft *fft)
{
    float samples[REAL_FFT_SAMPLES];
    real_fft_inverse(fft, part, samples);
    memset(samples + ECHO_HOP, 0, ECHO_HOP * sizeof *samples);
    real_fft_forward(fft, samples, part);
}

static void scale(spectrum *filter, float gain)
{
    for (int p = 0; p < ECHO_PARTS; p++)
        for (int k = 0; k < ECHO_BINS; k++) {
            filter[p].re[k] *= gain;
            filter[p].im[k] *= gain;
        }
}

// Someone turned the volume: the same echo, louder or quieter. Otherwise it would take a second to learn.
static void follow_volume(echo_filter *self)
{
    const float gain = self->echo_mic_power / (self->echo_power + NEAR_FLOOR);
    const float left_power = self->mic_power - gain * self->echo_mic_power;
    const bool is_off = fabsf(gain - 1.0f) > OFF_BY && gain > 0.0f && gain < MOST_TIMES &&
                        left_power < MUCH_BETTER * self->left_power;
    self->num_off_hops = is_off ? self->num_off_hops + 1 : 0;
    if (self->num_off_hops < OFF_HOPS)
        return;
    scale(self->main, gain);
    memcpy(self->shadow, self->main, sizeof self->shadow);
    for (int p = 0; p < ECHO_PARTS; p++)
        for (int k = 0; k < ECHO_BINS; k++)
            self->variance[p][k] *= fmaxf(1.0f, gain * gain);
    self->echo_mic_power *= gain;
    self->echo_power *= gain * gain;
    self->left_power = self->shadow_power = fmaxf(left_power, 0.0f);
    self->num_off_hops = 0;
}

static void note_near(echo_filter *self)
{
    const spectrum *e = &self->left_spectrum;
    for (int k = 0; k < ECHO_BINS; k++) {
        const float power = e->re[k] * e->re[k] + e->im[k] * e->im[k];
        smooth(&self->near_power[k], power, NEAR_SMOOTHING);
        self->uncertain[k] = 0.0f;
    }
}

static float mean_power(const spectrum *part)
{
    float sum = 0.0f;
    for (int k = 0; k < ECHO_BINS; k++)
        sum += part->re[k] * part->re[k] + part->im[k] * part->im[k];
    return sum / ECHO_BINS;
}

// Ages the variances, those of bins that are seldom heard as far as the others suggest; sums up what they allow for, and the power that was played.
static void predict(echo_filter *self, const spectrum *const *played, float forgetting, float *played_power)
{
    memset(played_power, 0, ECHO_BINS * sizeof *played_power);
    for (int p = 0; p < ECHO_PARTS; p++) {
        const spectrum *w = &self->main[p], *x = played[p];
        float *variance = self->variance[p];
        const float mean = mean_power(w);
        for (int k = 0; k < ECHO_BINS; k++) {
            const float power = x->re[k] * x->re[k] + x->im[k] * x->im[k];
            const float weight = 0.5f * (mean + w->re[k] * w->re[k] + w->im[k] * w->im[k]);
            variance[k] = forgetting * variance[k] + (1.0f - forgetting) * weight;
            self->uncertain[k] += variance[k] * power;
            played_power[k] += power;
        }
    }
}

static void learn_main(echo_filter *self, const spectrum *const *played)
{
    const spectrum *e = &self->left_spectrum;
    float rate[ECHO_BINS];
    for (int k = 0; k < ECHO_BINS; k++) {
        const float now = e->re[k] * e->re[k] + e->im[k] * e->im[k];
        rate[k] = 1.0f / (self->uncertain[k] + 2.0f * (fmaxf(now, self->near_power[k]) + NEAR_FLOOR));
    }
    for (int p = 0; p < ECHO_PARTS; p++) {
        const spectrum *x = played[p];
        spectrum *w = &self->main[p];
        float *variance = self->variance[p];
        for (int k = 0; k < ECHO_BINS; k++) {
            const float step = variance[k] * rate[k];
            w->re[k] += step * (x->re[k] * e->re[k] + x->im[k] * e->im[k]);
            w->im[k] += step * (x->re[k] * e->im[k] - x->im[k] * e->re[k]);
            variance[k] *= 1.0f - 0.5f * step * (x->re[k] * x->re[k] + x->im[k] * x->im[k]);
        }
    }
}

static void learn_shadow(echo_filter *self, const spectrum *const *played, const spectrum *e, const float *played_power)
{
    float rate[ECHO_BINS];
    for (int k = 0; k < ECHO_BINS; k++)
        rate[k] = SHADOW_STEP / (played_power[k] + PLAYED_FLOOR);
    for (int p = 0; p < ECHO_PARTS; p++) {
        const spectrum *x = played[p];
        spectrum *w = &self->shadow[p];
        for (int k = 0; k < ECHO_BINS; k++) {
            w->re[k] += rate[k] * (x->re[k] * e->re[k] + x->im[k] * e->im[k]);
            w->im[k] += rate[k] * (x->re[k] * e->im[k] - x->im[k] * e->re[k]);
        }
    }
}

static void adopt_shadow(echo_filter *self)
{
    for (int p = 0; p < ECHO_PARTS; p++)
        for (int k = 0; k < ECHO_BINS; k++) {
            const float re = self->main[p].re[k] - self->shadow[p].re[k];
            const float im = self->main[p].im[k] - self->shadow[p].im[k];
            self->variance[p][k] = fmaxf(self->variance[p][k], re * re + im * im);
        }
    memcpy(self->main, self->shadow, sizeof self->main);
    self->left_power = self->shadow_power;
    self->num_better_hops = 0;
}

static void compare(echo_filter *self)
{
    self->num_better_hops = self->shadow_power < MUCH_BETTER * self->left_power ? self->num_better_hops + 1 : 0;
    if (self->num_better_hops >= BETTER_HOPS) {
        adopt_shadow(self);
    } else if (self->shadow_power > DIVERGED * self->mic_power || self->shadow_power > FAR_WORSE * self->left_power) {
        memcpy(self->shadow, self->main, sizeof self->shadow);
        self->shadow_power = self->left_power;
    }
}

void echo_filter_step(echo_filter *self, const real_fft *fft, const spectrum *const *played, const float *mic,
                      const spectrum *mic_spectrum, bool may_learn, bool is_sounding)
{
    float echo[ECHO_HOP], shadow_left[ECHO_HOP], played_power[ECHO_BINS];
    spectrum shadow_spectrum;
    apply(self->main, fft, played, echo);
    apply(self->shadow, fft, played, shadow_left);
    for (int n = 0; n < ECHO_HOP; n++) {
        self->left[n] = mic[n] - echo[n];
        shadow_left[n] = mic[n] - shadow_left[n];
    }
    transform_hop(fft, self->left, &self->left_spectrum);
    for (int k = 0; k < ECHO_BINS; k++) {
        self->echo_spectrum.re[k] = mic_spectrum->re[k] - self->left_spectrum.re[k];
        self->echo_spectrum.im[k] = mic_spectrum->im[k] - self->left_spectrum.im[k];
    }
    note_near(self);
    predict(self, played, is_sounding ? FORGETTING : 1.0f, played_power);
    if (!may_learn)
        return;
    smooth(&self->mic_power, dot(mic, mic), POWER_SMOOTHING);
    smooth(&self->left_power, dot(self->left, self->left), POWER_SMOOTHING);
    smooth(&self->shadow_power, dot(shadow_left, shadow_left), POWER_SMOOTHING);
    smooth(&self->echo_power, dot(echo, echo), POWER_SMOOTHING);
    smooth(&self->echo_mic_power, dot(echo, mic), POWER_SMOOTHING);
    learn_main(self, played);
    transform_hop(fft, shadow_left, &shadow_spectrum);
    learn_shadow(self, played, &shadow_spectrum, played_power);
    keep_length(&self->main[self->next_part], fft);
    keep_length(&self->shadow[self->next_part], fft);
    self->next_part = (self->next_part + 1) % ECHO_PARTS;
    follow_volume(self);
    compare(self);
}
