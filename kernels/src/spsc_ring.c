#define _GNU_SOURCE
#include "spsc_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x31676e6972636765) /* "egcring1" */
#define CACHE_LINE 64
#define MAX_RING_BYTES (UINT64_C(1) << 30)

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit counts must be lock-free: two processes share them");

/* Each side's counts have a cache line of their own, so that neither slows the other down. */
typedef struct {
    uint64_t magic;
    uint32_t record_bytes;
    uint32_t capacity_records;
    _Alignas(CACHE_LINE) _Atomic uint64_t num_written; /* by the producer */
    _Atomic uint64_t num_overruns;
    _Alignas(CACHE_LINE) _Atomic uint64_t num_read; /* by the consumer */
    _Atomic uint64_t num_underruns;
    _Alignas(CACHE_LINE) unsigned char records[];
} shared_ring;

struct spsc_ring {
    shared_ring *shared;
    size_t mapped_bytes;
    uint32_t record_bytes; /* own copies: what another process scribbles cannot lead us out of the mapping */
    uint32_t capacity_records;
    int memory_fd;
    int event_fd;
};

static uint64_t total_bytes(uint32_t record_bytes, uint32_t capacity_records) {
    return sizeof(shared_ring) + (uint64_t)record_bytes * capacity_records;
}

static int is_size_valid(uint32_t record_bytes, uint32_t capacity_records) {
    return record_bytes > 0 && capacity_records > 0 && total_bytes(record_bytes, capacity_records) <= MAX_RING_BYTES;
}

static spsc_ring *fail(spsc_ring *ring, int error) {
    spsc_ring_destroy(ring);
    errno = error;
    return NULL;
}

static spsc_ring *new_view(void) {
    spsc_ring *ring = calloc(1, sizeof *ring);
    if (ring != NULL) {
        ring->shared = MAP_FAILED;
        ring->memory_fd = -1;
        ring->event_fd = -1;
    }
    return ring;
}

static int map_shared(spsc_ring *ring, uint64_t num_bytes) {
    ring->mapped_bytes = (size_t)num_bytes;
    ring->shared = mmap(NULL, ring->mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->memory_fd, 0);
    return ring->shared != MAP_FAILED;
}

