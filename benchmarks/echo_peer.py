"""Runs an echo canceller of others over scenes; in their Python, so it imports nothing of this project.

    PYTHON benchmarks/echo_peer.py PEER IN.npz OUT.npz

IN.npz: for each scene `NAME/mic` and `NAME/played`, float32 [num_hops, 160] of 16 kHz. OUT.npz: `NAME/out` likewise,
and `hop_us`, the time of each hop. PEER `livekit`: WebRTC's third canceller (`pip install livekit numpy`); `speexdsp`:
the system's libspeexdsp.so.1 through ctypes.
"""

import ctypes
import sys
from time import perf_counter_ns

import numpy as np

HOP_SAMPLES = 160
RATE_HZ = 16_000
DELAY_MS = 30
SPEEX_FILTER_SAMPLES = 4096
SPEEX_ECHO_SET_SAMPLING_RATE = 24


class Livekit:
    """A new one for each scene."""

    def __init__(self):
        from livekit import rtc

        self._frame = rtc.AudioFrame
        self._module = rtc.AudioProcessingModule(echo_cancellation=True)

    def step(self, mic, played):
        self._module.process_reverse_stream(self._frame(played.tobytes(), RATE_HZ, 1, HOP_SAMPLES))
        self._module.set_stream_delay_ms(DELAY_MS)
        frame = self._frame(mic.tobytes(), RATE_HZ, 1, HOP_SAMPLES)
        self._module.process_stream(frame)
        return np.frombuffer(frame.data, np.int16)


class Speex:
    """A new one for each scene."""

    def __init__(self):
        self._library = ctypes.CDLL("libspeexdsp.so.1")
        self._library.speex_echo_state_init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._library.speex_echo_state_init(HOP_SAMPLES, SPEEX_FILTER_SAMPLES))
        rate_hz = ctypes.c_int(RATE_HZ)
        self._library.speex_echo_ctl(self._state, SPEEX_ECHO_SET_SAMPLING_RATE, ctypes.byref(rate_hz))
        self._out = np.zeros(HOP_SAMPLES, np.int16)

    def step(self, mic, played):
        pointers = [ctypes.c_void_p(sound.ctypes.data) for sound in (mic, played, self._out)]
        self._library.speex_echo_cancellation(self._state, *pointers)
        return self._out


PEERS = {"livekit": Livekit, "speexdsp": Speex}


def to_int16(sound):
    return np.clip(np.round(sound * 32768.0), -32768, 32767).astype(np.int16)


def main(peer, source, target):
    scenes, outs, hop_us = np.load(source), {}, []
    for name in sorted({key.split("/")[0] for key in scenes.files}):
        mic, played = (to_int16(scenes[f"{name}/{part}"]) for part in ("mic", "played"))
        canceller, out = PEERS[peer](), np.zeros(mic.shape, np.float32)
        for hop in range(len(mic)):
            began_ns = perf_counter_ns()
            cleaned = canceller.step(mic[hop], played[hop])
            hop_us.append((perf_counter_ns() - began_ns) / 1000)
            out[hop] = cleaned / 32768.0
        outs[f"{name}/out"] = out
    np.savez(target, hop_us=np.asarray(hop_us), **outs)


if __name__ == "__main__":
    main(*sys.argv[1:])
