"""A nod: "I follow" in a pause, "I have it" as soon as what was said may be all."""

from edge_agent.profile import Reflex
from edge_agent.reflexes import Evidence
from edge_agent.units import samples_to_ms

SPEECH_BEFORE_MS = 700  # people do not nod at less (the published prosodic rule for back-channels)
PAUSE_MS = 200
REFRACTORY_MS = 1_500
COMMAND_VOICED_MS = 150
END_SILENCE_MS = 70  # longer than most closures inside a word
END_SPEECH_MS = 400
END_REFRACTORY_MS = 450
SURE = 0.5
NO_NOD = ""


def decide(settings: Reflex, evidence: Evidence) -> str:
    """Why to nod now: "end", "pause", or `NO_NOD`. How deep is the reflex's intensity."""
    if not settings.enabled or settings.intensity <= 0.0 or not evidence.is_silent or evidence.agent_speaks:
        return NO_NOD
    elapsed_ms = samples_to_ms(evidence.at_sample - evidence.last_nod_sample)
    if evidence.silence_ms >= END_SILENCE_MS and elapsed_ms >= END_REFRACTORY_MS and _may_be_all(evidence):
        return "end"
    is_pause = evidence.silence_ms >= PAUSE_MS and evidence.voiced_ms >= SPEECH_BEFORE_MS
    return "pause" if is_pause and elapsed_ms >= REFRACTORY_MS else NO_NOD


def _may_be_all(evidence: Evidence) -> bool:
    """The user seems to have said what was to be said; one nod for each silence."""
    if evidence.last_nod_sample > evidence.last_voiced_sample:
        return False
    if evidence.must_go_on and evidence.p_end <= SURE:  # words are misheard more often than an end is
        return False
    return evidence.voiced_ms >= (END_SPEECH_MS if evidence.is_no_command else COMMAND_VOICED_MS)