spsc_ring *spsc_ring_create(uint32_t record_bytes, uint32_t capacity_records) {
    if (!is_size_valid(record_bytes, capacity_records)) {
        errno = EINVAL;
        return NULL;
    }
    spsc_ring *ring = new_view();
    if (ring == NULL) return NULL;
    const uint64_t num_bytes = total_bytes(record_bytes, capacity_records);
    ring->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ring->memory_fd = memfd_create("edge-agent-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (ring->event_fd < 0 || ring->memory_fd < 0) return fail(ring, errno);
    if (ftruncate(ring->memory_fd, (off_t)num_bytes) != 0) return fail(ring, errno);
    /* a view may rely on the size: nobody can shrink the memory under it and cause SIGBUS */
    if (fcntl(ring->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return fail(ring, errno);
    if (!map_shared(ring, num_bytes)) return fail(ring, errno);
    ring->record_bytes = ring->shared->record_bytes = record_bytes;
    ring->capacity_records = ring->shared->capacity_records = capacity_records;
    ring->shared->magic = MAGIC;
    memset(ring->shared->records, 0, (size_t)record_bytes * capacity_records); /* touch the pages now, not in the callback */
    return ring;
}

static int is_ring(const spsc_ring *ring) {
    const shared_ring *shared = ring->shared;
    return shared->magic == MAGIC && is_size_valid(shared->record_bytes, shared->capacity_records) &&
           total_bytes(shared->record_bytes, shared->capacity_records) == ring->mapped_bytes;
}

spsc_ring *spsc_ring_attach(int memory_fd, int event_fd) {
    spsc_ring *ring = new_view();
    if (ring == NULL) return NULL;
    ring->memory_fd = fcntl(memory_fd, F_DUPFD_CLOEXEC, 0);
    ring->event_fd = fcntl(event_fd, F_DUPFD_CLOEXEC, 0);
    if (ring->memory_fd < 0 || ring->event_fd < 0) return fail(ring, errno);
    struct stat about;
    if (fstat(ring->memory_fd, &about) != 0) return fail(ring, errno);
    if (about.st_size < (off_t)sizeof(shared_ring) || about.st_size > (off_t)MAX_RING_BYTES) return fail(ring, EINVAL);
    if (!map_shared(ring, (uint64_t)about.st_size)) return fail(ring, errno);
    if (!is_ring(ring)) return fail(ring, EINVAL);
    ring->record_bytes = ring->shared->record_bytes;
    ring->capacity_records = ring->shared->capacity_records;
    return ring;
}

void spsc_ring_destroy(spsc_ring *ring) {
    if (ring == NULL) return;
    if (ring->shared != MAP_FAILED) munmap(ring->shared, ring->mapped_bytes);
    if (ring->memory_fd >= 0) close(ring->memory_fd);
    if (ring->event_fd >= 0) close(ring->event_fd);
    free(ring);
}

int spsc_ring_memory_fd(const spsc_ring *ring) { return ring->memory_fd; }
int spsc_ring_event_fd(const spsc_ring *ring) { return ring->event_fd; }
uint32_t spsc_ring_record_bytes(const spsc_ring *ring) { return ring->record_bytes; }
uint32_t spsc_ring_capacity_records(const spsc_ring *ring) { return ring->capacity_records; }

static void count_one(_Atomic uint64_t *counter) {
    /* one writer each: a plain load and store is enough */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

void spsc_ring_count_overrun(spsc_ring *ring) { count_one(&ring->shared->num_overruns); }
void spsc_ring_count_underrun(spsc_ring *ring) { count_one(&ring->shared->num_underruns); }

/* Records from `position` on as two pieces of memory, the second one empty unless they wrap. */
typedef struct {
    unsigned char *head;
    unsigned char *tail;
    size_t head_bytes;
    size_t tail_bytes;
} span;

static span records_at(const spsc_ring *ring, uint64_t position, uint32_t num_records) {
    const uint32_t first = (uint32_t)(position % ring->capacity_records);
    const uint32_t until_end = ring->capacity_records - first;
    const uint32_t num_head = num_records < until_end ? num_records : until_end;
    return (span){
        .head = ring->shared->records + (size_t)first * ring->record_bytes,
        .tail = ring->shared->records,
        .head_bytes = (size_t)num_head * ring->record_bytes,
        .tail_bytes = (size_t)(num_records - num_head) * ring->record_bytes,
    };
}

int spsc_ring_write(spsc_ring *ring, const void *records, uint32_t num_records) {
    shared_ring *shared = ring->shared;
    const uint64_t num_written = atomic_load_explicit(&shared->num_written, memory_order_relaxed);
    const uint64_t num_read = atomic_load_explicit(&shared->num_read, memory_order_acquire);
    if (num_records > ring->capacity_records - (num_written - num_read)) {
        spsc_ring_count_overrun(ring);
        return 0;
    }
    const span to = records_at(ring, num_written, num_records);
    memcpy(to.head, records, to.head_bytes);
    memcpy(to.tail, (const unsigned char *)records + to.head_bytes, to.tail_bytes);
    atomic_store_explicit(&shared->num_written, num_written + num_records, memory_order_release);
    /* never blocks: the counter coalesces wake-ups, and would refuse only after 2^64 of them */
    const uint64_t one = 1;
    const ssize_t ignored = write(ring->event_fd, &one, sizeof one);
    (void)ignored;
    return 1;
}

int spsc_ring_read(spsc_ring *ring, void *records, uint32_t num_records) {
    shared_ring *shared = ring->shared;
    const uint64_t num_read = atomic_load_explicit(&shared->num_read, memory_order_relaxed);
    const uint64_t num_written = atomic_load_explicit(&shared->num_written, memory_order_acquire);
    if (num_records > num_written - num_read) {
        spsc_ring_count_underrun(ring);
        return 0;
    }
    const span from = records_at(ring, num_read, num_records);
    memcpy(records, from.head, from.head_bytes);
    memcpy((unsigned char *)records + from.head_bytes, from.tail, from.tail_bytes);
    atomic_store_explicit(&shared->num_read, num_read + num_records, memory_order_release);
    return 1;
}

void spsc_ring_acknowledge(spsc_ring *ring) {
    uint64_t count;
    const ssize_t ignored = read(ring->event_fd, &count, sizeof count);
    (void)ignored;
}

static int64_t monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int spsc_ring_wait(spsc_ring *ring, int timeout_ms) {
    const int64_t deadline_ms = monotonic_ms() + timeout_ms;
    while (spsc_ring_readable(ring) == 0) {
        const int64_t left_ms = timeout_ms < 0 ? -1 : deadline_ms - monotonic_ms();
        if (timeout_ms >= 0 && left_ms < 0) return 0;
        struct pollfd event = {.fd = ring->event_fd, .events = POLLIN};
        if (poll(&event, 1, (int)left_ms) <= 0) return spsc_ring_readable(ring) > 0;
        /* clear first, look afterwards: a record that arrives between the two wakes the next poll */
        spsc_ring_acknowledge(ring);
    }
    return 1;
}

uint32_t spsc_ring_readable(const spsc_ring *ring) {
    const uint64_t num_read = atomic_load_explicit(&ring->shared->num_read, memory_order_acquire);
    const uint64_t num_written = atomic_load_explicit(&ring->shared->num_written, memory_order_acquire);
    return (uint32_t)(num_written - num_read);
}

uint32_t spsc_ring_writable(const spsc_ring *ring) { return ring->capacity_records - spsc_ring_readable(ring); }

uint64_t spsc_ring_overruns(const spsc_ring *ring) {
    return atomic_load_explicit(&ring->shared->num_overruns, memory_order_relaxed);
}

uint64_t spsc_ring_underruns(const spsc_ring *ring) {
    return atomic_load_explicit(&ring->shared->num_underruns, memory_order_relaxed);
}
