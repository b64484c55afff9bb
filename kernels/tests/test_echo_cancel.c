/* The echo canceller under sound of all kinds: it converges, and nothing ever makes it overflow or read astray. */
#include "echo_cancel.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

enum { HOP = 160, DELAY = 500, SECOND = 100 };

static uint32_t seed = 1;

static float noise(void) {
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
}

static float power(const float *hop) {
    float sum = 0.0f;
    for (int n = 0; n < HOP; n++) sum += hop[n] * hop[n];
    return sum;
}

/* num_hops of an echo of 0.5 after DELAY samples, in a microphone of some gain; returns the last hop's ERLE. */
static float echo(echo_cancel *state, int num_hops, float gain) {
    static float sound[1000 * HOP];
    float mic[HOP], out[HOP], left = 0.0f, heard = 0.0f;
    for (int n = 0; n < num_hops * HOP; n++) sound[n] = 0.1f * noise();
    for (int hop = 0; hop < num_hops; hop++) {
        for (int n = 0; n < HOP; n++) {
            const int from = hop * HOP + n - DELAY;
            mic[n] = gain * (from >= 0 ? 0.5f * sound[from] : 0.0f) + 1e-5f * noise();
            mic[n] = fmaxf(-1.0f, fminf(1.0f, mic[n]));
        }
        echo_cancel_step(state, mic, sound + hop * HOP, out);
        for (int n = 0; n < HOP; n++) CHECK(isfinite(out[n]));
        heard = power(mic);
        left = power(out);
    }
    return 10.0f * log10f((heard + 1e-12f) / (left + 1e-12f));
}

static void check_figures(const echo_cancel *state) {
    CHECK(isfinite(echo_cancel_erle_db(state)) && isfinite(echo_cancel_near_db(state)));
    CHECK(echo_cancel_echo_db(state) >= -120.0f && echo_cancel_left_db(state) >= -120.0f);
    CHECK(echo_cancel_delay_hops(state) >= 0 && echo_cancel_delay_hops(state) < SECOND);
}

static void test_converges_and_forgets(void) {
    echo_cancel *state = echo_cancel_create();
    CHECK(state != NULL);
    CHECK(echo(state, 3 * SECOND, 1.0f) > 30.0f);
    CHECK(echo_cancel_is_converged(state) && echo_cancel_delay_hops(state) <= DELAY / HOP);
    check_figures(state);
    echo_cancel_reset(state);
    CHECK(!echo_cancel_is_converged(state) && echo_cancel_left_db(state) == -120.0f);
    CHECK(echo(state, 3 * SECOND, 1.0f) > 30.0f);
    echo_cancel_free(state);
}

static void test_survives_anything(void) {
    const float gains[] = {0.0f, 1.0f, 1000.0f, -1.0f, 1e-4f, 20.0f, 1.0f};
    float mic[HOP], out[HOP], silence[HOP] = {0.0f};
    echo_cancel *state = echo_cancel_create();
    CHECK(state != NULL);
    for (size_t i = 0; i < sizeof gains / sizeof *gains; i++) {
        (void)echo(state, SECOND, gains[i]);
        check_figures(state);
    }
    for (int hop = 0; hop < 3 * SECOND; hop++) { /* a talker, and nothing played */
        for (int n = 0; n < HOP; n++) mic[n] = noise();
        echo_cancel_step(state, mic, silence, out);
        if (hop > 2 * SECOND) CHECK(memcmp(mic, out, sizeof mic) == 0);
    }
    for (int hop = 0; hop < SECOND; hop++) { /* out may be mic; a dead microphone stays dead */
        for (int n = 0; n < HOP; n++) mic[n] = noise();
        memset(out, 0, sizeof out);
        echo_cancel_step(state, out, mic, out);
        CHECK(power(out) == 0.0f);
    }
    check_figures(state);
    echo_cancel_free(state);
}

int main(void) {
    test_converges_and_forgets();
    test_survives_anything();
    return 0;
}
