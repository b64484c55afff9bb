"""A "sure" before an answer that is not ready yet: a slow skill, or a voice that takes its time."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence

LONGEST_SILENCE_MS = 250  # since the user's last voiced sample, at intensity 0.5
LEAST_PREPARING_MS = 60  # the sound takes longer than many an answer, which has to wait for its end


def decide(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to make the sound now; once for each answer. A higher intensity is less patient."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.is_preparing:
        return False
    if evidence.preparing_ms < LEAST_PREPARING_MS or evidence.agent_speaks or not evidence.can_make_sound:
        return False
    if max(evidence.last_acknowledge_sample, evidence.last_filler_sample) > evidence.last_voiced_sample:
        return False
    return evidence.silence_ms * 2.0 * settings.intensity >= LONGEST_SILENCE_MS
