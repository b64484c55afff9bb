"""A quiet "mm-hm" while the talker holds the floor and is likely to go on.

The place is that of Ward and Tsukahara (2000): after at least 700 ms of speech, a stretch of some 110 ms of low pitch
(`melody.py` finds it), and then a pause.
"""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

SPEECH_BEFORE_MS = 700
STORY_MS = 3_000  # words that are no command: shorter is a question, and wants an answer
PAUSE_MS = 260  # shorter ones are inside a phrase
LATEST_MS = 600  # later it would be an answer
LOW_BEFORE_MS = 500  # the low stretch was at most so long before the pause
REFRACTORY_MS = 3_000  # at intensity 1; half the intensity, twice the time


def decide(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to make the sound now: never for a finished command, and never into a number being dictated."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.is_silent:
        return False
    if not evidence.can_make_sound or evidence.agent_speaks or evidence.dictates_number:
        return False
    if not PAUSE_MS <= evidence.silence_ms <= LATEST_MS or not _will_go_on(evidence):
        return False
    elapsed_ms = samples_to_ms(evidence.at_sample - evidence.last_back_channel_sample)
    return elapsed_ms * settings.intensity >= REFRACTORY_MS


def _will_go_on(evidence: Evidence) -> bool:
    """A command that cannot be complete yet, or a story whose pitch sank as people's does who wait for a sign."""
    if evidence.must_go_on and evidence.num_words > 0:
        return evidence.voiced_ms >= SPEECH_BEFORE_MS
    low_before_ms = samples_to_ms(evidence.last_voiced_sample - evidence.low_until_sample)
    return evidence.is_no_command and evidence.voiced_ms >= STORY_MS and low_before_ms <= LOW_BEFORE_MS
