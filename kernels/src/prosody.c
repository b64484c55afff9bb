#include "prosody.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOP = 160,
    DECIMATION = 4,  // pitch is looked for at 4 kHz
    TAPS = 33,       // of the low-pass before that
    SLOW_HOP = HOP / DECIMATION,
    SHORTEST = 10,   // periods in slow samples: 400 Hz
    LONGEST = 66,    // 61 Hz
    COMPARED = 120,  // 30 ms are compared with themselves one period before
    SLOW_PAST = COMPARED + LONGEST + 1,
};

static const double PI = 3.14159265358979323846;
static const double SLOW_RATE_HZ = 4000.0;
static const double CUTOFF = 900.0 / 16000.0;
static const double HIGH_PASS = 0.9615; // pole of a first-order high-pass at 100 Hz
static const float LEAST_PERIODICITY = 0.5f;
static const float OCTAVE_SHARE = 0.9f; // a shorter period that is nearly as good is the period

struct prosody {
    float taps[TAPS];
    float past[TAPS - 1 + HOP];  // high-passed
    float slow[SLOW_PAST];
    double last_in, last_out;    // of the high-pass
};

prosody *prosody_create(void)
{
    prosody *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    double sum = 0.0, taps[TAPS];
    for (int n = 0; n < TAPS; n++) {
        const double from_middle = n - (TAPS - 1) / 2.0;
        const double ideal = from_middle == 0.0 ? 2.0 * CUTOFF : sin(2.0 * PI * CUTOFF * from_middle) / (PI * from_middle);
        taps[n] = ideal * (0.54 - 0.46 * cos(2.0 * PI * n / (TAPS - 1)));
        sum += taps[n];
    }
    for (int n = 0; n < TAPS; n++)
        state->taps[n] = (float)(taps[n] / sum);
    return state;
}

void prosody_free(prosody *state)
{
    free(state);
}

void prosody_reset(prosody *state)
{
    memset(state->past, 0, sizeof state->past);
    memset(state->slow, 0, sizeof state->slow);
    state->last_in = state->last_out = 0.0;
}

// Returns the mean square of the hop without what lies below 100 Hz.
static double high_pass(prosody *state, const float *hop)
{
    double power = 0.0;
    memmove(state->past, state->past + HOP, (TAPS - 1) * sizeof *state->past);
    for (int n = 0; n < HOP; n++) {
        const double in = isfinite(hop[n]) ? (double)hop[n] : 0.0;
        state->last_out = HIGH_PASS * (state->last_out + in - state->last_in);
        state->last_in = in;
        state->past[TAPS - 1 + n] = (float)state->last_out;
        power += state->last_out * state->last_out;
    }
    return power / HOP;
}

static void decimate(prosody *state)
{
    memmove(state->slow, state->slow + SLOW_HOP, (SLOW_PAST - SLOW_HOP) * sizeof *state->slow);
    for (int k = 0; k < SLOW_HOP; k++) {
        const float *window = state->past + DECIMATION * (k + 1) - 1; // ends with sample TAPS - 1 + DECIMATION (k + 1) - 1
        float sum = 0.0f;
        for (int n = 0; n < TAPS; n++)
            sum += state->taps[n] * window[n];
        state->slow[SLOW_PAST - SLOW_HOP + k] = sum;
    }
}

// correlations[lag] for SHORTEST - 1 .. LONGEST + 1
static void correlate(const prosody *state, float *correlations)
{
    const float *now = state->slow + SLOW_PAST - COMPARED;
    float now_energy = 1e-9f;
    for (int n = 0; n < COMPARED; n++)
        now_energy += now[n] * now[n];
    for (int lag = SHORTEST - 1; lag <= LONGEST + 1; lag++) {
        const float *before = now - lag;
        float product = 0.0f, energy = 1e-9f;
        for (int n = 0; n < COMPARED; n++) {
            product += now[n] * before[n];
            energy += before[n] * before[n];
        }
        correlations[lag] = product / sqrtf(now_energy * energy);
    }
}

static int is_peak(const float *correlations, int lag)
{
    return correlations[lag] >= correlations[lag - 1] && correlations[lag] > correlations[lag + 1];
}

// The shortest period that is nearly as good as the best one; 0 where there is none.
static int find_period(const float *correlations)
{
    float best = LEAST_PERIODICITY;
    for (int lag = SHORTEST; lag <= LONGEST; lag++)
        if (is_peak(correlations, lag) && correlations[lag] > best)
            best = correlations[lag];
    for (int lag = SHORTEST; lag <= LONGEST; lag++)
        if (is_peak(correlations, lag) && correlations[lag] > LEAST_PERIODICITY && correlations[lag] >= OCTAVE_SHARE * best)
            return lag;
    return 0;
}

// Place of the peak between the samples, from a parabola through three of them.
static double refine(const float *correlations, int lag)
{
    const double left = correlations[lag - 1], middle = correlations[lag], right = correlations[lag + 1];
    const double bend = left - 2.0 * middle + right;
    return bend < 0.0 ? lag + 0.5 * (left - right) / bend : lag;
}

void prosody_push(prosody *state, const float *hop, prosody_frame *frame)
{
    float correlations[LONGEST + 2];
    const double power = high_pass(state, hop);
    decimate(state);
    correlate(state, correlations);
    const int period = find_period(correlations);
    frame->level_db = (float)(10.0 * log10(power + 1e-10));
    frame->pitch_hz = period ? (float)(SLOW_RATE_HZ / refine(correlations, period)) : 0.0f;
    frame->periodicity = period ? fminf(correlations[period], 1.0f) : 0.0f;
}
