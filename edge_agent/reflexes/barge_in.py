"""The user speaks while the agent does: the agent stops."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence

SURE_AFTER_MS = 160  # voiced time over the agent's speech at intensity 0.5


def decide(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to stop speaking now. A higher intensity stops sooner."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.agent_speaks:
        return False
    return evidence.overlap_ms * 2.0 * settings.intensity >= SURE_AFTER_MS
