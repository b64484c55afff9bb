#include "echo_evidence.h"

#include <math.h>
#include <string.h>

static const int EDGES[ECHO_BANDS + 1] = {2, 6, 10, 16, 24, 36, 56, 90, 160}; // bins of 50 Hz
static const float TAIL_FALL = 0.5f;        // per hop: 60 dB in 0.2 s
static const float SPREAD = 1.0f;           // of the mean band: distortion makes sound where there was none
static const float CROSS_SMOOTHING = 0.8f;  // 50 ms
static const float MUCH_ALIKE = 0.5f;       // share of a band
static const float ALIKE = 0.44f;           // correlation of all
static const int ALIKE_HOPS = 2;
static const int LEAST_LOUD_HOPS = 5;       // fewer look alike by chance, as the first sound after a pause does
static const float LOUD_SHARE = 0.01f;      // of the loudest echo lately
static const float PEAK_FALL = 0.998f;      // per hop: 5 s
static const int ASTRAY_HOPS = 20;
static const int PROOF_HOPS = 4;            // an alarm is borne out by those after it, or was chance:
static const float UNALIKE = 0.3f;          // correlation of all, of which a wrong filter shows more
static const float UNCERTAIN = 0.5f;        // half of the samples behind these powers are zeros
static const float FIRST_LEAK_STEP = 0.3f;  // nothing is known yet
static const float LEAK_STEP_FALL = 0.97f;  // per hop, down to:
static const float LEAK_STEP = 0.014f;      // in nepers of power per hop, 6 dB a second
static const float NEAR_STEP = 0.001f;      // while someone speaks, who is no echo
static const float NOISE_FALL = 0.1f;       // share of the way, per hop
static const float NOISE_RISE = 1.005f;     // per hop, 2 dB a second
static const float NOISE_FLOOR = 1e-7f;
static const float AUDIBLE = 4.0f;          // echo to noise
static const float SUM_SMOOTHING = 0.95f;   // 200 ms
static const float NEAR_RATIO = 6.0f;       // from here on someone may be speaking
static const int LEAST_HOPS = 30;           // with echo
static const float CONVERGED_SHARE = 0.25f; // of the echo that may be left
static const float LOST_SHARE = 0.5f;

void echo_evidence_init(echo_evidence *self)
{
    memset(self, 0, sizeof *self);
    for (int b = 0; b < ECHO_BANDS; b++)
        self->leak[b] = 1.0f;
    self->leak_step = FIRST_LEAK_STEP;
}

static void band_powers(const spectrum *sound, float *powers)
{
    for (int b = 0; b < ECHO_BANDS; b++) {
        powers[b] = 0.0f;
        for (int k = EDGES[b]; k < EDGES[b + 1]; k++)
            powers[b] += sound->re[k] * sound->re[k] + sound->im[k] * sound->im[k];
    }
}

static float sum_of(const float *bands)
{
    float sum = 0.0f;
    for (int b = 0; b < ECHO_BANDS; b++)
        sum += bands[b];
    return sum;
}

static void smooth(float *value, float now, float smoothing)
{
    *value = smoothing * *value + (1.0f - smoothing) * now;
}

// The share of what is left that goes with the echo, per band: echo that the filter has got wrong. In all bands at once
// it is a wrong filter, not a sound that happens to be alike: the echo has moved, or someone turned the volume.
static void find_wrong_echo(echo_evidence *self, const echo_filter *filter, float *shares)
{
    float alike = 0.0f;
    const spectrum *e = &filter->left_spectrum, *y = &filter->echo_spectrum;
    for (int k = 0; k < ECHO_BINS; k++) {
        smooth(&self->cross.re[k], e->re[k] * y->re[k] + e->im[k] * y->im[k], CROSS_SMOOTHING);
        smooth(&self->cross.im[k], e->im[k] * y->re[k] - e->re[k] * y->im[k], CROSS_SMOOTHING);
        smooth(&self->left_power[k], e->re[k] * e->re[k] + e->im[k] * e->im[k], CROSS_SMOOTHING);
        smooth(&self->echo_power[k], y->re[k] * y->re[k] + y->im[k] * y->im[k], CROSS_SMOOTHING);
    }
    for (int b = 0; b < ECHO_BANDS; b++) {
        float coherent = 0.0f, left = NOISE_FLOOR, echo = NOISE_FLOOR, in_phase = 0.0f;
        for (int k = EDGES[b]; k < EDGES[b + 1]; k++) {
            const float cross = self->cross.re[k] * self->cross.re[k] + self->cross.im[k] * self->cross.im[k];
            coherent += cross / (self->echo_power[k] + NOISE_FLOOR);
            left += self->left_power[k];
            echo += self->echo_power[k];
            in_phase += self->cross.re[k];
        }
        shares[b] = coherent / left;
        alike += in_phase / sqrtf(left * echo) / ECHO_BANDS;
    }
    self->alike_hops = fabsf(alike) > ALIKE && self->loud_hops >= LEAST_LOUD_HOPS ? self->alike_hops + 1 : 0;
    self->alarm_hops = self->astray_hops ? self->alarm_hops + 1 : 0;
    if (self->alike_hops >= ALIKE_HOPS)
        self->astray_hops = ASTRAY_HOPS;
    else if (self->alarm_hops <= PROOF_HOPS && fabsf(alike) < UNALIKE)
        self->astray_hops = 0;
    else if (self->astray_hops > 0)
        self->astray_hops--;
}

