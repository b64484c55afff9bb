"""Who has the floor, and when the user's turn ends: pure, in samples of the capture clock.

Thread: hop only. Calls, in this order: `hear` for each hop, `listen` and `read` for each listener step (40 ms),
`follow` for each hop. The beginning of a turn is believed on `p_voice`; its end is looked for in the level of each
hop, since `p_voice` falls 160-360 ms after the voice.

    QUIET -> LISTENING <-> HOLD -> SHIFT -> SPEAKING -> QUIET
                 ^                             |
                 +--------- OVERLAP <----------+
"""

import math
from enum import Enum, IntEnum

from edge_agent.profile import EndpointingProfile
from edge_agent.reflexes.endpointing import REASONS, Endpointing, Evidence, Grammar
from edge_agent.reflexes.loudness import Loudness
from edge_agent.reflexes.melody import Melody
from edge_agent.units import HOP_SAMPLES, STEP_MS, STEP_SAMPLES, ms_to_samples, samples_to_ms

__all__ = ["NEVER", "REASON_TOO_LONG", "Change", "Floor", "Grammar", "Turn", "VoiceActivity"]


class Floor(Enum):
    """Who may speak."""

    QUIET = "quiet"  # nobody speaks
    LISTENING = "listening"  # the user speaks
    HOLD = "hold"  # the user pauses and goes on
    SHIFT = "shift"  # the user has ended, the agent has not begun
    SPEAKING = "speaking"  # the agent speaks
    OVERLAP = "overlap"  # both speak


class Change(IntEnum):
    """What one hop changed in the user's turn."""

    NONE = 0
    STARTED = 1
    PAUSED = 2
    RESUMED = 3
    ENDED = 4
    MAY_BE_ALL = 5  # an answer may begin, if it can be taken back; in every hop until it does


VOICE_ON_THRESHOLD = 0.6
VOICE_OFF_THRESHOLD = 0.35  # a lower one, so that weak syllables do not split a word
ONSET_MS = 80  # voiced time before a beginning is believed: two listener steps
PAUSE_MS = 200  # silence inside a turn that counts as a hold
LONGEST_TURN_MS = 20_000  # noise that never ends is closed by this
ANSWERED_MS = 650.0  # a turn that is being answered stays open for a talker who pauses so long, and goes on
GOING_ON_MS = 700  # voice this soon after the end of a turn means that it was none
LAG_MS = 400  # `p_voice` tells of what was loud at most so long ago
RESUMING_MS = 300  # for so long a sound with a pitch is a voice, before the network has said so
VOICE_PERIODICITY = 0.6

REASON_TOO_LONG = "too_long"
NEVER = -(1 << 40)  # a sample before all sound


class VoiceActivity:
    """Voice now? `p_voice` tells that a turn begins and that what is loud is a voice, the level when it is silent."""

    def __init__(self) -> None:
        self._onset_samples = ms_to_samples(ONSET_MS)
        self.p_voice = 0.0
        self.ended_sample = NEVER  # of the last turn
        self.reset()

    def reset(self) -> None:
        """Nothing of the next turn was voiced yet."""
        self.is_on = False
        self.onset_sample = NEVER
        self.last_voiced_sample = NEVER
        self.voiced_samples = 0
        self._candidate_samples = 0

    def listen(self, heard_until: int, p_voice: float, loudness: Loudness) -> None:
        """One listener step whose sound ends at `heard_until`."""
        self.p_voice = p_voice
        if self.is_on:
            return
        is_voiced = p_voice >= VOICE_ON_THRESHOLD and self._is_new(heard_until, loudness)
        self._candidate_samples = self._candidate_samples + STEP_SAMPLES if is_voiced else 0
        if self._candidate_samples >= self._onset_samples:
            self.is_on = True
            self.onset_sample = heard_until - self._candidate_samples
            self.last_voiced_sample = max(heard_until, loudness.last_loud_sample)
            self.voiced_samples = self._candidate_samples

    def _is_new(self, heard_until: int, loudness: Loudness) -> bool:
        """Whether there was something to hear since the last turn; `p_voice` stays high for a while after it."""
        if not loudness.hears(heard_until):
            return True
        since = max(self.ended_sample, heard_until - ms_to_samples(LAG_MS))
        return loudness.last_loud_sample > since

    def is_voiced(self, loudness: Loudness, periodicity: float) -> bool:
        """Whether the hop just heard is voice; without levels, what the network says."""
        if self.p_voice >= VOICE_OFF_THRESHOLD:
            return loudness.is_loud
        is_resuming = loudness.run_samples <= ms_to_samples(RESUMING_MS)
        return loudness.is_loud and is_resuming and periodicity >= VOICE_PERIODICITY

    def count(self, at_sample: int, num_samples: int) -> None:
        """The last `num_samples` before `at_sample` are voiced."""
        self.voiced_samples += min(num_samples, max(0, at_sample - self.last_voiced_sample))
        self.last_voiced_sample = max(at_sample, self.last_voiced_sample)


