"""A nod when the talker pauses after saying something: "I follow"."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

SPEECH_BEFORE_MS = 700  # people do not nod at less (the published prosodic rule for back-channels)
REFRACTORY_MS = 1_500


def decide(settings: Reflex, evidence: Evidence) -> float:
    """Depth of a nod, 0 = none."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.in_pause:
        return 0.0
    if evidence.voiced_ms < SPEECH_BEFORE_MS:
        return 0.0
    if samples_to_ms(evidence.at_sample - evidence.last_nod_sample) < REFRACTORY_MS:
        return 0.0
    return settings.intensity