static void grow_tail(echo_evidence *self, const spectrum *echo)
{
    float powers[ECHO_BANDS];
    band_powers(echo, powers);
    const float sum = sum_of(powers), spread = SPREAD * sum / ECHO_BANDS;
    self->loudest = fmaxf(sum, PEAK_FALL * self->loudest);
    self->loud_hops = sum > LOUD_SHARE * self->loudest ? self->loud_hops + 1 : 0;
    for (int b = 0; b < ECHO_BANDS; b++)
        self->tail[b] = fmaxf(powers[b] + spread, TAIL_FALL * self->tail[b]);
}

static void expect(echo_evidence *self, const echo_filter *filter, const float *shares, bool can_tell)
{
    for (int b = 0; b < ECHO_BANDS; b++) {
        float uncertain = 0.0f;
        for (int k = EDGES[b]; k < EDGES[b + 1]; k++)
            uncertain += UNCERTAIN * filter->uncertain[k];
        const float leaked = (can_tell ? self->leak[b] : 1.0f) * self->tail[b];
        const float share = self->astray_hops ? 1.0f : shares[b] > MUCH_ALIKE ? shares[b] : 0.0f;
        self->expected[b] = fmaxf(leaked + uncertain, share * self->left[b]);
    }
}

static void learn_leak(echo_evidence *self)
{
    const float step = self->near_ratio > NEAR_RATIO ? NEAR_STEP : self->leak_step;
    self->leak_step = fmaxf(LEAK_STEP, LEAK_STEP_FALL * self->leak_step);
    for (int b = 0; b < ECHO_BANDS; b++) {
        if (self->tail[b] < AUDIBLE * self->noise[b] + NOISE_FLOOR)
            continue;
        const float off = logf((self->left[b] + NOISE_FLOOR) / (self->tail[b] * self->leak[b]));
        self->leak[b] = fminf(1.0f, self->leak[b] * expf(step * fmaxf(-1.0f, fminf(1.0f, off))));
    }
}

static void note_noise(echo_evidence *self)
{
    for (int b = 0; b < ECHO_BANDS; b++) {
        if (self->left[b] < self->noise[b] || self->noise[b] == 0.0f)
            smooth(&self->noise[b], self->left[b], 1.0f - (self->noise[b] == 0.0f ? 1.0f : NOISE_FALL));
        else
            self->noise[b] *= NOISE_RISE;
    }
}

static void compare(echo_evidence *self)
{
    self->near_ratio = 0.0f;
    for (int b = 0; b < ECHO_BANDS; b++)
        self->near_ratio += self->left[b] / (self->expected[b] + self->noise[b] + NOISE_FLOOR) / ECHO_BANDS;
}

// Converged: what is left is little, or is known to be. Near a talker only the second can be seen. While an echo begins
// it is not judged: a talker who begins then goes with it by chance, and would be believed only 0.3 s later.
static void judge(echo_evidence *self, const echo_filter *filter, const spectrum *mic)
{
    if (self->loud_hops > 0 && self->loud_hops < LEAST_LOUD_HOPS)
        return;
    float mic_powers[ECHO_BANDS], echo_powers[ECHO_BANDS];
    band_powers(&filter->echo_spectrum, echo_powers);
    band_powers(mic, mic_powers);
    smooth(&self->expected_sum, sum_of(self->expected), SUM_SMOOTHING);
    smooth(&self->echo_sum, sum_of(echo_powers), SUM_SMOOTHING);
    if (self->near_ratio < NEAR_RATIO) {
        smooth(&self->mic_sum, sum_of(mic_powers), SUM_SMOOTHING);
        smooth(&self->left_sum, sum_of(self->left), SUM_SMOOTHING);
    }
    const float share = self->is_converged ? LOST_SHARE : CONVERGED_SHARE;
    const float least = fminf(self->expected_sum, self->left_sum);
    self->num_hops += self->num_hops < LEAST_HOPS;
    self->is_converged =
        self->num_hops == LEAST_HOPS && least < fmaxf(share * self->echo_sum, sum_of(self->noise));
}

void echo_evidence_step(echo_evidence *self, const echo_filter *filter, const spectrum *mic, bool can_tell)
{
    float shares[ECHO_BANDS];
    band_powers(filter ? &filter->left_spectrum : mic, self->left);
    note_noise(self);
    if (!filter) {
        memset(self->expected, 0, sizeof self->expected);
        memset(self->tail, 0, sizeof self->tail);
        self->astray_hops = self->alike_hops = 0;
        compare(self);
        return;
    }
    grow_tail(self, &filter->echo_spectrum);
    find_wrong_echo(self, filter, shares);
    expect(self, filter, shares, can_tell);
    compare(self);
    if (can_tell)
        learn_leak(self);
    judge(self, filter, mic);
}
