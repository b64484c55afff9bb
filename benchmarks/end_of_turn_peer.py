"""Smart Turn v3.2, asked about silences; runs in the Python that has pipecat-ai and onnxruntime, for `end_of_turn.py`.

    PYTHON end_of_turn_peer.py GIVEN.npz ANSWER.npy EVERY_MS

Its own feature code and its own model are used, loaded by path, so that the rest of pipecat need not be importable.
"""

import importlib.util
import sys
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnxruntime

SMART_TURN = "pipecat/audio/turn/smart_turn"
RATE_HZ = 16_000
HEARD_SAMPLES = 8 * RATE_HZ


def main() -> None:
    given, answer, every_ms = np.load(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    folder = Path(str(distribution("pipecat-ai").locate_file(SMART_TURN)))
    spec = importlib.util.spec_from_file_location("whisper_features", folder / "_whisper_features.py")
    features = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(features)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "data" / "smart-turn-v3.2-cpu.onnx"), options)
    longest = int(given["until_ms"].max()) // every_ms
    found = np.full((len(given["begin"]), longest), np.nan)
    for place, (recording, begin) in enumerate(zip(given["recording"], given["begin"], strict=True)):
        sound = np.pad(given[f"sound_{recording}"], (HEARD_SAMPLES, 3 * RATE_HZ))
        for question in range(int(given["until_ms"][place]) // every_ms):
            end = HEARD_SAMPLES + int(begin) + (question + 1) * every_ms * RATE_HZ // 1000
            log_mel = features.compute_whisper_log_mel_features(sound[end - HEARD_SAMPLES : end], do_normalize=True)
            output = session.run(None, {"input_features": log_mel[np.newaxis].astype(np.float32)})[0]
            found[place, question] = float(output[0].item())
    np.save(answer, found)


if __name__ == "__main__":
    main()
