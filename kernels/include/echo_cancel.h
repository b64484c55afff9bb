#pragma once
#include <stdint.h>

// Takes the echo of what was played out of what the microphone heard, 160 samples of 16 kHz at a time: a linear filter
// of 240 ms behind a delay of up to a second that it finds by itself, and at the microphone's clock where the loudspeaker has another. Nothing but echo_cancel_create allocates.
// One thread at a time per state.

typedef struct echo_cancel echo_cancel;

// NULL when memory is short.
echo_cancel *echo_cancel_create(void);
void echo_cancel_free(echo_cancel *state);

// As if no sound had been heard.
void echo_cancel_reset(echo_cancel *state);

// Of a device that was met before: by how much the echo comes later and later. Found wrong, it is corrected.
void echo_cancel_know_drift(echo_cancel *state, float ppm);

// One hop: mic, played, out [160] in [-1, 1); out may be mic. played: what the loudspeaker got while mic was recorded.
void echo_cancel_step(echo_cancel *state, const float *mic, const float *played, float *out);

// Of the last hop. Levels are of mean power, in dB of full scale, -120 for silence.
int32_t echo_cancel_delay_hops(const echo_cancel *state);
float echo_cancel_drift_ppm(const echo_cancel *state); // by which the echo comes later and later; 0 until it is known
int32_t echo_cancel_is_converged(const echo_cancel *state);
float echo_cancel_erle_db(const echo_cancel *state);
float echo_cancel_echo_db(const echo_cancel *state); // echo to be expected in `out`
float echo_cancel_left_db(const echo_cancel *state); // level of `out`
float echo_cancel_near_db(const echo_cancel *state); // by how much `out` is louder than echo and noise explain
