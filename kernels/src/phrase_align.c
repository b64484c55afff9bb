#include "phrase_align.h"

#include <math.h>
#include <stdlib.h>

enum { FROM_PHONE = 1, LEFT_PHONE = 2 }; // moves: into a phone from the one before; into the frames between from a phone

struct phrase_align {
    int32_t max_frames;
    int32_t max_phones;
    float *said;    // [max_frames][max_phones]
    float *silent;  // [max_frames]
    float *phone;   // [max_phones] best path that is in a phone now
    float *between; // [max_phones] best path that is behind it
    uint8_t *moves; // [max_frames][max_phones]
};

static const float NOWHERE = -1e30f;
static const float LEAST = 1e-6f;

phrase_align *phrase_align_create(int32_t max_frames, int32_t max_phones)
{
    phrase_align *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    const size_t num_cells = (size_t)max_frames * (size_t)max_phones + 1;
    state->max_frames = max_frames;
    state->max_phones = max_phones;
    state->said = calloc(num_cells, sizeof *state->said);
    state->silent = calloc((size_t)max_frames + 1, sizeof *state->silent);
    state->phone = calloc((size_t)max_phones + 1, sizeof *state->phone);
    state->between = calloc((size_t)max_phones + 1, sizeof *state->between);
    state->moves = calloc(num_cells, sizeof *state->moves);
    if (!state->said || !state->silent || !state->phone || !state->between || !state->moves) {
        phrase_align_free(state);
        return NULL;
    }
    return state;
}

void phrase_align_free(phrase_align *state)
{
    if (!state)
        return;
    free(state->said);
    free(state->silent);
    free(state->phone);
    free(state->between);
    free(state->moves);
    free(state);
}

static float log_mean(const float *posteriors, const float *ratios, int32_t num_tokens)
{
    float sum = 0.0f;
    for (int32_t q = 0; q < num_tokens; q++)
        sum += posteriors[q] * ratios[q];
    return logf(sum > LEAST ? sum : LEAST); // the least also where it is not a number
}

static void weigh_frame(phrase_align *state, int32_t t, const float *log_posteriors, int32_t num_tokens,
                        const uint8_t *phones, int32_t num_phones, const float *ratios)
{
    float posteriors[256];
    for (int32_t q = 0; q < num_tokens; q++)
        posteriors[q] = expf(log_posteriors[q]);
    state->silent[t] = log_mean(posteriors, ratios, num_tokens);
    for (int32_t p = 0; p < num_phones; p++)
        state->said[t * state->max_phones + p] =
            log_mean(posteriors, ratios + (size_t)phones[p] * (size_t)num_tokens, num_tokens);
}

static void advance(phrase_align *state, int32_t t, int32_t num_phones)
{
    const float *said = state->said + (size_t)t * (size_t)state->max_phones;
    uint8_t *moves = state->moves + (size_t)t * (size_t)state->max_phones;
    for (int32_t p = num_phones - 1; p >= 0; p--) { // downwards: a phone looks at the one before it
        uint8_t move = 0;
        if (p < num_phones - 1) {
            const float like_a_phone = fmaxf(said[p], said[p + 1]);
            const float cost = fminf(0.0f, fmaxf(state->silent[t], like_a_phone));
            move |= state->phone[p] > state->between[p] ? LEFT_PHONE : 0;
            state->between[p] = fmaxf(state->phone[p], state->between[p]) + cost;
        }
        float before = 0.0f;
        if (p > 0) {
            move |= state->phone[p - 1] >= state->between[p - 1] ? FROM_PHONE : 0;
            before = fmaxf(state->phone[p - 1], state->between[p - 1]);
        }
        state->phone[p] = before + said[p];
        moves[p] = move;
    }
}

static void trace(const phrase_align *state, int32_t t, int32_t num_phones, int32_t *frame)
{
    const size_t stride = (size_t)state->max_phones;
    for (int32_t p = num_phones - 1; p >= 0; p--) {
        frame[p] = t;
        if (p > 0 && !(state->moves[(size_t)t * stride + (size_t)p] & FROM_PHONE)) {
            t--;
            while (!(state->moves[(size_t)t * stride + (size_t)p - 1] & LEFT_PHONE))
                t--;
        }
        t--;
    }
}

int32_t phrase_align_run(phrase_align *state, const float *log_posteriors, int32_t num_frames, int32_t num_tokens,
                         const uint8_t *phones, int32_t num_phones, const float *ratios, int32_t end_frames,
                         int32_t *frame, float *score, float *between)
{
    if (num_phones < 1 || num_frames < num_phones || num_frames > state->max_frames ||
        num_phones > state->max_phones || num_tokens > 256)
        return 0;
    for (int32_t p = 0; p < num_phones; p++)
        state->phone[p] = state->between[p] = NOWHERE;
    const int32_t first_end = num_frames - end_frames > num_phones - 1 ? num_frames - end_frames : num_phones - 1;
    int32_t end = first_end;
    float best = NOWHERE;
    for (int32_t t = 0; t < num_frames; t++) {
        weigh_frame(state, t, log_posteriors + (size_t)t * (size_t)num_tokens, num_tokens, phones, num_phones, ratios);
        advance(state, t, num_phones);
        if (t >= first_end && state->phone[num_phones - 1] > best) {
            best = state->phone[num_phones - 1];
            end = t;
        }
    }
    trace(state, end, num_phones, frame);
    *between = best;
    for (int32_t p = 0; p < num_phones; p++) {
        score[p] = state->said[frame[p] * state->max_phones + p];
        *between -= score[p];
    }
    return 1;
}
