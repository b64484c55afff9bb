/* An ALSA device that one process at a time may use, as a card without a sound server: silence, behind a file lock.
 *
 * Loaded by libasound as a PCM type (see exclusive_card.py). The lock of each direction is kept until its process ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* of libasound, whose headers are not needed to run the agent */
int _snd_pcm_null_open(void **pcm, const char *name, void *root, void *configuration, int direction, int mode);

extern const char __snd_pcm_exclusive_open_dlsym_pcm_001[];
const char __snd_pcm_exclusive_open_dlsym_pcm_001[] = "";

int _snd_pcm_exclusive_open(void **pcm, const char *name, void *root, void *configuration, int direction, int mode) {
    static const char *const locks[] = {LOCK_FOLDER "/playback", LOCK_FOLDER "/capture"};
    static int held[] = {-1, -1};
    if (held[direction] < 0) {
        const int lock = open(locks[direction], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        if (lock < 0) return -errno;
        if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
            close(lock);
            return -EBUSY;
        }
        held[direction] = lock;
    }
    return _snd_pcm_null_open(pcm, name, root, configuration, direction, mode);
}
