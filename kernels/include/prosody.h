#pragma once
#include <stdint.h>

// How a voice sounds, 10 ms by 10 ms, whoever speaks and whatever is said: level and pitch of 16 kHz sound.
// One thread at a time per state. Nothing but prosody_create allocates.

typedef struct prosody prosody;

typedef struct {
    float level_db;    // of this hop above 100 Hz, full scale is 0, at least -100
    float pitch_hz;    // 60 to 400; 0 where there is no period. Of the last 47 ms, so it lags the level by some 20 ms
    float periodicity; // 0 to 1: correlation of the sound with itself one period before
} prosody_frame;

// NULL when memory is short.
prosody *prosody_create(void);
void prosody_free(prosody *state);

// As if no sample had been heard.
void prosody_reset(prosody *state);

// hop: 160 samples. Fills frame.
void prosody_push(prosody *state, const float *hop, prosody_frame *frame);
