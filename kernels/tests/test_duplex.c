/* The callback under blocks of all sizes, and with a hop thread beside it. */
#include "duplex.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "spsc_ring.h"

enum { HOP = 160, MAX_BLOCK = 1000, TOTAL = 64 * HOP };

static float sound[2 * TOTAL]; /* stereo microphone: channel 0 counts up, channel 1 must never be seen */
static float played[2 * TOTAL];

static void fill(float *hop, int first) {
    for (int i = 0; i < HOP; i++) hop[i] = -(float)(first + i + 1);
}

static void check_pairs(spsc_ring *capture, int num_hops, int first_played) {
    float pairs[2 * HOP];
    for (int hop = 0; hop < num_hops; hop++) {
        CHECK(spsc_ring_read(capture, pairs, 1));
        for (int i = 0; i < HOP; i++) {
            const int at = hop * HOP + i;
            CHECK(pairs[2 * i] == (float)(at + 1));
            CHECK(pairs[2 * i + 1] == (at < first_played ? 0.0f : played[2 * at]));
        }
    }
}

/* Any block size gives the same hops, and each sample of the microphone beside the one played in that instant. */
static void test_block_size(unsigned block) {
    spsc_ring *capture = spsc_ring_create(2 * HOP * sizeof(float), TOTAL / HOP);
    spsc_ring *playback = spsc_ring_create(HOP * sizeof(float), TOTAL / HOP);
    duplex *self = duplex_create(capture, playback, HOP, 2, 2);
    CHECK(self != NULL);
    float hop[HOP];
    const int num_hops = 20;
    for (int i = 0; i < num_hops; i++) {
        fill(hop, i * HOP);
        CHECK(spsc_ring_write(playback, hop, 1));
    }
    unsigned done = 0;
    for (unsigned step = 1; done + block + step % 3 <= TOTAL; step++) { /* sizes that change from call to call */
        const unsigned size = block + step % 3;
        CHECK(duplex_callback(sound + 2 * (size_t)done, played + 2 * (size_t)done, size, NULL, 0, self) == 0);
        done += size;
    }
    for (unsigned i = 0; i < done; i++) {
        const float expected = i < num_hops * HOP ? -(float)(i + 1) : 0.0f;
        CHECK(played[2 * i] == expected && played[2 * i + 1] == expected);
    }
    const unsigned begun = (done + HOP - 1) / HOP;
    CHECK(spsc_ring_readable(capture) == done / HOP);
    CHECK(spsc_ring_underruns(playback) == begun - num_hops && spsc_ring_overruns(capture) == 0);
    check_pairs(capture, (int)(done / HOP), 0);
    duplex_destroy(self);
    spsc_ring_destroy(capture);
    spsc_ring_destroy(playback);
}

static void test_losses(void) {
    spsc_ring *capture = spsc_ring_create(2 * HOP * sizeof(float), 2);
    spsc_ring *playback = spsc_ring_create(HOP * sizeof(float), 2);
    duplex *self = duplex_create(capture, playback, HOP, 1, 1);
    float out[HOP], pairs[2 * HOP];
    for (int i = 0; i < 5; i++) duplex_callback(sound, out, HOP, NULL, 0, self);
    CHECK(spsc_ring_overruns(capture) == 3 && spsc_ring_underruns(playback) == 5);
    CHECK(duplex_callback(NULL, NULL, HOP, NULL, 0x2 | 0x4, self) == 0); /* the device's own losses, and no buffers */
    CHECK(spsc_ring_overruns(capture) == 5 && spsc_ring_underruns(playback) == 7);
    CHECK(spsc_ring_read(capture, pairs, 1) && spsc_ring_read(capture, pairs, 1));
    CHECK(duplex_callback(NULL, out, HOP, NULL, 0x10, self) == 0); /* priming is no loss */
    CHECK(spsc_ring_overruns(capture) == 5 && spsc_ring_read(capture, pairs, 1) && pairs[0] == 0.0f);
    duplex_destroy(self);
    CHECK(duplex_create(capture, playback, HOP + 1, 1, 1) == NULL && errno == EINVAL);
    CHECK(duplex_create(capture, playback, HOP, 0, 1) == NULL && errno == EINVAL);
    spsc_ring_destroy(capture);
    spsc_ring_destroy(playback);
}

static void *run_device(void *self) {
    for (int at = 0; at + 100 <= TOTAL; at += 100) duplex_callback(sound + at, played + at, 100, NULL, 0, self);
    return NULL;
}

static void test_with_hop_thread(void) {
    spsc_ring *capture = spsc_ring_create(2 * HOP * sizeof(float), TOTAL / HOP);
    spsc_ring *playback = spsc_ring_create(HOP * sizeof(float), 4);
    duplex *self = duplex_create(capture, playback, HOP, 1, 1);
    float pairs[2 * HOP], hop[HOP];
    pthread_t device;
    CHECK(pthread_create(&device, NULL, run_device, self) == 0);
    for (int i = 0; i < TOTAL / 100 * 100 / HOP; i++) {
        CHECK(spsc_ring_wait(capture, 5000) && spsc_ring_read(capture, pairs, 1));
        CHECK(pairs[0] == sound[i * HOP]);
        fill(hop, i * HOP);
        (void)spsc_ring_write(playback, hop, 1);
    }
    CHECK(pthread_join(device, NULL) == 0);
    duplex_destroy(self);
    spsc_ring_destroy(capture);
    spsc_ring_destroy(playback);
}

/* The age of the microphone's sound, from PortAudio's clock; nonsense of a driver is no delay. */
static void test_capture_delay(void) {
    spsc_ring *capture = spsc_ring_create(2 * HOP * sizeof(float), 4);
    spsc_ring *playback = spsc_ring_create(HOP * sizeof(float), 4);
    duplex *self = duplex_create(capture, playback, HOP, 2, 2);
    CHECK(duplex_capture_delay_ms(self) == 0);
    const double late[] = {10.0, 10.3755, 10.4}, early[] = {10.5, 10.4, 10.6};
    CHECK(duplex_callback(sound, played, HOP, late, 0, self) == 0);
    CHECK(duplex_capture_delay_ms(self) == 375);
    CHECK(duplex_callback(sound, played, HOP, NULL, 0, self) == 0);
    CHECK(duplex_capture_delay_ms(self) == 375);
    CHECK(duplex_callback(sound, played, HOP, early, 0, self) == 0);
    CHECK(duplex_capture_delay_ms(self) == 0);
    duplex_destroy(self);
    spsc_ring_destroy(capture);
    spsc_ring_destroy(playback);
}

int main(void) {
    for (int i = 0; i < TOTAL; i++) {
        sound[2 * i] = (float)(i + 1);
        sound[2 * i + 1] = 1e9f;
    }
    const unsigned blocks[] = {1, 64, 159, 160, 161, 320, 441, MAX_BLOCK};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) test_block_size(blocks[i]);
    test_losses();
    test_with_hop_thread();
    test_capture_delay();
    return 0;
}
