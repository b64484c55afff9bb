#pragma once
#include <stdint.h>

// Where the phones of a phrase lie in given frames, each in one frame, and how much speaks for each by itself.
// edge_agent/models/phrase_alignment.py holds it; tests compare it with plain numpy.
// One thread at a time per state. Nothing but phrase_align_create allocates.

typedef struct phrase_align phrase_align;

// NULL when memory is short.
phrase_align *phrase_align_create(int32_t max_frames, int32_t max_phones);
void phrase_align_free(phrase_align *state);

// A frame speaks for phone p by the log of the mean of ratios[p] over what the frame may be: above 0 where it is rather
// p than other sound. Frames between two phones cost what they are less like silence, or like either phone, than like
// other sound. The path may begin in any frame and ends in one of the last `end_frames`.
//   log_posteriors: [num_frames][num_tokens], token 0 is the blank; phones: [num_phones] tokens
//   ratios: [num_tokens][num_tokens], row p: how much likelier each token is where p was said; row 0: between phones
//   frame: [num_phones], where each phone is; score: [num_phones], what speaks for it
//   between: sum of what the frames between the phones cost, at most 0
// Returns 0, and writes nothing, when the phrase is longer than the frames or either is longer than the state allows.
int32_t phrase_align_run(phrase_align *state, const float *log_posteriors, int32_t num_frames, int32_t num_tokens,
                         const uint8_t *phones, int32_t num_phones, const float *ratios, int32_t end_frames,
                         int32_t *frame, float *score, float *between);
