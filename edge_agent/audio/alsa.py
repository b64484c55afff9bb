"""Asks ALSA what PortAudio cannot tell: it does not list a device that another program holds, as if there were none."""

import ctypes
import errno

PLAYBACK, CAPTURE = 0, 1
NONBLOCK = 1


def is_held(device: str) -> bool:
    """Does another program hold this device, in either direction. False where there is no ALSA or no such device.

    Opens the device for a moment; ALSA may write to standard error.
    """
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return False
    return any(_open_status(alsa, device, direction) == -errno.EBUSY for direction in (PLAYBACK, CAPTURE))


def _open_status(alsa: ctypes.CDLL, device: str, direction: int) -> int:
    handle = ctypes.c_void_p()
    status: int = alsa.snd_pcm_open(ctypes.byref(handle), device.encode(), direction, NONBLOCK)
    if status == 0:
        alsa.snd_pcm_close(handle)
    return status
