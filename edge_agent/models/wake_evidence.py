"""The second look at what may be a wake phrase: how well each of its phones was said, not only all of them together.

A path through other speech often fits well but for one phone, leaves sounds out, or lingers in one place: the mean over
a phrase forgives that, these features do not. `export/calibrate.py` fits their weights.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from edge_agent.models.alignment import Alignment

SCORE_FLOOR = 8.0  # no phone costs more
USUAL_FRAMES_PER_PHONE = 4.5


@dataclass(frozen=True)
class WakeEvidence:
    """Features of one aligned phrase. Scores are natural logs against the open path, at most 0."""

    mean_score: float  # over phones
    worst_score: float  # of a phone
    left_out: float  # sounds between its phones, per phone
    pace: float  # how far from the usual pace, as the log of their ratio, either way
    longest_gap: float  # log of the longest time between two phones against the mean one
    certainty: float  # log posterior of the open path, per frame: does the listener know what it hears
    voice: float  # mean probability of voice
    length: float  # tenths of phones


@dataclass(frozen=True)
class WakeModel:
    """A weight for each feature, and the bias."""

    bias: float = 4.0
    mean_score: float = 3.0
    worst_score: float = 0.3
    left_out: float = 2.0
    pace: float = -2.0
    longest_gap: float = 0.0
    certainty: float = 0.5
    voice: float = 1.0
    length: float = 0.0

    def p_wake(self, evidence: WakeEvidence) -> float:
        """Probability that the phrase was said, of a candidate of the first stage."""
        logit = self.bias
        for name in FEATURES:
            logit += getattr(self, name) * getattr(evidence, name)
        return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


FEATURES = tuple(field.name for field in fields(WakeEvidence))


def evidence_of(aligned: Alignment, num_frames: int, certainty: float, p_voice: float) -> WakeEvidence:
    """`num_frames`: from the first phone to the last; `certainty`, `p_voice`: of the open path and of voice there."""
    num_phones = len(aligned.score)
    frames_per_phone = max(num_frames, 1) / num_phones
    gaps = np.diff(aligned.first_frame)
    longest = float(gaps.max()) if len(gaps) else frames_per_phone
    return WakeEvidence(
        mean_score=float(aligned.score.mean()),
        worst_score=float(aligned.score.min()),
        left_out=aligned.between / num_phones,
        pace=abs(math.log(frames_per_phone / USUAL_FRAMES_PER_PHONE)),
        longest_gap=math.log(max(longest, 1.0) / frames_per_phone),
        certainty=certainty,
        voice=p_voice,
        length=0.1 * num_phones,
    )
