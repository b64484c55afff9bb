#include "echo_clock.h"

#include <math.h>
#include <string.h>

enum { TAPS = 2 * ECHO_CLOCK_SIDE, HYSTERESIS = 16 };

static const double PI = 3.14159265358979323846;

void echo_clock_init(echo_clock *self)
{
    memset(self, 0, sizeof *self);
}

// A windowed sinc that reads `fraction` of a sample after the last tap of its first half; at 0 it is that tap alone.
static void make_taps(double fraction, float *taps)
{
    const double sine = sin(PI * fraction) / PI;
    for (int t = 0; t < TAPS; t++) {
        const double away = fraction - (t - ECHO_CLOCK_SIDE + 1);
        const double sinc = fabs(away) < 1e-9 ? 1.0 : (t % 2 ? sine : -sine) / away;
        taps[t] = (float)(sinc * (0.5 + 0.5 * cos(PI * away / (ECHO_CLOCK_SIDE + 1))));
    }
}

// The fraction changes by some hundredths within a hop, in which the taps are as good as straight lines.
static void read_hop(echo_clock *self, double drift, float *out)
{
    const double at = ECHO_CLOCK_PAST - self->behind;
    const int first = (int)at - ECHO_CLOCK_SIDE + 1;
    float begin[TAPS], end[TAPS];
    make_taps(at - (int)at, begin);
    make_taps(at - (int)at - drift * ECHO_HOP, end);
    memset(out, 0, ECHO_HOP * sizeof *out);
    for (int t = 0; t < TAPS; t++) {
        const float *x = self->past + first + t, change = (end[t] - begin[t]) / ECHO_HOP;
        for (int n = 0; n < ECHO_HOP; n++)
            out[n] += x[n] * (begin[t] + (float)n * change);
    }
    self->behind -= ECHO_HOP * (1.0 - drift);
}

int echo_clock_step(echo_clock *self, const float *played, double drift, float hops[2][ECHO_HOP])
{
    // what comes earlier and earlier is read with samples on both sides; what comes later has them soon
    const int side = drift < 0.0 ? ECHO_CLOCK_SIDE : 0;
    int num_hops = 0;
    memmove(self->past, self->past + ECHO_HOP, (ECHO_CLOCK_PAST - ECHO_HOP) * sizeof *played);
    memcpy(self->past + ECHO_CLOCK_PAST - ECHO_HOP, played, ECHO_HOP * sizeof *played);
    self->behind += ECHO_HOP;
    while (num_hops < 2 && self->behind >= ECHO_HOP + side + num_hops * HYSTERESIS)
        read_hop(self, drift, hops[num_hops++]);
    return num_hops;
}
