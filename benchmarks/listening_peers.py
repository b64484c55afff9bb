"""Runs one peer over many sounds: python listening_peers.py PEER GIVEN.npz ANSWER.npz [name=value ...]

Run by `edge-agent models eval` with a Python that has the peer installed; imports nothing of this project. Sounds are
int16 at 16 kHz.
Answers: a score for each 10 ms (voice activity), times of detections in seconds (wake phrases), or text (grammar).
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

RATE_HZ = 16_000
HOP_SAMPLES = 160


def silero(sounds: list[Any], options: dict[str, str]) -> Iterator[Any]:
    """The network's own file through ONNX Runtime: 512 new samples after 64 old ones, state carried on."""
    import importlib.util

    import onnxruntime

    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("silero-vad is not installed")
    session = onnxruntime.InferenceSession(str(Path(spec.origin).parent / "data" / "silero_vad.onnx"))
    for sound in sounds:
        samples = sound.astype(np.float32) / 32768
        state, context, scores = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
        for start in range(0, len(samples) - 511, 512):
            block = samples[None, start : start + 512]
            given = {"input": np.concatenate([context, block], axis=1), "state": state, "sr": np.array(RATE_HZ)}
            p_voice, state = session.run(None, given)
            scores.append(float(p_voice[0, 0]))
            context = block[:, -64:]
        yield np.array(scores)[np.arange(len(scores) * 512 // HOP_SAMPLES) * HOP_SAMPLES // 512]


def webrtcvad(sounds: list[Any], options: dict[str, str]) -> Iterator[Any]:
    """Share of its four modes that say voice: the only score it has."""
    from webrtcvad import Vad

    for sound in sounds:
        score = np.zeros(len(sound) // HOP_SAMPLES)
        for mode in range(4):
            vad = Vad(mode)
            for hop in range(len(score)):
                block = sound[hop * HOP_SAMPLES : (hop + 1) * HOP_SAMPLES]
                score[hop] += 0.25 * vad.is_speech(block.astype("<i2").tobytes(), RATE_HZ)
        yield score


def pocketsphinx_keyphrase(sounds: list[Any], options: dict[str, str]) -> Iterator[Any]:
    """Times at which `phrase` is spotted at `threshold`."""
    from pocketsphinx import Decoder

    decoder = Decoder(keyphrase=options["phrase"], kws_threshold=float(options["threshold"]), lm=None, loglevel="FATAL")
    for sound in sounds:
        found = []
        decoder.start_utt()
        for start in range(0, len(sound), 1024):
            decoder.process_raw(sound[start : start + 1024].astype("<i2").tobytes())
            if decoder.hyp() is not None:
                found.append(start / RATE_HZ)
                decoder.end_utt()
                decoder.start_utt()
        decoder.end_utt()
        yield np.array(found)


def pocketsphinx_grammar(sounds: list[Any], options: dict[str, str]) -> Iterator[Any]:
    """Text heard with the JSGF file `grammar`, as many recordings as fit into `limit_s`."""
    from pocketsphinx import Decoder

    decoder = Decoder(jsgf=options["grammar"], loglevel="FATAL")
    ends_at = time.monotonic() + float(options["limit_s"])
    for sound in sounds:
        if time.monotonic() > ends_at:
            return
        decoder.start_utt()
        decoder.process_raw(sound.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        yield np.array(decoder.hyp().hypstr if decoder.hyp() else "")


def pymicro_wakeword(sounds: list[Any], options: dict[str, str]) -> Iterator[Any]:
    """Times at which its own `model` wakes."""
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    for sound in sounds:
        spotter, features = MicroWakeWord.from_builtin(Model[options["model"]]), MicroWakeWordFeatures()
        found = []
        for start in range(0, len(sound) - HOP_SAMPLES, HOP_SAMPLES):
            for frame in features.process_streaming(sound[start : start + HOP_SAMPLES].astype("<i2").tobytes()):
                if spotter.process_streaming(frame):
                    found.append(start / RATE_HZ)
        yield np.array(found)


PEERS: dict[str, Callable[[list[Any], dict[str, str]], Iterator[Any]]] = {
    "silero": silero,
    "webrtcvad": webrtcvad,
    "pocketsphinx_keyphrase": pocketsphinx_keyphrase,
    "pocketsphinx_grammar": pocketsphinx_grammar,
    "pymicro_wakeword": pymicro_wakeword,
}


def main() -> None:
    peer, given, answer, *words = sys.argv[1:]
    with np.load(given) as file:
        sounds = [file[name] for name in sorted(file.files)]
    options = dict(word.split("=", 1) for word in words)
    answers = {f"{index:06d}": one for index, one in enumerate(PEERS[peer](sounds, options))}
    np.savez(answer, **answers)
    json.dump({"num_answers": len(answers)}, sys.stdout)


if __name__ == "__main__":
    main()
