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
SURE_SCORE = 3.5
SURE_VOICED_MS = 160.0  # of the listener's voice alone, where no sound tells; at intensity 0.5
UNDUCK_QUIET_MS = 120.0
SENTENCE_PHONES = 4  # not counting those of "mm-hm"; coughs and laughs show none or one
COMMAND_PHONES = 3
LONG_VOICED_MS = 1_500.0  # nobody says "mm-hm" for so long, however little of it is understood
GO_ON_QUIET_MS = 240.0
NOISE_MS = 800.0  # after so long, a sound without words is let be
VOICE_SHARE = 0.5  # unless it is voice


@dataclass(slots=True)
class Evidence:
    """Filled once per hop; one object for the agent's life. Times count from the onset of the sound."""

    stage: Stage = Stage.SILENT
    near_score: float = 0.0  # how surely someone is near, whoever it is
    near_ms: float = 0.0  # since it began
    quiet_ms: float = 0.0  # since neither the near talker nor the listener's voice was there
    voiced_ms: float = 0.0  # of the listener's voice
    overlap_ms: float = 0.0  # of the listener's voice while the agent sounded
    num_phones: int = 0  # that were heard well, without those of "mm-hm"
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


def is_noise(evidence: Evidence) -> bool:
    """Too few phones for any word: whatever words seem to be heard in it were not said."""
    return evidence.num_phones < COMMAND_PHONES


def _after_hold(evidence: Evidence) -> Action:
    if evidence.num_phones >= SENTENCE_PHONES or (evidence.is_command and not is_noise(evidence)):
        return Action.DROP
    if evidence.voiced_ms >= LONG_VOICED_MS and evidence.num_phones > 0:
        return Action.DROP
    is_voice = evidence.num_phones > 0 and evidence.voiced_ms >= VOICE_SHARE * evidence.near_ms
    is_let_be = evidence.near_ms >= NOISE_MS and is_noise(evidence) and not is_voice
    return Action.GO_ON if is_let_be or evidence.quiet_ms >= GO_ON_QUIET_MS else Action.NONE
