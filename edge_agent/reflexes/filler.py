"""A "hmm" that holds the floor when the answer will take longer than a person would wait in silence."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

LONGEST_SILENCE_MS = 250  # an answer that comes sooner needs no filler
SPEECH_BEFORE_MS = 500  # a cough is not a question
PAUSE_MS = 320
REFRACTORY_MS = 3_000


def decide_in_pause(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to begin now, while the end of an open question is still being waited for."""
    if not _may(settings, evidence) or not evidence.in_pause:
        return False
    if not evidence.is_no_command or evidence.voiced_ms < SPEECH_BEFORE_MS:
        return False
    return evidence.silence_ms >= PAUSE_MS and evidence.wait_ms - evidence.silence_ms > LONGEST_SILENCE_MS


def decide_at_end(settings: Reflex, evidence: Evidence, *, answer_in_ms: float) -> bool:
    """Whether to begin at the end of a turn whose answer is expected after `answer_in_ms`."""
    return _may(settings, evidence) and answer_in_ms > LONGEST_SILENCE_MS


def _may(settings: Reflex, evidence: Evidence) -> bool:
    if not settings.enabled or settings.intensity <= 0.0 or evidence.agent_speaks or not evidence.can_make_sound:
        return False
    return samples_to_ms(evidence.at_sample - evidence.last_filler_sample) >= REFRACTORY_MS
