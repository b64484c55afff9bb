#pragma once
#include <stdint.h>

// Streaming log-mel of 16 kHz sound, equal to edge_agent/dsp/reference_mel.py within 1e-4.
// One thread at a time per state. Nothing but log_mel_create allocates.

typedef struct log_mel log_mel;

// NULL when memory is short.
log_mel *log_mel_create(void);
void log_mel_free(log_mel *state);

// As if no sample had been heard.
void log_mel_reset(log_mel *state);

// Takes any number of samples; writes one frame of 40 bands per completed hop of 160 samples, at most max_frames.
// Returns the number of frames written. frames: [max_frames][40]. Samples that would complete a frame beyond
// max_frames are dropped, so pass max_frames >= (num_samples + 159) / 160.
int32_t log_mel_push(log_mel *state, const float *samples, int32_t num_samples, float *frames, int32_t max_frames);
