"""A quiet "mm-hm" while the talker holds the floor and is likely to go on."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

SPEECH_BEFORE_MS = 1_200
PAUSE_MS = 320  # shorter ones are inside a phrase
REFRACTORY_MS = 6_000  # at intensity 1; half the intensity, twice the time


def decide(settings: Reflex, evidence: Evidence) -> bool:
    """Whether to make the sound now.

    Only where more must follow: a finished command gets its answer, words that are no command get a filler,
    and a number being dictated is never talked into.
    """
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.in_pause:
        return False
    if not evidence.can_make_sound or evidence.agent_speaks or evidence.dictates_number:
        return False
    if not evidence.must_go_on or evidence.num_words == 0:
        return False
    if evidence.voiced_ms < SPEECH_BEFORE_MS or evidence.silence_ms < PAUSE_MS:
        return False
    elapsed_ms = samples_to_ms(evidence.at_sample - evidence.last_back_channel_sample)
    return elapsed_ms * settings.intensity >= REFRACTORY_MS
