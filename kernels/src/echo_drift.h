#pragma once
#include <stdbool.h>

#include "echo_filter.h"

// How fast the loudspeaker's clock drifts from the microphone's: the echo filter follows the echo as it comes later or
// earlier, and is compared with itself a second before. Nothing is believed of a drift until three seconds agree.

enum { ECHO_DRIFT_BINS = 44 };

typedef struct {
    float re[ECHO_PARTS][ECHO_DRIFT_BINS]; // of the filter, as it was
    float im[ECHO_PARTS][ECHO_DRIFT_BINS];
    int wait_hops;   // of sound, until the filter has settled
    int sound_hops;  // since the filter was looked at
    int elapsed_hops;
    int silent_hops; // in a row
    int num_agree;   // measurements in a row
    float sum_ppm;   // of those
    float off_ppm;   // by which the drift was found wrong lately
    bool is_known;
    float ppm; // by which the echo comes later; 0 until it is known
} echo_drift;

void echo_drift_init(echo_drift *self);

// It was found before.
void echo_drift_know(echo_drift *self, float ppm);

// The filter learns anew; the clocks are as they were.
void echo_drift_doubt(echo_drift *self);

// One hop. is_learning: the filter has learned from it. True when the drift went on in a pause by more than a filter
// can follow.
bool echo_drift_step(echo_drift *self, const echo_filter *filter, const real_fft *fft, bool is_learning);
