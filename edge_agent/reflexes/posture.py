"""How the agent holds itself, and where it looks: at who speaks, aside while it thinks, as people do.

For a face or a head; a change is an event, and nothing is said about what stays.
"""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

LISTENING, THINKING, SPEAKING, RESTING = "listening", "thinking", "speaking", "resting"
TALKER, ASIDE, AWAY = "talker", "aside", "away"
REST_AFTER_MS = 4_000
ASIDE_AFTER_MS = 250  # nobody looks aside for an answer that comes at once


def posture(settings: Reflex, evidence: Evidence) -> str:
    """How to hold oneself now; empty for a reflex that is off."""
    if not settings.enabled or settings.intensity <= 0.0:
        return ""
    if evidence.is_listening:
        return LISTENING
    if evidence.agent_speaks:
        return SPEAKING
    if evidence.is_preparing:
        return THINKING
    return RESTING if _is_long_over(evidence) else LISTENING


def gaze(settings: Reflex, evidence: Evidence) -> str:
    """Where to look now; empty for a reflex that is off."""
    if not settings.enabled or settings.intensity <= 0.0:
        return ""
    if evidence.is_listening or evidence.agent_speaks:
        return TALKER
    if evidence.is_preparing:
        return ASIDE if evidence.silence_ms >= ASIDE_AFTER_MS else TALKER
    return AWAY if _is_long_over(evidence) else TALKER


def _is_long_over(evidence: Evidence) -> bool:
    return samples_to_ms(evidence.at_sample - evidence.last_active_sample) >= REST_AFTER_MS
