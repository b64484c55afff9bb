/* The ring alone, then with a producer and a consumer thread that map it at different addresses. */
#include "spsc_ring.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

enum { NUM_MESSAGES = 100000, CAPACITY = 7, WORDS = 5 };

static void test_one_thread(void) {
    spsc_ring *ring = spsc_ring_create(sizeof(int), 3);
    CHECK(ring != NULL && spsc_ring_writable(ring) == 3);
    int out = -1;
    CHECK(!spsc_ring_read(ring, &out, 1) && spsc_ring_underruns(ring) == 1 && out == -1);
    for (int round = 0; round < 10; round++) { /* wraps at every place */
        const int in[2] = {2 * round, 2 * round + 1};
        int pair[2] = {-1, -1};
        CHECK(spsc_ring_write(ring, in, 2) && spsc_ring_readable(ring) == 2);
        CHECK(!spsc_ring_write(ring, in, 2)); /* all or nothing */
        CHECK(spsc_ring_readable(ring) == 2 && spsc_ring_writable(ring) == 1);
        CHECK(spsc_ring_read(ring, pair, 2) && pair[0] == in[0] && pair[1] == in[1]);
    }
    CHECK(spsc_ring_overruns(ring) == 10 && spsc_ring_underruns(ring) == 1);
    spsc_ring_destroy(ring);
}

static void test_refusals(void) {
    CHECK(spsc_ring_create(0, 1) == NULL && errno == EINVAL);
    CHECK(spsc_ring_create(1, 0) == NULL && errno == EINVAL);
    CHECK(spsc_ring_create(UINT32_MAX, UINT32_MAX) == NULL && errno == EINVAL);
    spsc_ring *ring = spsc_ring_create(8, 8);
    CHECK(ring != NULL);
    CHECK(spsc_ring_attach(spsc_ring_event_fd(ring), spsc_ring_memory_fd(ring)) == NULL); /* the wrong way round */
    CHECK(spsc_ring_attach(-1, -1) == NULL && errno == EBADF);
    CHECK(ftruncate(spsc_ring_memory_fd(ring), 16) != 0); /* sealed: nobody can take the memory from under us */
    spsc_ring_destroy(ring);
    spsc_ring_destroy(NULL);
}

static void test_waiting(void) {
    spsc_ring *ring = spsc_ring_create(4, 2);
    const int in = 7;
    int out = 0;
    CHECK(!spsc_ring_wait(ring, 0) && !spsc_ring_wait(ring, 5));
    CHECK(spsc_ring_write(ring, &in, 1) && spsc_ring_wait(ring, 0) && spsc_ring_wait(ring, -1));
    CHECK(spsc_ring_read(ring, &out, 1) && out == 7);
    CHECK(!spsc_ring_wait(ring, 5)); /* a wake-up of the past does not count */
    spsc_ring_destroy(ring);
}

static void *produce(void *ring_) {
    spsc_ring *ring = ring_;
    uint64_t words[WORDS];
    for (uint64_t i = 0; i < NUM_MESSAGES; i++) {
        for (int word = 0; word < WORDS; word++) words[word] = i * WORDS + (uint64_t)word;
        while (!spsc_ring_write(ring, words, 1)) sched_yield();
    }
    return NULL;
}

static void test_two_threads(void) {
    spsc_ring *producer = spsc_ring_create(WORDS * sizeof(uint64_t), CAPACITY);
    spsc_ring *consumer = spsc_ring_attach(spsc_ring_memory_fd(producer), spsc_ring_event_fd(producer));
    CHECK(consumer != NULL && spsc_ring_capacity_records(consumer) == CAPACITY);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, produce, producer) == 0);
    uint64_t words[WORDS];
    for (uint64_t i = 0; i < NUM_MESSAGES; i++) {
        CHECK(spsc_ring_wait(consumer, 5000));
        CHECK(spsc_ring_read(consumer, words, 1));
        for (int word = 0; word < WORDS; word++) CHECK(words[word] == i * WORDS + (uint64_t)word);
    }
    CHECK(pthread_join(thread, NULL) == 0 && spsc_ring_readable(consumer) == 0);
    CHECK(spsc_ring_underruns(producer) == 0); /* who waits first never reads in vain */
    spsc_ring_destroy(producer);
    spsc_ring_destroy(consumer);
}

int main(void) {
    test_one_thread();
    test_refusals();
    test_waiting();
    test_two_threads();
    return 0;
}
