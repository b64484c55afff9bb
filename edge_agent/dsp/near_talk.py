"""Is someone near the microphone, hop by hop, while the agent's own loudspeaker sounds?

What is left of the echo is compared, band by band, with what is to be expected: a share of the echo that was taken
away, learned while nobody is near, or the noise of the room. What is above that adds up until it is sure. The
canceller's own expectation of all bands together (`EchoEvidence.near_db`) must agree, and counts too.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.dsp.features import LogMel
from edge_agent.units import HOP_SAMPLES, NUM_MELS

Hop = NDArray[np.float32]  # [HOP_SAMPLES]
Frame = NDArray[np.float32]  # [NUM_MELS], natural log of power

FIRST_BAND, LAST_BAND = 5, 36  # about 300 to 6000 Hz: a talker is seldom louder than the echo below
MOST_ABOVE, MOST_BELOW = 4.0, 1.0  # of one band
BIAS = 0.4  # what chance brings
LEAST_NEAR_DB, MOST_NEAR_DB, EVIDENCE_PER_DB = 3.0, 30.0, 0.05  # of what the canceller says
MOST_WITHOUT = -0.2  # where the canceller says that it is echo
REMEMBERED_HOPS = 40
MOST_SCORE = 10.0
NEAR_SCORE = 1.0  # from here on someone may be near, and little is learned
ECHO_FADE = 0.12  # per hop: 60 dB in 1.2 s, the tail of a lively room beyond the canceller's reach
NO_ECHO = -11.5
START_SHARE, LEAST_SHARE, MOST_SHARE = -0.7, -6.0, 0.5  # of the echo
SHARE_UP, SHARE_DOWN, SHARE_UP_NEAR = 0.06, 0.02, 0.006  # per hop
START_FLOOR = -8.0
FLOOR_UP, FLOOR_DOWN, FLOOR_UP_NEAR = 0.03, 0.03, 0.008
FIRST_HOPS, FLOOR_UP_FIRST = 100, 0.06  # before that nobody knows the room
LATELY_FADE, LOUDEST_FADE = 0.3, 0.01  # per hop: 130 and 4 dB in 0.1 s
LEAST_FALL = 3.0  # 13 dB: who has fallen so far is silent, and what is left of them a breath, or their room


class NearTalker:
    """`score`: 0 nobody; grows while someone is near. `is_heard`: the last hop says that someone is. `is_denied`: that
    nobody is, for echo and noise explain all of it.

    Thread: hop only. Never allocates after construction.
    """

    def __init__(self) -> None:
        self._heard, self._expected, self._above, self._step_by = (
            np.zeros(LAST_BAND - FIRST_BAND, np.float32) for _ in range(4)
        )
        self._echo, self._share, self._floor = (np.zeros_like(self._heard) for _ in range(3))
        self._lately, self._loudest, self._silence = (np.zeros_like(self._heard) for _ in range(3))
        self._is_echo, self._is_above = np.zeros(len(self._heard), bool), np.zeros(len(self._heard), bool)
        self._log_mel = LogMel()
        self._cancelled = np.zeros(HOP_SAMPLES, np.float32)
        self._cancelled_mel = np.zeros(NUM_MELS, np.float32)
        self.reset()

    def reset(self) -> None:
        """As if nothing had been heard."""
        self.forget()
        self._echo.fill(NO_ECHO)
        self._share.fill(START_SHARE)
        self._floor.fill(START_FLOOR)
        self._lately.fill(NO_ECHO)
        self._loudest.fill(NO_ECHO)
        self._num_hops = 0
        self._log_mel.reset()

    def step(self, heard_mel: Frame, mic: Hop, heard: Hop, near_db: float | None) -> None:
        """One hop: the microphone, the same without the echo, and the log-mel frame of that.

        near_db: what the canceller says (`EchoEvidence`); None: there is none, for no echo comes back.
        """
        np.subtract(mic, heard, out=self._cancelled)
        self._log_mel.step(self._cancelled, self._cancelled_mel)
        np.copyto(self._heard, heard_mel[FIRST_BAND:LAST_BAND])
        np.subtract(self._echo, ECHO_FADE, out=self._echo)
        np.maximum(self._echo, self._cancelled_mel[FIRST_BAND:LAST_BAND], out=self._echo)
        self._remember(self._lately, LATELY_FADE)
        self._remember(self._loudest, LOUDEST_FADE)
        np.add(self._echo, self._share, out=self._expected)
        np.greater(self._expected, self._floor, out=self._is_echo)
        self._add_up(near_db)
        self._learn_share()
        self._learn_floor()

    def forget(self) -> None:
        """What was heard so far was nobody, or nobody of interest."""
        self.score, self.is_heard, self.is_denied = 0.0, False, False
        self._quiet_hops = REMEMBERED_HOPS

    def settle(self) -> None:
        """Whoever spoke is silent now: what is still heard of them is the room."""
        np.subtract(self._loudest, LEAST_FALL, out=self._silence)
        np.minimum(self._silence, self._lately, out=self._silence)
        np.maximum(self._floor, self._silence, out=self._floor)
        self.forget()

    @property
    def was_heard(self) -> bool:
        """Someone is near, or was a moment ago."""
        return self._quiet_hops < REMEMBERED_HOPS

    def _add_up(self, near_db: float | None) -> None:
        above = self._above
        np.logaddexp(self._expected, self._floor, out=above)
        np.subtract(self._heard, above, out=above)
        np.maximum(above, -MOST_BELOW, out=above)
        np.minimum(above, MOST_ABOVE, out=above)
        evidence = float(above.sum()) / len(above) - BIAS
        if near_db is not None:
            is_echo = near_db < LEAST_NEAR_DB
            more = EVIDENCE_PER_DB * min(near_db, MOST_NEAR_DB)
            evidence = min(evidence, MOST_WITHOUT) if is_echo else evidence + more
        self.score = min(max(0.0, self.score + evidence), MOST_SCORE)
        self.is_heard = evidence > 0.0 and self.score >= NEAR_SCORE
        self.is_denied = self.score == 0.0 and near_db is not None and near_db < LEAST_NEAR_DB
        self._quiet_hops = 0 if self.is_heard else self._quiet_hops + 1

    def _remember(self, most: Frame, fade: float) -> None:
        np.subtract(most, fade, out=most)
        np.maximum(most, self._heard, out=most)

    def _learn_share(self) -> None:
        """A median that follows: up and down by steps."""
        np.greater(self._heard, self._expected, out=self._is_above)
        up = SHARE_UP if self.score <= NEAR_SCORE else SHARE_UP_NEAR
        self._move(self._share, up, SHARE_DOWN, self._is_echo)
        np.maximum(self._share, LEAST_SHARE, out=self._share)
        np.minimum(self._share, MOST_SHARE, out=self._share)

    def _learn_floor(self) -> None:
        np.greater(self._heard, self._floor, out=self._is_above)
        np.logical_not(self._is_echo, out=self._is_echo)
        up = FLOOR_UP if self.score <= NEAR_SCORE else FLOOR_UP_NEAR
        if self._num_hops < FIRST_HOPS:
            self._num_hops += 1
            up = FLOOR_UP_FIRST
        self._move(self._floor, up, FLOOR_DOWN, self._is_echo)

    def _move(self, value: Frame, up: float, down: float, where: NDArray[np.bool_]) -> None:
        step_by = self._step_by
        np.copyto(step_by, self._is_above)
        np.multiply(step_by, up + down, out=step_by)
        np.subtract(step_by, down, out=step_by)
        np.multiply(step_by, where, out=step_by)
        np.add(value, step_by, out=value)
