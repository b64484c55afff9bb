#include "echo_delay.h"

#include <math.h>
#include <string.h>

enum {
    FIRST_BIN = 4, // 200 Hz
    BIN_STEP = 2,
    LOOK_EVERY_HOPS = 10,
    TIMES_SAME = 2,
    SLACK_HOPS = 4, // by which the echo may be later than the first partition
};

static const float SMOOTHING = 0.98f; // half a second
static const float QUIETEST = 1e-3f;  // amplitude of a bin that has a phase
static const float LEAST_AGREEMENT = 0.04f; // chance gives 0.01
static const float EARLIER_SHARE = 0.5f;    // of the best lag's agreement: an echo begins where it first rises

void echo_delay_init(echo_delay *self)
{
    memset(self, 0, sizeof *self);
}

static void phases_of(const spectrum *sound, phases *out)
{
    for (int i = 0; i < ECHO_LAG_BINS; i++) {
        const float re = sound->re[FIRST_BIN + BIN_STEP * i], im = sound->im[FIRST_BIN + BIN_STEP * i];
        const float gain = 1.0f / (sqrtf(re * re + im * im) + QUIETEST);
        out->re[i] = re * gain;
        out->im[i] = im * gain;
    }
}

static void compare_lag(phases *agreement, const phases *x, const phases *mic)
{
    for (int i = 0; i < ECHO_LAG_BINS; i++) {
        const float re = x->re[i] * mic->re[i] + x->im[i] * mic->im[i];
        const float im = x->re[i] * mic->im[i] - x->im[i] * mic->re[i];
        agreement->re[i] = SMOOTHING * agreement->re[i] + (1.0f - SMOOTHING) * re;
        agreement->im[i] = SMOOTHING * agreement->im[i] + (1.0f - SMOOTHING) * im;
    }
}

static float score(const phases *agreement)
{
    float sum = 0.0f;
    for (int i = 0; i < ECHO_LAG_BINS; i++)
        sum += agreement->re[i] * agreement->re[i] + agreement->im[i] * agreement->im[i];
    return sum / ECHO_LAG_BINS;
}

// The lag at which the echo begins; -1 when there is none.
static int find_first(const echo_delay *self)
{
    float scores[ECHO_LAGS];
    int best = 0;
    for (int lag = 0; lag < ECHO_LAGS; lag++) {
        scores[lag] = score(&self->agreement[lag]);
        if (scores[lag] > scores[best])
            best = lag;
    }
    if (scores[best] <= LEAST_AGREEMENT)
        return -1;
    int first = best;
    while (first > 0 && scores[first - 1] > EARLIER_SHARE * scores[best])
        first--;
    return first;
}

static bool decide(echo_delay *self, bool is_removed)
{
    const int first = find_first(self);
    self->is_sure = first >= 0;
    if (first < 0)
        return false;
    if (is_removed || (first >= self->delay_hops && first <= self->delay_hops + SLACK_HOPS)) {
        self->num_same = 0;
        return false;
    }
    const int wanted = first > 0 ? first - 1 : 0;
    const bool is_same = wanted >= self->candidate - 1 && wanted <= self->candidate + 1;
    self->num_same = is_same ? self->num_same + 1 : 0;
    self->candidate = wanted;
    if (self->num_same < TIMES_SAME)
        return false;
    self->num_same = 0;
    self->delay_hops = wanted;
    return true;
}

void echo_delay_remember(echo_delay *self, const spectrum *played)
{
    self->newest = (self->newest + ECHO_LAGS - 1) % ECHO_LAGS;
    phases_of(played, &self->played[self->newest]);
}

void echo_delay_grow_older(echo_delay *self)
{
    memmove(self->agreement + 1, self->agreement, (ECHO_LAGS - 1) * sizeof *self->agreement);
    memset(self->agreement, 0, sizeof *self->agreement);
    self->delay_hops += self->delay_hops < ECHO_LAGS - 1;
    self->candidate++;
}

void echo_delay_grow_younger(echo_delay *self)
{
    memmove(self->agreement, self->agreement + 1, (ECHO_LAGS - 1) * sizeof *self->agreement);
    memset(self->agreement + ECHO_LAGS - 1, 0, sizeof *self->agreement);
    self->delay_hops -= self->delay_hops > 0;
    self->candidate--;
}

bool echo_delay_step(echo_delay *self, const spectrum *mic, bool is_removed)
{
    phases heard;
    phases_of(mic, &heard);
    for (int lag = 0; lag < ECHO_LAGS; lag++)
        compare_lag(&self->agreement[lag], &self->played[(self->newest + lag) % ECHO_LAGS], &heard);
    self->num_hops = (self->num_hops + 1) % LOOK_EVERY_HOPS;
    return self->num_hops == 0 && decide(self, is_removed);
}
