"""How long a silence is waited for before a turn counts as ended: the policy, pure.

The commands say what a silence after these words usually means, and the profile how long that is waited for. How the
talker sounded (and the listener's `p_eot`, where the model tells it) makes the wait shorter or longer, and so does the
talker's own pace. A command that nothing can follow is waited for longer only when the listener itself says that the
talker goes on, and for doubt: how unsure the decoder is of it, and that it read something else a moment ago.

Thread: hop only.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

from edge_agent.profile import EndpointingProfile


class Grammar(IntEnum):
    """What the commands say about the words heard so far."""

    NO_MATCH = 0  # these words are no command
    INCOMPLETE = 1  # more must follow
    COULD_GO_ON = 2  # a command, and more may follow
    COMPLETE = 3  # a command, and nothing can follow


REASONS = ("no_intent", "incomplete", "could_go_on", "complete")  # by Grammar

# Log odds that a silence ends the turn, by what was heard before it.
USUAL_LEVEL_FALL_DB = 6.0
LOG_ODDS_PER_DB = 0.2
LOG_ODDS_PER_SEMITONE = 0.05
MOST_SEMITONES = 8.0
MOST_LOG_ODDS_OF_SOUND = 2.0
MOST_LOG_ODDS_OF_EOT = 4.0
SOUND_SHARE_BESIDE_EOT = 0.3  # the model has heard level and pitch too

STEADY_MS = 80.0  # a command that was read for less may be another in the next step
DOUBT_SHARE = 4.0  # a command of no confidence is waited for so many times longer, and once

# Of the wait of a command that could go on: then an answer may begin that can be taken back. In two of five holds of
# people's orders it does; at 0.62 in one of four, but household commands are answered later (docs/turns.md).
ANSWER_SHARE = 0.48

# A wait is this many times longer when nothing speaks for an end, and this many times shorter when all does. That the
# talker goes on, the listener knows well; but people sink before a pause too: with 4 for both, a sixth of their orders
# was cut at "... latte | with milk".
SPREAD_OF_SOUND = 1.5
SHORTER_BY_EOT, LONGER_BY_EOT = 2.6, 5.0

USUAL_HOLD_MS = 300.0
LEAST_PACE, GREATEST_PACE = 0.8, 2.0
PACE_SHARE_OF_HOLD = 0.4
PACE_SHARE_OF_TURN = 0.1
PACE_AFTER_CUT_OFF = 1.3


@dataclass(slots=True)
class Evidence:
    """What speaks for or against an end; one object, filled again and again."""

    grammar: Grammar = Grammar.NO_MATCH
    confidence: float = 1.0  # of the words
    steady_ms: float = math.inf  # since the words last changed
    # each nan where it is not known
    p_eot: float = math.nan
    level_fall_db: float = math.nan
    pitch_fall_semitones: float = math.nan

    @property
    def p_end(self) -> float:
        """Probability that the talker has ended, by the sound alone; the words are not in it."""
        log_odds = 0.0
        if not math.isnan(self.level_fall_db):
            log_odds += LOG_ODDS_PER_DB * (self.level_fall_db - USUAL_LEVEL_FALL_DB)
        if not math.isnan(self.pitch_fall_semitones):
            log_odds += LOG_ODDS_PER_SEMITONE * _within(self.pitch_fall_semitones, MOST_SEMITONES)
        log_odds = _within(log_odds, MOST_LOG_ODDS_OF_SOUND)
        if not math.isnan(self.p_eot):
            p_eot = min(max(self.p_eot, 1e-6), 1.0 - 1e-6)
            told = _within(math.log(p_eot / (1.0 - p_eot)), MOST_LOG_ODDS_OF_EOT)
            log_odds = SOUND_SHARE_BESIDE_EOT * log_odds + told
        return 1.0 / (1.0 + math.exp(-log_odds))


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _by_sound(p_end: float, *, is_told: bool) -> float:
    """How many times longer to wait for what the sound says; `is_told`: the listener itself says it."""
    spread = (SHORTER_BY_EOT if p_end > 0.5 else LONGER_BY_EOT) if is_told else SPREAD_OF_SOUND
    return math.pow(spread, 1.0 - 2.0 * p_end)


class Pace:
    """How slowly this talker speaks: 1 as most do, more for one who pauses long. Multiplies every wait."""

    def __init__(self) -> None:
        self.factor = 1.0

    def held(self, silence_ms: float) -> None:
        """The talker was silent inside a turn, and went on."""
        self._move(silence_ms / USUAL_HOLD_MS, PACE_SHARE_OF_HOLD)

    def ended(self) -> None:
        """A turn ended, and nothing more came."""
        self._move(LEAST_PACE, PACE_SHARE_OF_TURN)

    def cut_off(self) -> None:
        """A turn was taken for ended, and the talker went on at once."""
        self._move(self.factor * PACE_AFTER_CUT_OFF, 1.0)

    def _move(self, towards: float, share: float) -> None:
        wanted = min(max(towards, LEAST_PACE), GREATEST_PACE)
        self.factor += share * (wanted - self.factor)


class Endpointing:
    """Waits by evidence, after one profile."""

    def __init__(self, settings: EndpointingProfile) -> None:
        self.pace = Pace()
        self._neutral_ms = (
            float(settings.no_intent_ms),
            float(settings.incomplete_ms),
            float(settings.could_go_on_ms),
            float(settings.complete_ms),
        )

    def wait_ms(self, evidence: Evidence) -> float:
        """Silence that ends the turn, as things stand."""
        grammar = evidence.grammar
        is_told = not math.isnan(evidence.p_eot)
        by_sound = _by_sound(evidence.p_end, is_told=is_told)
        factor = self.pace.factor * by_sound
        if grammar is Grammar.COMPLETE:
            longest = max(1.0, by_sound) if is_told else 1.0
            factor = min(factor, longest) * (1.0 + DOUBT_SHARE * (1.0 - evidence.confidence))
            if evidence.steady_ms < STEADY_MS:
                grammar = Grammar.COULD_GO_ON
        return self._neutral_ms[grammar] * factor

    def answer_ms(self, evidence: Evidence, wait_ms: float) -> float:
        """Silence after which an answer may begin that can be taken back; `wait_ms`: the one that ends the turn."""
        if evidence.grammar is not Grammar.COULD_GO_ON or evidence.steady_ms < STEADY_MS:
            return math.inf
        return wait_ms * min(1.0, ANSWER_SHARE * (1.0 + DOUBT_SHARE * (1.0 - evidence.confidence)))
