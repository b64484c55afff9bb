#pragma once
#include "echo_filter.h"

// Reads what was played at the pace of the microphone's clock: a loudspeaker may have a clock of its own. The reading
// is behind by what the clocks have drifted apart; when that has grown by a hop two hops are read at once, and when it
// has shrunk to nothing none is. Without drift what is read is what was played, to the bit.

enum { ECHO_CLOCK_SIDE = 8, ECHO_CLOCK_PAST = 3 * ECHO_HOP };

typedef struct {
    float past[ECHO_CLOCK_PAST + ECHO_CLOCK_SIDE]; // what was played, the newest before the zeros of what is to come
    double behind;                                 // samples that were played and not read
} echo_clock;

void echo_clock_init(echo_clock *self);

// One hop more was played. drift: by how much later each sample is heard than the one before, in samples; at most
// 1e-3 either way. Returns how many hops it has read.
int echo_clock_step(echo_clock *self, const float *played, double drift, float hops[2][ECHO_HOP]);
