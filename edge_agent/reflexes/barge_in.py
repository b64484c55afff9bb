"""Someone speaks while the agent does. The agent is silent at once, and decides by what follows whether it was meant.

A cough, a laugh, "mm-hm", a door or the agent's own echo: it goes on from the word that was cut. A command or a
sentence: the rest is dropped.
"""

from dataclasses import dataclass
from enum import IntEnum

from edge_agent.profile import Reflex


class Stage(IntEnum):
    """What the agent's speech is doing."""

    SILENT = 0  # nothing is being said
    SPEAKING = 1
    DUCKED = 2
    HELD = 3


class Action(IntEnum):
    """What to do now."""

    NONE = 0
    DUCK = 1
    UNDUCK = 2
    HOLD = 3  # fade to silence, keep the rest
    GO_ON = 4  # from the word that was cut
    DROP = 5  # the rest will not be said


SUSPECT_SCORE = 2.0  # of the near talker (`dsp/near_talk.py`), at intensity 0.5
SURE_SCORE = 5.0
SURE_VOICED_MS = 160.0  # of the listener's voice alone, where no sound tells; at intensity 0.5
UNDUCK_QUIET_MS = 120.0
SENTENCE_MS = 640.0  # nobody says "mm-hm" or coughs for so long and sounds like speech all the time
GO_ON_QUIET_MS = 240.0
NOISE_MS = 700.0  # after so long, a sound that the listener takes for no voice is let be
LEAST_VOICED_SHARE = 0.4


@dataclass(slots=True)
class Evidence:
    """Filled once per hop; one object for the agent's life. Times count from the onset of the sound."""

    stage: Stage = Stage.SILENT
    near_score: float = 0.0  # how surely someone is near, whoever it is
    near_ms: float = 0.0  # since it began
    quiet_ms: float = 0.0  # since neither the near talker nor the listener's voice was there
    voiced_ms: float = 0.0  # of the listener's voice
    overlap_ms: float = 0.0  # of the listener's voice while the agent sounded
    is_command: bool = False  # the words so far are a command


def decide(settings: Reflex, evidence: Evidence) -> Action:
    """What to do in this hop. A higher intensity yields sooner."""
    if not settings.enabled or settings.intensity <= 0.0 or evidence.stage is Stage.SILENT:
        return Action.NONE
    if evidence.stage is Stage.HELD:
        return _after_hold(evidence)
    eagerness = 2.0 * settings.intensity
    if evidence.near_score * eagerness >= SURE_SCORE or evidence.overlap_ms * eagerness >= SURE_VOICED_MS:
        return Action.HOLD
    is_suspected = evidence.near_score * eagerness >= SUSPECT_SCORE
    if evidence.stage is Stage.SPEAKING:
        return Action.DUCK if is_suspected else Action.NONE
    return Action.UNDUCK if evidence.quiet_ms >= UNDUCK_QUIET_MS else Action.NONE


def _after_hold(evidence: Evidence) -> Action:
    if evidence.is_command or evidence.voiced_ms >= SENTENCE_MS:
        return Action.DROP
    is_noise = evidence.near_ms >= NOISE_MS and evidence.voiced_ms < LEAST_VOICED_SHARE * evidence.near_ms
    return Action.GO_ON if is_noise or evidence.quiet_ms >= GO_ON_QUIET_MS else Action.NONE
