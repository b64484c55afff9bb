/* Single-producer single-consumer ring of fixed-size records in shared memory, woken by an eventfd.
 *
 * The shared part holds counts and offsets only, never an address: two processes may map it at different places.
 * A `spsc_ring` is one process's view of it. Exactly one thread in one process may call the "Producer only"
 * functions, exactly one the "Consumer only" ones; they never wait for each other and never allocate.
 */
#ifndef EDGE_AGENT_SPSC_RING_H
#define EDGE_AGENT_SPSC_RING_H

#include <stdint.h>

typedef struct spsc_ring spsc_ring;

/* New ring in new shared memory. NULL with errno set when the system refuses or a size is out of range. */
spsc_ring *spsc_ring_create(uint32_t record_bytes, uint32_t capacity_records);
/* View of a ring made elsewhere; duplicates both descriptors. NULL with errno EINVAL when the memory is no ring. */
spsc_ring *spsc_ring_attach(int memory_fd, int event_fd);
/* Ends this view; the shared memory lives while any view does. */
void spsc_ring_destroy(spsc_ring *ring);

int spsc_ring_memory_fd(const spsc_ring *ring);
int spsc_ring_event_fd(const spsc_ring *ring);
uint32_t spsc_ring_record_bytes(const spsc_ring *ring);
uint32_t spsc_ring_capacity_records(const spsc_ring *ring);

/* Producer only. All of the records become readable at once, or none does: 1 = written, 0 = no room, one overrun counted. */
int spsc_ring_write(spsc_ring *ring, const void *records, uint32_t num_records);
/* Consumer only. 1 = that many records were read, 0 = fewer are there, one underrun counted. */
int spsc_ring_read(spsc_ring *ring, void *records, uint32_t num_records);
/* Consumer only. Waits until a record is readable: 1, or 0 after `timeout_ms` (negative: no limit) or at a signal. */
int spsc_ring_wait(spsc_ring *ring, int timeout_ms);
/* Consumer only. Forgets pending wake-ups; for a consumer that polls the eventfd itself, before it reads all there is. */
void spsc_ring_acknowledge(spsc_ring *ring);

/* Producer only, consumer only. Count a loss that happened outside the ring, in the device itself. */
void spsc_ring_count_overrun(spsc_ring *ring);
void spsc_ring_count_underrun(spsc_ring *ring);

/* Any thread. Exact for the side that asks, at least a lower bound of what it may use. */
uint32_t spsc_ring_readable(const spsc_ring *ring);
uint32_t spsc_ring_writable(const spsc_ring *ring);
/* Any thread. Totals since the ring was made. */
uint64_t spsc_ring_overruns(const spsc_ring *ring);
uint64_t spsc_ring_underruns(const spsc_ring *ring);

#endif
