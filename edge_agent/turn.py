"""Who has the floor, and when the user's turn ends: pure, in samples of the capture clock.

Thread: hop only. `Turn.step` takes one listener step (40 ms) and keeps numbers; it builds no objects.

    QUIET -> LISTENING <-> HOLD -> SHIFT -> SPEAKING -> QUIET
                 ^                             |
                 +--------- OVERLAP <----------+
"""

from enum import Enum, IntEnum

from edge_agent.profile import EndpointingProfile
from edge_agent.units import STEP_SAMPLES, ms_to_samples, samples_to_ms


class Floor(Enum):
    """Who may speak."""

    QUIET = "quiet"  # nobody speaks
    LISTENING = "listening"  # the user speaks
    HOLD = "hold"  # the user pauses and goes on
    SHIFT = "shift"  # the user has ended, the agent has not begun
    SPEAKING = "speaking"  # the agent speaks
    OVERLAP = "overlap"  # both speak


class Grammar(IntEnum):
    """What the commands say about the words heard so far."""

    NO_MATCH = 0  # these words are no command
    INCOMPLETE = 1  # more must follow
    COULD_GO_ON = 2  # a command, and more may follow
    COMPLETE = 3  # a command, and nothing can follow


class Change(IntEnum):
    """What one step changed in the user's turn."""

    NONE = 0
    STARTED = 1
    PAUSED = 2
    RESUMED = 3
    ENDED = 4


VOICE_ON_THRESHOLD = 0.6
VOICE_OFF_THRESHOLD = 0.35  # a lower one, so that weak syllables do not split a word
ONSET_MS = 80  # voiced time before a beginning is believed: two listener steps
PAUSE_MS = 200  # silence inside a turn that counts as a hold
LONGEST_TURN_MS = 20_000  # noise that never ends is closed by this

REASONS = ("no_intent", "incomplete", "could_go_on", "complete")  # by Grammar
REASON_TOO_LONG = "too_long"
NEVER = -(1 << 40)  # a sample before all sound


class VoiceActivity:
    """Voice now? Hysteresis on `p_voice`: a level to begin, a lower one to go on, a time to believe it."""

    def __init__(self) -> None:
        self._onset_samples = ms_to_samples(ONSET_MS)
        self.reset()

    def reset(self) -> None:
        """Nothing was voiced yet."""
        self.is_on = False
        self.onset_sample = NEVER
        self.last_voiced_sample = NEVER
        self.voiced_samples = 0
        self._candidate_samples = 0

    def step(self, at_sample: int, p_voice: float) -> bool:
        """One step that ends at `at_sample`; whether it is voiced."""
        if not self.is_on:
            self._look_for_onset(at_sample, p_voice)
            return self.is_on
        is_voiced = p_voice >= VOICE_OFF_THRESHOLD
        if is_voiced:
            self.last_voiced_sample = at_sample
            self.voiced_samples += STEP_SAMPLES
        return is_voiced

    def _look_for_onset(self, at_sample: int, p_voice: float) -> None:
        if p_voice < VOICE_ON_THRESHOLD:
            self._candidate_samples = 0
            return
        self._candidate_samples += STEP_SAMPLES
        if self._candidate_samples >= self._onset_samples:
            self.is_on = True
            self.onset_sample = at_sample - self._candidate_samples
            self.last_voiced_sample = at_sample
            self.voiced_samples = self._candidate_samples


class Turn:
    """The floor, and the end of the user's turn from silence and what the grammar says."""

    def __init__(self, settings: EndpointingProfile, *, delay_samples: int = 0) -> None:
        """`delay_samples`: how far the listener's answer is behind the sound (its look-ahead)."""
        self.voice = VoiceActivity()
        self.floor = Floor.QUIET
        self.reason = ""
        self.silence_ms = 0.0
        self.p_voice = 0.0
        self.last_voiced_sample = NEVER  # of this turn or, between turns, of the one before
        self._delay_samples = delay_samples
        self._waits_ms = (settings.no_intent_ms, settings.incomplete_ms, settings.could_go_on_ms, settings.complete_ms)
        self._longest_samples = ms_to_samples(LONGEST_TURN_MS)

    @property
    def is_open(self) -> bool:
        """The user's turn has begun and not ended."""
        return self.voice.is_on

    @property
    def is_silent(self) -> bool:
        """The user, whose turn it is, said nothing in the last step."""
        return self.voice.is_on and self.silence_ms > samples_to_ms(self._delay_samples)

    @property
    def voiced_ms(self) -> float:
        """Voiced time in this turn."""
        return samples_to_ms(self.voice.voiced_samples)

    def step(self, at_sample: int, p_voice: float, grammar: Grammar, *, agent_speaks: bool) -> Change:
        """One listener step that ends at `at_sample` of the capture clock."""
        self.p_voice = p_voice
        was_open = self.voice.is_on
        heard_until = at_sample - self._delay_samples
        is_voiced = self.voice.step(heard_until, p_voice)
        change = Change.NONE
        if self.voice.is_on:
            self.last_voiced_sample = self.voice.last_voiced_sample
            self.silence_ms = samples_to_ms(at_sample - self.voice.last_voiced_sample)
            change = self._follow(heard_until, grammar, is_voiced) if was_open else Change.STARTED
        self._set_floor(change, is_voiced, agent_speaks)
        return change

    def _follow(self, at_sample: int, grammar: Grammar, is_voiced: bool) -> Change:
        if at_sample - self.voice.onset_sample >= self._longest_samples:
            self.reason = REASON_TOO_LONG
            return Change.ENDED
        if is_voiced:
            return Change.RESUMED if self.floor is Floor.HOLD else Change.NONE
        if self.silence_ms >= self._waits_ms[grammar]:
            self.reason = REASONS[grammar]
            return Change.ENDED
        if self.silence_ms >= PAUSE_MS and self.floor is not Floor.HOLD:
            return Change.PAUSED
        return Change.NONE

    def _set_floor(self, change: Change, is_voiced: bool, agent_speaks: bool) -> None:
        if change is Change.ENDED:
            self.floor = Floor.SHIFT
        elif agent_speaks:
            self.floor = Floor.OVERLAP if is_voiced else Floor.SPEAKING
        elif is_voiced:
            self.floor = Floor.LISTENING
        elif self.voice.is_on:
            if change is Change.PAUSED:
                self.floor = Floor.HOLD
        elif self.floor is not Floor.SHIFT:
            self.floor = Floor.QUIET

    def close(self) -> None:
        """The turn is over (it ended, or was found to be no turn at all); the next voice begins a new one."""
        self.voice.reset()

    def wait_ms(self, grammar: Grammar) -> float:
        """Silence that ends a turn after which the grammar says this."""
        return self._waits_ms[grammar]
