#pragma once
#include <stdbool.h>

#include "echo_filter.h"

// How much echo is to be expected in what the filter left, so that a talker can be told from it. Powers are sums over
// the bins of a band of one hop behind one of zeros.

enum { ECHO_BANDS = 8 };

typedef struct {
    float leak[ECHO_BANDS];  // what is left of an echo, as a share of its power: distortion, a tail beyond the filter
    float leak_step;         // by which that is learned
    float tail[ECHO_BANDS];  // the echo's power, dying away as in a room
    float noise[ECHO_BANDS]; // of the room
    spectrum cross;          // of what is left with the echo, smoothed
    float left_power[ECHO_BINS], echo_power[ECHO_BINS]; // likewise
    float mic_sum, left_sum;         // per hop with echo and no talker, smoothed
    float expected_sum, echo_sum;    // per hop with echo, smoothed
    float loudest;   // power of the echo lately
    int loud_hops;   // in a row, in which there is an echo to judge by
    int alike_hops;  // in a row, in which what is left goes with the echo
    int astray_hops; // for so many more the filter is not to be trusted
    int alarm_hops;  // since that began
    int num_hops; // with echo, up to those that make sure
    bool is_converged;
    // of the last step:
    float left[ECHO_BANDS];
    float expected[ECHO_BANDS]; // echo in that, noise apart
    float near_ratio;           // power left to power expected, noise included; mean of the bands
} echo_evidence;

void echo_evidence_init(echo_evidence *self);

// One hop with the filter's last step; `filter` NULL when nothing was played and the microphone is as it was.
// can_tell: false for a hop with a clipped sample, in which the echo may be anything up to its whole.
void echo_evidence_step(echo_evidence *self, const echo_filter *filter, const spectrum *mic, bool can_tell);
