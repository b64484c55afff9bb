/* Full-duplex sound callback: playback ring -> loudspeaker; microphone and the very samples played -> capture ring.
 *
 * `duplex_callback` has PortAudio's signature and runs on the device thread: no lock, no allocation, no printing.
 * Sound is float32. A record of the playback ring is one hop of mono samples; a record of the capture ring is one hop
 * of pairs (microphone, played). The device may hand over blocks of any size, also of changing size. Sound that the
 * device itself lost, as PortAudio's status flags tell, counts as an overrun of the capture ring or an underrun of the
 * playback ring: whoever maps the rings knows all losses.
 *
 * A sound server keeps the microphone's sound while the device thread is held up, and hands it over no faster than it
 * takes sound for the loudspeaker: from then on everything is heard so much later. `duplex_capture_delay_ms` tells.
 */
#ifndef EDGE_AGENT_DUPLEX_H
#define EDGE_AGENT_DUPLEX_H

#include <stdint.h>

typedef struct spsc_ring spsc_ring; /* spsc_ring.h */
typedef struct duplex duplex;

/* Takes channel 0 of the microphone, plays the same on all channels. The rings must outlive it.
 * NULL with errno EINVAL when the records of the rings are not of the sizes above. */
duplex *duplex_create(spsc_ring *capture, spsc_ring *playback, uint32_t hop_samples, uint32_t capture_channels,
                      uint32_t playback_channels);
void duplex_destroy(duplex *self);

/* Any thread. Age of the microphone's sound when the callback last got it, in ms, as PortAudio tells; 0 before. */
uint32_t duplex_capture_delay_ms(const duplex *self);

/* Device thread. `self` is the duplex; `input` or `output` may be NULL (silence). Always goes on (0). */
int duplex_callback(const void *input, void *output, unsigned long num_samples, const void *time, unsigned long status,
                    void *self);

#endif
