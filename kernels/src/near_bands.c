#include "near_bands.h"

#include <math.h>
#include <stdlib.h>

#include "log_mel.h"

enum {
    HOP = 160,
    MELS = 40,
    FIRST_BAND = 5, // about 300 to 6000 Hz: a talker is seldom louder than the echo below
    BANDS = 31,
    FIRST_HOPS = 100, // before that nobody knows the room
};

static const float MOST_ABOVE = 4.0f, MOST_BELOW = 1.0f; // of one band
static const float ECHO_FADE = 0.12f;                    // per hop: 60 dB in 1.2 s, the tail of a lively room beyond the canceller's reach
static const float NO_ECHO = -11.5f;
static const float START_SHARE = -0.7f, LEAST_SHARE = -6.0f, MOST_SHARE = 0.5f; // of the echo
static const float SHARE_UP = 0.06f, SHARE_DOWN = 0.02f, SHARE_UP_NEAR = 0.006f; // per hop
static const float START_FLOOR = -8.0f;
static const float FLOOR_UP = 0.03f, FLOOR_DOWN = 0.03f, FLOOR_UP_NEAR = 0.008f, FLOOR_UP_FIRST = 0.06f;
static const float LATELY_FADE = 0.3f, LOUDEST_FADE = 0.01f; // per hop: 130 and 4 dB in 0.1 s
static const float LEAST_FALL = 3.0f; // 13 dB: who has fallen so far is silent, and what is left of them a breath, or their room

struct near_bands {
    log_mel *cancelled_mel;
    int num_hops;
    float heard[BANDS], expected[BANDS];
    float echo[BANDS], share[BANDS], floor[BANDS];
    float lately[BANDS], loudest[BANDS];
};

near_bands *near_bands_create(void)
{
    near_bands *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->cancelled_mel = log_mel_create();
    if (!state->cancelled_mel) {
        free(state);
        return NULL;
    }
    near_bands_reset(state);
    return state;
}

void near_bands_free(near_bands *state)
{
    if (!state)
        return;
    log_mel_free(state->cancelled_mel);
    free(state);
}

void near_bands_reset(near_bands *state)
{
    log_mel_reset(state->cancelled_mel);
    state->num_hops = 0;
    for (int k = 0; k < BANDS; k++) {
        state->echo[k] = state->lately[k] = state->loudest[k] = NO_ECHO;
        state->share[k] = START_SHARE;
        state->floor[k] = START_FLOOR;
        state->heard[k] = state->expected[k] = START_FLOOR;
    }
}

// log(exp(a) + exp(b))
static float log_sum(float a, float b)
{
    return fmaxf(a, b) + log1pf(expf(-fabsf(a - b)));
}

float near_bands_hear(near_bands *state, const float *mic, const float *heard, const float *heard_mel)
{
    float cancelled[HOP], cancelled_mel[MELS];
    for (int n = 0; n < HOP; n++)
        cancelled[n] = mic[n] - heard[n];
    log_mel_push(state->cancelled_mel, cancelled, HOP, cancelled_mel, 1);
    float sum = 0.0f;
    for (int k = 0; k < BANDS; k++) {
        const float level = state->heard[k] = heard_mel[FIRST_BAND + k];
        state->echo[k] = fmaxf(state->echo[k] - ECHO_FADE, cancelled_mel[FIRST_BAND + k]);
        state->lately[k] = fmaxf(state->lately[k] - LATELY_FADE, level);
        state->loudest[k] = fmaxf(state->loudest[k] - LOUDEST_FADE, level);
        state->expected[k] = state->echo[k] + state->share[k];
        sum += fminf(fmaxf(level - log_sum(state->expected[k], state->floor[k]), -MOST_BELOW), MOST_ABOVE);
    }
    return sum / BANDS;
}

// Medians that follow: up and down by steps, the share where the echo is louder than the room, the floor elsewhere.
void near_bands_learn(near_bands *state, int32_t is_near)
{
    const float share_up = is_near ? SHARE_UP_NEAR : SHARE_UP;
    float floor_up = is_near ? FLOOR_UP_NEAR : FLOOR_UP;
    if (state->num_hops < FIRST_HOPS) {
        state->num_hops++;
        floor_up = FLOOR_UP_FIRST;
    }
    for (int k = 0; k < BANDS; k++) {
        const float level = state->heard[k];
        if (state->expected[k] > state->floor[k]) {
            const float share = state->share[k] + (level > state->expected[k] ? share_up : -SHARE_DOWN);
            state->share[k] = fminf(fmaxf(share, LEAST_SHARE), MOST_SHARE);
        } else {
            state->floor[k] += level > state->floor[k] ? floor_up : -FLOOR_DOWN;
        }
    }
}

void near_bands_settle(near_bands *state)
{
    for (int k = 0; k < BANDS; k++)
        state->floor[k] = fmaxf(state->floor[k], fminf(state->loudest[k] - LEAST_FALL, state->lately[k]));
}
