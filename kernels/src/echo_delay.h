#pragma once
#include <stdbool.h>

#include "real_fft.h"

// Finds how many hops after it was played a sound is heard: the delay at which the phases of both agree most.
// Loudness plays no part, so neither a talker nor a change of volume moves it.

enum { ECHO_LAGS = 100, ECHO_LAG_BINS = 48 };

typedef struct {
    float re[ECHO_LAG_BINS];
    float im[ECHO_LAG_BINS];
} phases;

typedef struct {
    phases played[ECHO_LAGS]; // the hop that is `lag` old lies at (newest + lag) % ECHO_LAGS
    phases agreement[ECHO_LAGS];
    int newest;
    int num_hops;
    int candidate; // hops; seen num_same times in a row
    int num_same;
    int delay_hops;
    bool is_sure; // an echo was there when it was last looked for
} echo_delay;

void echo_delay_init(echo_delay *self);

// One hop more was played; spectrum of the last two.
void echo_delay_remember(echo_delay *self, const spectrum *played);

// What is remembered has become a hop older, or younger, than it was; the echo lies where it lay.
void echo_delay_grow_older(echo_delay *self);
void echo_delay_grow_younger(echo_delay *self);

// One hop was heard; mic: spectrum of it behind one of zeros. is_removed: most of the echo is being taken away where it
// is, so it has not moved. True when delay_hops has changed.
bool echo_delay_step(echo_delay *self, const spectrum *mic, bool is_removed);
