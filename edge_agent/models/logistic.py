"""Logistic models over named features: the bias and weights are fields of one dataclass, the features of another."""

import math
from collections.abc import Sequence

MOST_LOGIT = 30.0


def p_of(logit: float) -> float:
    """Probability at these log odds, which are cut off at 30 either way."""
    return 1.0 / (1.0 + math.exp(-min(max(logit, -MOST_LOGIT), MOST_LOGIT)))


def log_odds(probability: float) -> float:
    """Log odds, cut off at 30 either way."""
    if probability <= p_of(-MOST_LOGIT):
        return -MOST_LOGIT
    return MOST_LOGIT if probability >= p_of(MOST_LOGIT) else math.log(probability / (1.0 - probability))


def p_weighed(weights: object, evidence: object, bias: float, names: Sequence[str]) -> float:
    """Probability by the bias and the sum of every named feature of `evidence` times the weight of that name."""
    logit = bias
    for name in names:
        logit += getattr(weights, name) * getattr(evidence, name)
    return p_of(logit)
