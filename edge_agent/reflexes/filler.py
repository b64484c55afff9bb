"""A "hmm" that holds the floor when the answer will take longer than a person would wait in silence."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

LONGEST_SILENCE_MS = 250  # an answer that comes sooner needs no filler
SPEECH_BEFORE_MS = 500  # a cough is not a question
PAUSE_MS = 320
REFRACTORY_MS = 3_000


def decide(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to begin now, while the end of an open question is still being waited for."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.in_pause:
        return False
    if evidence.agent_speaks or not evidence.can_make_sound:
        return False
    if samples_to_ms(evidence.at_sample - evidence.last_filler_sample) < REFRACTORY_MS:
        return False
    if not evidence.is_no_command or evidence.voiced_ms < SPEECH_BEFORE_MS:
        return False
    return evidence.silence_ms >= PAUSE_MS and evidence.wait_ms - evidence.silence_ms > LONGEST_SILENCE_MS
