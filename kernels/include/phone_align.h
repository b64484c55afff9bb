#pragma once
#include <stdint.h>

// Where each phone of a given sequence lies in given frames (CTC topology), and how well each fits by itself.
// edge_agent/models/alignment.py holds it; tests compare it with plain numpy.
// One thread at a time per state. Nothing but phone_align_create allocates.

typedef struct phone_align phone_align;

// NULL when memory is short.
phone_align *phone_align_create(int32_t max_frames, int32_t max_phones);
void phone_align_free(phone_align *state);

// Scores are natural logs against the best token of each frame, at most 0 and at least -floor; blank_cost is taken off
// each blank first. The path begins in the first phone and ends in the last one or a blank after it.
//   log_posteriors: [num_frames][num_tokens], token 0 is the blank; phones: [num_phones] tokens
//   frame: [num_phones], the first frame of each phone
//   score: [num_phones], mean over the frames of each phone
//   between: sum over the blanks between the first and the last phone: sounds that the sequence leaves out
// Returns 0, and writes nothing, when the sequence is longer than the frames or either is longer than the state allows.
int32_t phone_align_run(phone_align *state, const float *log_posteriors, int32_t num_frames, int32_t num_tokens,
                        const uint8_t *phones, int32_t num_phones, float blank_cost, float floor, int32_t *frame,
                        float *score, float *between);
