"""A "hmm" that holds the floor when the answer will take longer than a person would wait in silence."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

LONGEST_SILENCE_MS = 250  # an answer that comes sooner needs no filler
SPEECH_BEFORE_MS = 500  # a cough is not a question
PAUSE_MS = 320
STORY_MS = 3_000  # after so much talk, a pause is more often one of many
STORY_PAUSE_MS = 640
REFRACTORY_MS = 3_000


def decide(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to begin now, while the end of an open question is still being waited for."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.is_silent:
        return False
    if evidence.agent_speaks or not evidence.can_make_sound:
        return False
    since_sample = max(evidence.last_filler_sample, evidence.last_back_channel_sample)
    if samples_to_ms(evidence.at_sample - since_sample) < REFRACTORY_MS:
        return False
    if not evidence.is_no_command or evidence.voiced_ms < SPEECH_BEFORE_MS:
        return False
    pause_ms = STORY_PAUSE_MS if evidence.voiced_ms >= STORY_MS else PAUSE_MS
    return evidence.silence_ms >= pause_ms and evidence.wait_ms - evidence.silence_ms > LONGEST_SILENCE_MS
