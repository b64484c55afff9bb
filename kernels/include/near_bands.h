#pragma once
#include <stdint.h>

// Band by band, 10 ms by 10 ms: how much more is heard than what is left of the echo and the noise of the room explain,
// both learned while nobody is near. One thread at a time per state. Nothing but near_bands_create allocates.

typedef struct near_bands near_bands;

// NULL when memory is short.
near_bands *near_bands_create(void);
void near_bands_free(near_bands *state);

// As if nothing had been heard.
void near_bands_reset(near_bands *state);

// One hop: mic [160], heard [160] (mic without the echo), heard_mel [40] (the log-mel frame of heard).
// Returns the mean over the bands of what is unexplained, natural log of power, each band between -1 and 4.
float near_bands_hear(near_bands *state, const float *mic, const float *heard, const float *heard_mel);

// After near_bands_hear: learn from that hop; is_near: someone may be near, so little is learned.
void near_bands_learn(near_bands *state, int32_t is_near);

// Whoever spoke is silent now: what is still heard of them is the room.
void near_bands_settle(near_bands *state);
