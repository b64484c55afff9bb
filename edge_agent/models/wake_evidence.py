"""The second look at what may be a wake phrase: how well each of its phones was said, not only all of them together.

A path through other speech often fits well but for one phone, lingers in one place, or begins in the middle of a
sentence: the mean over a phrase forgives that, these features do not. `export/calibrate.py` fits their weights.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from edge_agent.models.logistic import p_weighed
from edge_agent.models.phones import TOKENS, VOWELS
from edge_agent.models.phrase_alignment import PhraseAlignment, Tokens

USUAL_GAP_FRAMES = 8.0  # from one phone to the next; what is longer lingers

IS_VOWEL = np.array([token in VOWELS for token in TOKENS])


@dataclass(frozen=True)
class WakeEvidence:
    """Features of one aligned phrase. Scores are natural logs against any other sound."""

    mean_score: float  # over phones
    worst_score: float  # of a phone
    vowel_score: float  # mean over vowels
    open_score: float  # of the first stage: per phone, against the open path
    lingering: float  # how much longer than usual phones last, in logs, over all of them
    pause: float  # share of silence in the moments before
    certainty: float  # log posterior of the open path, per frame: does the listener know what it hears
    length: float  # tenths of phones


@dataclass(frozen=True)
class WakeModel:
    """A weight for each feature, and the bias."""

    bias: float = -24.0
    mean_score: float = 3.0
    worst_score: float = 0.5
    vowel_score: float = 0.0
    open_score: float = 2.0
    lingering: float = -2.5
    pause: float = 12.0
    certainty: float = 6.0
    length: float = 2.0

    def p_wake(self, evidence: WakeEvidence) -> float:
        """Probability that the phrase was said, of a candidate of the first stage."""
        return p_weighed(self, evidence, self.bias, FEATURES)


FEATURES = tuple(field.name for field in fields(WakeEvidence))


def evidence_of(
    aligned: PhraseAlignment, phones: Tokens, open_score: float, certainty: float, pause: float
) -> WakeEvidence:
    """`open_score`, `certainty`: of the first stage; `pause`: share of silence before the first phone."""
    gaps = np.diff(aligned.frame) if len(phones) > 1 else np.ones(1, np.int32)
    return WakeEvidence(
        mean_score=float(aligned.score.mean()),
        worst_score=float(aligned.score.min()),
        vowel_score=_mean_of(aligned.score, IS_VOWEL[phones]),
        open_score=open_score,
        lingering=float(np.log(np.maximum(gaps / USUAL_GAP_FRAMES, 1.0)).sum()),
        pause=pause,
        certainty=certainty,
        length=0.1 * len(phones),
    )


def _mean_of(scores: NDArray[np.float32], counts: NDArray[np.bool_]) -> float:
    return float(scores[counts].mean() if counts.any() else scores.mean())
