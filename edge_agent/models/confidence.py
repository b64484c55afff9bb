"""How sure the decoder is that what it found is what was said: a logistic model over four features of a path.

`export/calibrate.py` fits the weights to a listener; the ones here serve where none are fitted.
"""

from dataclasses import dataclass
from typing import Final

from edge_agent.models.logistic import p_of

MARGIN_CAP: Final = 10.0
PHONES_CAP: Final = 20.0

Features = tuple[float, float, float, float]


@dataclass(frozen=True)
class ConfidenceModel:
    """Weights of the features, in the order of `features`, and the bias."""

    bias: float = 5.5
    score_per_phone: float = 2.1
    filler_share: float = -9.0
    margin: float = 1.8
    length: float = -2.0

    def p_right(self, features: Features) -> float:
        """Probability that the path is what was said."""
        return p_of(self.logit(features))

    def logit(self, features: Features) -> float:
        """The same on an open scale: 0 is a half."""
        score_per_phone, filler_share, margin, length = features
        logit = self.bias + self.score_per_phone * score_per_phone + self.filler_share * filler_share
        return logit + self.margin * margin + self.length * length


def features(score_per_phone: float, filler_share: float, margin: float, num_phones: int) -> Features:
    """Features of a path.

    score_per_phone: against the open path, at most 0. filler_share: sounds of the turn that are outside of the command,
    0..1. margin: above the best path of another meaning, here as 0..1 of its cap. num_phones: here as 0..1 of its cap.
    """
    capped = min(max(margin, 0.0), MARGIN_CAP) / MARGIN_CAP
    return (score_per_phone, filler_share, capped, min(num_phones, PHONES_CAP) / PHONES_CAP)
