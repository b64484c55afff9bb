"""The listener: four log-mel frames in; phone posteriors and probabilities of voice, end of turn and sounds out.

Thread: hop only. `step` never raises and takes no memory.
"""

import math

import numpy as np
from numpy.typing import NDArray

from edge_agent.backends import choose_backend, file_kind, open_graph
from edge_agent.models.bundle import Bundle
from edge_agent.models.phones import BLANK

_SURELY = -1e-3  # log posterior of blank in a step that failed; all other tokens share what is left
_WARM_UP_STEPS = 3
_NO_OUTPUT = np.full((1, 1), np.nan, np.float32)


class Listener:
    """A network with its past. A step that fails or gives a number that is none counts in `num_faults`.

    Such a step says blank (no phone), lets `p_voice` fade, and forgets the past, so that the next one is sound again.
    """

    def __init__(self, bundle: Bundle, backend: str = "auto") -> None:
        """`backend`: "litert", "onnx", "tensorrt" or "auto". Raises BackendError or BundleError."""
        self.backend = choose_backend(backend, tuple(bundle.files))
        self._graph = open_graph(bundle.files[file_kind(self.backend)], self.backend, bundle.spec)
        self._log_mel = self._graph.inputs["log_mel"][0]
        outputs = self._graph.outputs
        self._heard, self._voice = outputs["log_posteriors"], outputs["p_voice"]
        self._end_of_turn, self._sounds = outputs.get("p_eot", _NO_OUTPUT), outputs.get("p_sounds", _NO_OUTPUT)
        self.sounds = bundle.sounds  # names of what p_sounds tells
        self._flat = [self._log_mel.reshape(-1), *(buffer.reshape(-1) for buffer in self._graph.outputs.values())]
        _, num_frames, num_tokens = self._heard.shape
        self._blank = np.full((num_frames, num_tokens), math.log(-math.expm1(_SURELY) / (num_tokens - 1)), np.float32)
        self._blank[:, BLANK] = _SURELY
        self.log_posteriors: NDArray[np.float32] = self._blank.copy()
        self.p_voice = 0.0
        self.p_eot = math.nan  # nan where the bundle does not tell it
        self.p_sounds: NDArray[np.float32] = np.zeros(len(self.sounds), np.float32)
        self.num_faults = 0
        for _ in range(_WARM_UP_STEPS):
            self.step(self._log_mel)
        self.reset()

    def step(self, log_mel: NDArray[np.float32]) -> None:
        """log_mel: float32 [4, 40]. `log_posteriors` [2, 40] (natural log) and the probabilities are then its."""
        try:
            np.copyto(self._log_mel, log_mel)
            self._graph.run()
            is_good = self._is_finite()
        except Exception:  # whatever a runtime raises, the hop goes on
            is_good = False
        if not is_good:
            self._fail()
            return
        np.copyto(self.log_posteriors, self._heard[0])
        self.p_voice = float(self._voice[0, 0])
        self.p_eot = float(self._end_of_turn[0, 0])
        if self.sounds:
            np.copyto(self.p_sounds, self._sounds[0])
        self._graph.advance_states()

    def reset(self) -> None:
        """As if nothing had been heard; `num_faults` stays."""
        self._graph.reset_states()
        np.copyto(self.log_posteriors, self._blank)
        self.p_voice = 0.0
        self.p_eot = math.nan
        self.p_sounds[:] = 0.0

    def _is_finite(self) -> bool:
        """Are the input, the outputs and the next states free of NaN and infinity: their sums of squares tell."""
        for flat in self._flat:  # noqa: SIM110 - all() would build a generator in the hop
            if not math.isfinite(np.dot(flat, flat)):
                return False
        return True

    def _fail(self) -> None:
        self.num_faults += 1
        p_voice = 0.5 * self.p_voice
        self.reset()
        self.p_voice = p_voice