class Turn:
    """The floor, and the end of the user's turn from silence, sound and what the grammar says."""

    def __init__(self, settings: EndpointingProfile, *, delay_samples: int = 0) -> None:
        """`delay_samples`: how far the listener's answer is behind the sound (its look-ahead)."""
        self.voice = VoiceActivity()
        self.loudness = Loudness()
        self.melody = Melody()
        self.evidence = Evidence()
        self.endpointing = Endpointing(settings)
        self._answers_early = settings.answers_early
        self.floor = Floor.QUIET
        self.reason = ""
        self.silence_ms = 0.0
        self.wait_ms = math.inf  # silence that would end the turn now
        self.answer_ms = math.inf  # silence after which an answer may begin that can be taken back
        self.is_answered = False  # it has begun
        self.patience = 1.0  # times the wait; a benchmark that is to see every silence waits for ever
        self.last_voiced_sample = NEVER  # of this turn or, between turns, of the one before
        self._delay_samples = delay_samples
        self._longest_samples = ms_to_samples(LONGEST_TURN_MS)
        # the listener must have heard the end of the words before they can be taken for all there is
        self._least_wait_ms = samples_to_ms(delay_samples) + STEP_MS
        self._periodicity = 0.0
        self._has_begun = False

    @property
    def is_open(self) -> bool:
        """The user's turn has begun and not ended."""
        return self.voice.is_on

    @property
    def is_silent(self) -> bool:
        """The user, whose turn it is, is silent, and the listener has heard the end of what was said."""
        return self.voice.is_on and self.silence_ms > self._least_wait_ms - STEP_MS

    @property
    def p_voice(self) -> float:
        """Of the last listener step."""
        return self.voice.p_voice

    @property
    def voiced_ms(self) -> float:
        """Voiced time in this turn."""
        return samples_to_ms(self.voice.voiced_samples)

    def hear(self, at_sample: int, level_db: float, pitch_hz: float, periodicity: float) -> None:
        """How a hop sounded that ends at `at_sample`."""
        self._periodicity = periodicity
        self.loudness.step(at_sample, level_db)
        if self.voice.is_on:
            self.melody.step(at_sample, level_db, pitch_hz, is_loud=self.loudness.is_loud)

    def listen(self, at_sample: int, p_voice: float, p_eot: float = math.nan) -> None:
        """What the listener says after the step that ends at `at_sample`; p_eot: nan where it does not tell."""
        was_on = self.voice.is_on
        heard_until = at_sample - self._delay_samples
        self.voice.listen(heard_until, p_voice, self.loudness)
        self.evidence.p_eot = p_eot
        self._has_begun = self.voice.is_on and not was_on
        if was_on and not self.loudness.hears(at_sample) and p_voice >= VOICE_OFF_THRESHOLD:
            self.voice.count(heard_until, STEP_SAMPLES)

    def read(self, grammar: Grammar, confidence: float = 1.0, steady_ms: float = math.inf) -> None:
        """What the commands say about the words so far, how sure that is, and for how long it has been so."""
        self.evidence.grammar = grammar
        self.evidence.confidence = confidence
        self.evidence.steady_ms = steady_ms

    def follow(self, at_sample: int, *, agent_speaks: bool) -> Change:
        """What this hop, which ends at `at_sample`, changed."""
        change = Change.NONE
        if self.voice.is_on:
            before_ms = self.silence_ms
            self._measure_silence(at_sample)
            change = Change.STARTED if self._has_begun else self._follow(at_sample, before_ms)
        if self._has_begun:
            self._has_begun = False
            self._tell_pace_of_begin()
        self._set_floor(change, agent_speaks)
        return change

    def close(self) -> None:
        """The turn is over (it ended, or was found to be no turn at all); the next voice begins a new one."""
        self.voice.ended_sample = max(self.voice.ended_sample, self.loudness.heard_sample)
        self.voice.reset()
        self.is_answered = False

    def why(self) -> tuple[float | None, ...]:
        """Evidence of the last silence: wait_ms, p_end, p_eot, level_fall_db, pitch_fall_semitones, confidence, pace.

        None for what is not known.
        """
        evidence, pace = self.evidence, self.endpointing.pace.factor
        sound = (evidence.p_end, evidence.p_eot, evidence.level_fall_db, evidence.pitch_fall_semitones)
        values = (self.wait_ms, *sound, evidence.confidence, pace)
        return tuple(value if math.isfinite(value) else None for value in values)

    def _measure_silence(self, at_sample: int) -> None:
        hears = self.loudness.hears(at_sample)
        if hears and self.voice.is_voiced(self.loudness, self._periodicity):
            self.voice.count(at_sample, HOP_SAMPLES)
        self.last_voiced_sample = self.voice.last_voiced_sample
        self.silence_ms = samples_to_ms(max(0, at_sample - self.voice.last_voiced_sample))

    def _follow(self, at_sample: int, before_ms: float) -> Change:
        if at_sample - self.voice.onset_sample >= self._longest_samples:
            return self._end(at_sample, REASON_TOO_LONG)
        if self.silence_ms == 0.0 or self.silence_ms < before_ms:
            return self._resume(before_ms)
        self._weigh()
        if self.silence_ms >= self.wait_ms * self.patience:
            return self._end(at_sample, REASONS[self.evidence.grammar])
        if not self.is_answered and self.silence_ms >= self.answer_ms * self.patience:
            return Change.MAY_BE_ALL
        if self.silence_ms >= PAUSE_MS and self.floor is not Floor.HOLD:
            return Change.PAUSED
        return Change.NONE

    def _weigh(self) -> None:
        evidence = self.evidence
        evidence.level_fall_db = self.melody.level_fall_db(self.loudness.speech_db)
        evidence.pitch_fall_semitones = self.melody.pitch_fall_semitones
        self.wait_ms = max(self._least_wait_ms, self.endpointing.wait_ms(evidence))
        self.answer_ms = self.endpointing.answer_ms(evidence, self.wait_ms) if self._answers_early else math.inf
        if self.is_answered:
            self.wait_ms = max(self.wait_ms, ANSWERED_MS)

    def _resume(self, before_ms: float) -> Change:
        self.wait_ms = self.answer_ms = math.inf
        if self.is_answered:
            self.is_answered = False
            self.endpointing.pace.cut_off()
            return Change.RESUMED
        if self.floor is not Floor.HOLD:
            return Change.NONE
        self.endpointing.pace.held(before_ms)
        return Change.RESUMED

    def _end(self, at_sample: int, reason: str) -> Change:
        self.reason = reason
        self.voice.ended_sample = at_sample
        return Change.ENDED

    def _tell_pace_of_begin(self) -> None:
        """A turn that begins tells whether the one before was cut off."""
        if self.voice.ended_sample == NEVER:
            return
        pace = self.endpointing.pace
        if samples_to_ms(self.voice.onset_sample - self.voice.ended_sample) < GOING_ON_MS:
            pace.cut_off()
        else:
            pace.ended()

    def _set_floor(self, change: Change, agent_speaks: bool) -> None:
        is_voiced = self.voice.is_on and self.silence_ms < PAUSE_MS
        if change is Change.ENDED:
            self.floor = Floor.SHIFT
        elif agent_speaks:
            self.floor = Floor.OVERLAP if is_voiced and self.silence_ms < STEP_MS else Floor.SPEAKING
        elif is_voiced:
            self.floor = Floor.LISTENING
        elif self.voice.is_on:
            self.floor = Floor.HOLD
        elif self.floor is not Floor.SHIFT:
            self.floor = Floor.QUIET
