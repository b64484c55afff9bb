#include "echo_cancel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "echo_clock.h"
#include "echo_delay.h"
#include "echo_drift.h"
#include "echo_evidence.h"
#include "echo_filter.h"

enum { RING = ECHO_LAGS + ECHO_PARTS };

static const float AUDIBLE_POWER = 1e-8f; // of a hop: far below the loudspeaker's own noise
static const float CLIPPED = 0.999f;
static const float REMOVED = 0.1f; // share of the microphone's power that may be left of an echo that is taken away
static const float SILENCE_DB = -120.0f;

struct echo_cancel {
    real_fft fft;
    echo_filter filter;
    echo_clock clock;
    echo_drift drift;
    echo_delay delay;
    echo_evidence evidence;
    spectrum played[RING]; // two hops each; the one that is n hops old lies at (newest + n) % RING
    int newest;
    float past[ECHO_HOP]; // what was played in the hop before
    int silent_hops;      // since something was played
};

void echo_cancel_reset(echo_cancel *state)
{
    echo_filter_init(&state->filter);
    echo_clock_init(&state->clock);
    echo_drift_init(&state->drift);
    echo_delay_init(&state->delay);
    echo_evidence_init(&state->evidence);
    memset(state->played, 0, sizeof state->played);
    memset(state->past, 0, sizeof state->past);
    state->newest = 0;
    state->silent_hops = RING;
}

echo_cancel *echo_cancel_create(void)
{
    echo_cancel *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    real_fft_init(&state->fft);
    echo_cancel_reset(state);
    return state;
}

void echo_cancel_free(echo_cancel *state)
{
    free(state);
}

void echo_cancel_know_drift(echo_cancel *state, float ppm)
{
    echo_drift_know(&state->drift, ppm);
}

static void remember_hop(echo_cancel *state, const float *hop)
{
    float samples[REAL_FFT_SAMPLES];
    memcpy(samples, state->past, sizeof state->past);
    memcpy(samples + ECHO_HOP, hop, sizeof state->past);
    memcpy(state->past, hop, sizeof state->past);
    state->newest = (state->newest + RING - 1) % RING;
    real_fft_forward(&state->fft, samples, &state->played[state->newest]);
    echo_delay_remember(&state->delay, &state->played[state->newest]);
}

static void remember_played(echo_cancel *state, const float *played)
{
    float hops[2][ECHO_HOP];
    const int num_hops = echo_clock_step(&state->clock, played, 1e-6 * state->drift.ppm, hops);
    for (int i = 0; i < num_hops; i++)
        remember_hop(state, hops[i]);
    if (num_hops == 0 && state->delay.delay_hops == 0)
        echo_filter_grow_younger(&state->filter);
    if (num_hops == 0)
        echo_delay_grow_younger(&state->delay);
    else if (num_hops == 2)
        echo_delay_grow_older(&state->delay);
}

static void note_silence(echo_cancel *state, const float *played)
{
    float power = 0.0f;
    for (int n = 0; n < ECHO_HOP; n++)
        power += played[n] * played[n];
    if (power > AUDIBLE_POWER)
        state->silent_hops = 0;
    else if (state->silent_hops < RING)
        state->silent_hops++;
}

static bool is_clipped(const float *mic)
{
    float peak = 0.0f;
    for (int n = 0; n < ECHO_HOP; n++)
        peak = fmaxf(peak, fabsf(mic[n]));
    return peak >= CLIPPED;
}

// Muted, unplugged: there is neither an echo to take out nor one to learn from.
static bool is_dead(const float *mic)
{
    for (int n = 0; n < ECHO_HOP; n++)
        if (mic[n] != 0.0f)
            return false;
    return true;
}

static void cancel(echo_cancel *state, const float *mic, const spectrum *mic_spectrum, float *out)
{
    const spectrum *played[ECHO_PARTS];
    for (int p = 0; p < ECHO_PARTS; p++)
        played[p] = &state->played[(state->newest + state->delay.delay_hops + p) % RING];
    const bool may_learn = !is_clipped(mic), is_sounding = state->silent_hops == 0;
    echo_filter_step(&state->filter, &state->fft, played, mic, mic_spectrum, may_learn, is_sounding);
    echo_evidence_step(&state->evidence, &state->filter, mic_spectrum, may_learn);
    if (echo_drift_step(&state->drift, &state->filter, &state->fft, may_learn && is_sounding))
        echo_filter_doubt(&state->filter);
    memcpy(out, state->filter.left, sizeof state->filter.left);
}

void echo_cancel_step(echo_cancel *state, const float *mic, const float *played, float *out)
{
    remember_played(state, played);
    note_silence(state, played);
    const bool is_heard = state->silent_hops < RING;
    float samples[REAL_FFT_SAMPLES] = {0.0f};
    spectrum mic_spectrum;
    memcpy(samples + ECHO_HOP, mic, ECHO_HOP * sizeof *mic);
    real_fft_forward(&state->fft, samples, &mic_spectrum);
    if (!is_heard || is_dead(mic)) {
        echo_evidence_step(&state->evidence, NULL, &mic_spectrum, true);
        echo_drift_step(&state->drift, &state->filter, &state->fft, false);
        memmove(out, mic, ECHO_HOP * sizeof *mic);
        return;
    }
    const bool is_removed = state->filter.left_power < REMOVED * state->filter.mic_power;
    if (echo_delay_step(&state->delay, &mic_spectrum, is_removed)) {
        echo_filter_doubt(&state->filter);
        echo_drift_doubt(&state->drift);
    }
    cancel(state, mic, &mic_spectrum, out);
}

static float level_db(float band_power)
{
    // half of the bins of 2 * ECHO_HOP samples, of which ECHO_HOP are not zero
    const float power = band_power * 2.0f / (REAL_FFT_SAMPLES * (float)ECHO_HOP);
    return power > 1e-12f ? 10.0f * log10f(power) : SILENCE_DB;
}

static float sum_db(const float *bands)
{
    float sum = 0.0f;
    for (int b = 0; b < ECHO_BANDS; b++)
        sum += bands[b];
    return level_db(sum);
}

int32_t echo_cancel_delay_hops(const echo_cancel *state)
{
    return state->delay.delay_hops;
}

float echo_cancel_drift_ppm(const echo_cancel *state)
{
    return state->drift.ppm;
}

int32_t echo_cancel_is_converged(const echo_cancel *state)
{
    return state->evidence.is_converged && state->evidence.astray_hops == 0;
}

float echo_cancel_erle_db(const echo_cancel *state)
{
    return level_db(state->evidence.mic_sum) - level_db(state->evidence.left_sum);
}

float echo_cancel_echo_db(const echo_cancel *state)
{
    return sum_db(state->evidence.expected);
}

float echo_cancel_left_db(const echo_cancel *state)
{
    return sum_db(state->evidence.left);
}

float echo_cancel_near_db(const echo_cancel *state)
{
    return 10.0f * log10f(state->evidence.near_ratio + 1e-12f);
}
