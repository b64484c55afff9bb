#include "duplex.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "spsc_ring.h"

/* PortAudio's status flags (portaudio.h, stable since 2003; the header is not needed to build this). */
#define PA_INPUT_OVERFLOW 0x2ul
#define PA_OUTPUT_UNDERFLOW 0x4ul

typedef struct {
    double captured_s;
    double now_s;
    double played_s;
} pa_times; /* PaStreamCallbackTimeInfo */

struct duplex {
    spsc_ring *capture;
    spsc_ring *playback;
    uint32_t hop_samples;
    uint32_t capture_channels;
    uint32_t playback_channels;
    uint32_t position; /* samples of the current hop already handed over; the same for both directions */
    float *played; /* hop_samples */
    float *pairs;  /* hop_samples x (microphone, played) */
    _Atomic uint32_t capture_delay_ms;
};

duplex *duplex_create(spsc_ring *capture, spsc_ring *playback, uint32_t hop_samples, uint32_t capture_channels,
                      uint32_t playback_channels) {
    const size_t hop_bytes = hop_samples * sizeof(float);
    if (hop_samples == 0 || capture_channels == 0 || playback_channels == 0 ||
        spsc_ring_record_bytes(capture) != 2 * hop_bytes || spsc_ring_record_bytes(playback) != hop_bytes) {
        errno = EINVAL;
        return NULL;
    }
    duplex *self = calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->capture = capture;
    self->playback = playback;
    self->hop_samples = hop_samples;
    self->capture_channels = capture_channels;
    self->playback_channels = playback_channels;
    self->played = calloc(hop_samples, sizeof(float));
    self->pairs = calloc(hop_samples, 2 * sizeof(float));
    if (self->played == NULL || self->pairs == NULL) {
        duplex_destroy(self);
        errno = ENOMEM;
        return NULL;
    }
    return self;
}

void duplex_destroy(duplex *self) {
    if (self == NULL) return;
    free(self->played);
    free(self->pairs);
    free(self);
}

uint32_t duplex_capture_delay_ms(const duplex *self) {
    return atomic_load_explicit(&self->capture_delay_ms, memory_order_relaxed);
}

static void note_delay(duplex *self, const pa_times *times) {
    const double delay_ms = 1000.0 * (times->now_s - times->captured_s);
    const uint32_t noted_ms = delay_ms > 0.0 && delay_ms < UINT32_MAX ? (uint32_t)delay_ms : 0;
    atomic_store_explicit(&self->capture_delay_ms, noted_ms, memory_order_relaxed);
}

static void begin_hop(duplex *self) {
    if (!spsc_ring_read(self->playback, self->played, 1)) memset(self->played, 0, self->hop_samples * sizeof(float));
}

static void end_hop(duplex *self) {
    (void)spsc_ring_write(self->capture, self->pairs, 1); /* when full, the ring counts the overrun */
    self->position = 0;
}

/* `num_samples` that lie within the current hop. */
static void pass_samples(duplex *self, const float *input, float *output, uint32_t num_samples) {
    const float *played = self->played + self->position;
    float *pairs = self->pairs + 2 * (size_t)self->position;
    for (uint32_t i = 0; i < num_samples; i++) {
        pairs[2 * i] = input == NULL ? 0.0f : input[(size_t)i * self->capture_channels];
        pairs[2 * i + 1] = output == NULL ? 0.0f : played[i];
    }
    if (output != NULL) {
        for (uint32_t i = 0; i < num_samples; i++)
            for (uint32_t channel = 0; channel < self->playback_channels; channel++) *output++ = played[i];
    }
    self->position += num_samples;
}

int duplex_callback(const void *input, void *output, unsigned long num_samples, const void *time, unsigned long status,
                    void *self_) {
    duplex *self = self_;
    const float *from = input;
    float *to = output;
    if (time != NULL) note_delay(self, time);
    if (status & PA_INPUT_OVERFLOW) spsc_ring_count_overrun(self->capture);
    if (status & PA_OUTPUT_UNDERFLOW) spsc_ring_count_underrun(self->playback);
    while (num_samples > 0) {
        if (self->position == 0) begin_hop(self);
        const uint32_t left_in_hop = self->hop_samples - self->position;
        const uint32_t step = num_samples < left_in_hop ? (uint32_t)num_samples : left_in_hop;
        pass_samples(self, from, to, step);
        if (from != NULL) from += (size_t)step * self->capture_channels;
        if (to != NULL) to += (size_t)step * self->playback_channels;
        if (self->position == self->hop_samples) end_hop(self);
        num_samples -= step;
    }
    return 0;
}
