#pragma once
#include <stdbool.h>

#include "real_fft.h"

// Two adaptive filters in partitions of one hop. The *main* one weighs what it learns by how sure it is (a Kalman
// filter per partition and bin), which makes it deaf to a talker; the *shadow* follows quickly (normalised least
// squares), and is copied to the main one when it does better, which is how a changed room is noticed.

enum { ECHO_HOP = 160, ECHO_PARTS = 24, ECHO_BINS = REAL_FFT_BINS };

typedef struct {
    spectrum main[ECHO_PARTS];
    spectrum shadow[ECHO_PARTS];
    float variance[ECHO_PARTS][ECHO_BINS]; // of the main filter's coefficients: how wrong it may be
    float near_power[ECHO_BINS];           // of what is no echo, smoothed
    float mic_power, left_power, shadow_power; // per hop, smoothed
    float echo_power, echo_mic_power;          // of the main filter's echo, and of that with the microphone
    int num_better_hops;                       // in a row that the shadow has done much better
    int num_off_hops;                          // in a row that the echo is another one's multiple
    int next_part;                             // to be kept to its length
    // of the last step:
    float left[ECHO_HOP];          // the microphone without the echo
    spectrum left_spectrum;        // of that, behind one hop of zeros
    spectrum echo_spectrum;        // of the echo, likewise
    float uncertain[ECHO_BINS];    // power of echo that the main filter may have missed, likewise
} echo_filter;

void echo_filter_init(echo_filter *self);

// The room or the delay has changed: learn fast again.
void echo_filter_doubt(echo_filter *self);

// What was played is a hop younger than it was: each partition answers for what the next one did.
void echo_filter_grow_younger(echo_filter *self);

// One hop. played[p]: spectrum of the two hops that ended p hops before the echo's delay.
// mic_spectrum: of the microphone's hop behind one of zeros. may_learn: false leaves the filters as they are.
// is_sounding: something is being played; in silence a filter does not age.
void echo_filter_step(echo_filter *self, const real_fft *fft, const spectrum *const *played, const float *mic,
                      const spectrum *mic_spectrum, bool may_learn, bool is_sounding);
