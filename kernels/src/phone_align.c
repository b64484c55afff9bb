#include "phone_align.h"

#include <math.h>
#include <stdlib.h>

// States of the path: 2 p is phone p, 2 p + 1 the blank after it.
struct phone_align {
    int32_t max_frames;
    int32_t max_phones;
    float *scores;  // [2 * max_phones] of the present frame
    float *best;    // [max_frames] best score of a token
    uint8_t *moves; // [max_frames][2 * max_phones] states that the best path into a state went up
};

static const float NOWHERE = -1e30f;

phone_align *phone_align_create(int32_t max_frames, int32_t max_phones)
{
    phone_align *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    const size_t num_states = 2 * (size_t)max_phones;
    state->max_frames = max_frames;
    state->max_phones = max_phones;
    state->scores = calloc(num_states + 1, sizeof *state->scores);
    state->best = calloc((size_t)max_frames + 1, sizeof *state->best);
    state->moves = calloc((size_t)max_frames * num_states + 1, sizeof *state->moves);
    if (!state->scores || !state->best || !state->moves) {
        phone_align_free(state);
        return NULL;
    }
    return state;
}

void phone_align_free(phone_align *state)
{
    if (!state)
        return;
    free(state->scores);
    free(state->best);
    free(state->moves);
    free(state);
}

static float best_of(const float *frame, int32_t num_tokens, float blank_cost)
{
    float best = frame[0] - blank_cost;
    for (int32_t t = 1; t < num_tokens; t++)
        if (frame[t] > best)
            best = frame[t];
    return best;
}

static float above_floor(float score, float floor)
{
    return score > -floor ? score : -floor; // also where it is not a number
}

// From 0 (stay), 1 (the state before) or 2 (phone to phone, unless they are the same) states below.
static uint8_t best_move(const float *scores, const uint8_t *phones, int32_t s)
{
    uint8_t move = 0;
    if (s > 0 && scores[s - 1] > scores[s])
        move = 1;
    if (s > 1 && s % 2 == 0 && phones[s / 2] != phones[s / 2 - 1] && scores[s - 2] > scores[s - move])
        move = 2;
    return move;
}

static void advance(phone_align *state, const float *frame, const uint8_t *phones, int32_t num_states, int32_t t,
                    float blank_cost, float floor)
{
    uint8_t *moves = state->moves + (size_t)t * 2 * (size_t)state->max_phones;
    const float best = state->best[t];
    for (int32_t s = num_states - 1; s >= 0; s--) { // downwards: a state looks at those before it
        const uint8_t move = moves[s] = best_move(state->scores, phones, s);
        const float score = s % 2 ? frame[0] - blank_cost - best : frame[phones[s / 2]] - best;
        state->scores[s] = state->scores[s - move] + above_floor(score, floor);
    }
}

int32_t phone_align_run(phone_align *state, const float *log_posteriors, int32_t num_frames, int32_t num_tokens,
                        const uint8_t *phones, int32_t num_phones, float blank_cost, float floor, int32_t *frame,
                        float *score, float *between)
{
    if (num_frames < num_phones || num_phones < 1 || num_frames > state->max_frames || num_phones > state->max_phones)
        return 0;
    const int32_t num_states = 2 * num_phones;
    for (int32_t s = 0; s < num_states; s++)
        state->scores[s] = NOWHERE;
    state->best[0] = best_of(log_posteriors, num_tokens, blank_cost);
    state->scores[0] = above_floor(log_posteriors[phones[0]] - state->best[0], floor);
    for (int32_t t = 1; t < num_frames; t++) {
        const float *now = log_posteriors + (size_t)t * (size_t)num_tokens;
        state->best[t] = best_of(now, num_tokens, blank_cost);
        advance(state, now, phones, num_states, t, blank_cost, floor);
    }
    int32_t s = state->scores[num_states - 1] > state->scores[num_states - 2] ? num_states - 1 : num_states - 2;
    if (state->scores[s] <= 0.5f * NOWHERE) // the same phone twice in too few frames
        return 0;
    *between = 0.0f;
    for (int32_t p = 0; p < num_phones; p++)
        score[p] = 0.0f;
    for (int32_t t = num_frames - 1, in_phone = 0; t >= 0; t--) {
        const float *now = log_posteriors + (size_t)t * (size_t)num_tokens;
        const int32_t p = s / 2;
        if (s % 2 == 0) {
            score[p] += above_floor(now[phones[p]] - state->best[t], floor);
            in_phone++;
        } else if (p < num_phones - 1) {
            *between += above_floor(now[0] - blank_cost - state->best[t], floor);
        }
        const int32_t before = t > 0 ? s - state->moves[(size_t)t * 2 * (size_t)state->max_phones + s] : -1;
        if (s % 2 == 0 && before != s) {
            frame[p] = t;
            score[p] /= (float)in_phone;
            in_phone = 0;
        }
        s = before;
    }
    return 1;
}
