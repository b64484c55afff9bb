"""The path of one block of sound, top to bottom.

Thread: hop only. After warm-up the quiet path allocates nothing that lasts, and nothing here logs, waits or raises: a
part that fails costs itself a step (`guard.py`), and the agent goes on hearing.
"""

import math
from dataclasses import dataclass
from time import perf_counter_ns

import numpy as np

from edge_agent.audio.base import Duplex
from edge_agent.conversation import Conversation
from edge_agent.dsp.echo import EchoCanceller
from edge_agent.dsp.features import LogMel
from edge_agent.dsp.near_talk import NearTalker
from edge_agent.dsp.prosody import Prosody
from edge_agent.events import EndOfTurn, SpeechStarted
from edge_agent.guard import Emit, Part, do_nothing
from edge_agent.health import Health
from edge_agent.hearing.attention import Attention
from edge_agent.hearing.pre_roll import blank_posteriors
from edge_agent.hearing.understanding import NOTHING_HEARD, Understanding
from edge_agent.meters import Meters
from edge_agent.models.listener import Listener
from edge_agent.muting import Muting
from edge_agent.offload.asking import GIVING_LEAVE
from edge_agent.talking.early import Settled
from edge_agent.talking.reacting import Reactions
from edge_agent.talking.talk import Talk
from edge_agent.talking.yielding import Yielding
from edge_agent.turn import NEVER, Change, Turn
from edge_agent.units import HOP_SAMPLES, NUM_MELS, STRIDE_HOPS, ms_to_samples, samples_to_ms
from edge_agent.voice.mixer import Mixer

ECHO_TAIL_MS = 250  # of the room, after the loudspeaker has stopped
WAKE_PRE_ROLL_STEPS = 3  # a command may follow its wake phrase without a pause
NOISE_VOICED_MS = 250  # shorter than any word that is no command


@dataclass
class Parts:
    """What a hop works with; `agent.py` puts it together."""

    duplex: Duplex
    echo: EchoCanceller | None  # None: nothing of the loudspeaker reaches the microphone, or nobody cancels it
    features: LogMel
    near: NearTalker
    prosody: Prosody
    listener: Listener
    attention: Attention
    understanding: Understanding
    turn: Turn
    reactions: Reactions
    yielding: Yielding
    muting: Muting
    conversation: Conversation
    talk: Talk
    mixer: Mixer
    health: Health
    meters: Meters


class Hop:
    """10 ms after 10 ms."""

    def __init__(self, parts: Parts, emit: Emit, *, hears_over_itself: bool) -> None:
        """`hears_over_itself`: False makes the agent deaf while it speaks, unless its canceller knows the echo."""
        self.parts = parts
        self.at_sample = 0
        self._emit = emit
        self._hears_over_itself = hears_over_itself
        self._deaf_until = -1
        self._last_voiced_sample, self._may_be_own = NEVER, False
        self._mic = np.zeros(HOP_SAMPLES, np.float32)
        self._played = np.zeros(HOP_SAMPLES, np.float32)
        self._heard = np.zeros(HOP_SAMPLES, np.float32)  # the microphone without the agent's own sound
        self._out = np.zeros(HOP_SAMPLES, np.float32)
        self._log_mel = np.zeros((STRIDE_HOPS, NUM_MELS), np.float32)
        self._phase = 0
        self._nothing = blank_posteriors()
        self._said = Settled(NOTHING_HEARD)  # in the turn that ended last
        self._follows_wake = False  # the turn that begins may be the end of a wake phrase
        self._fence()

    def _fence(self) -> None:
        parts, emit = self.parts, self._emit
        self._cancelling = Part("echo", emit, parts.echo.reset if parts.echo else do_nothing)
        self._computing = Part("features", emit)
        self._sounding = Part("prosody", emit, parts.prosody.reset)
        self._finding = Part("near talker", emit, parts.near.reset)
        self._listening = Part("listener", emit, parts.listener.reset)
        self._waking = Part("wake", emit, parts.attention.reset)
        self._decoding = Part("decoder", emit, parts.understanding.restart)
        self._reacting = Part("reflexes", emit, parts.reactions.reset)
        self._yielding = Part("barge-in", emit, parts.yielding.reset)
        self._talking = Part("conversation", emit)
        self._mixing = Part("mixer", emit)

    def tick(self) -> bool:
        """One hop from microphone to loudspeaker; False when the sound has ended."""
        if not self.parts.duplex.read_hop(self._mic, self._played):
            return False
        began_ns = perf_counter_ns()
        at = self.at_sample = self.at_sample + HOP_SAMPLES
        if self.parts.muting.step(at, self._mic):
            self._forget_turn()
        self._cancel(at)
        self.parts.conversation.hear(self._heard)
        self._computing.run(at, self.parts.features.step, self._heard, self._log_mel[self._phase])
        self._finding.run(at, self._find_near, at)
        is_deaf = self.parts.muting.is_muted or self._is_deaf(at)
        if self._sounding.run(at, self.parts.prosody.step, self._heard) and not is_deaf:
            self._hear(at)
        self._phase += 1
        if self._phase == STRIDE_HOPS:
            self._phase = 0
            self._step(at, is_deaf)
        elif self.parts.understanding.is_behind:
            self._decoding.run(at, self.parts.understanding.catch_up)
        if self.parts.turn.is_open or self.parts.attention.is_awake(at):
            self._take_turn(at)
        self.parts.talk.user_speaks = self.parts.turn.is_open
        self._talking.run(at, self.parts.conversation.step, at)
        self._yielding.run(at, self.parts.yielding.step, at, self.parts.near)
        if not self._mixing.run(at, self.parts.mixer.render, self._out):
            self._out.fill(0.0)
        self.parts.duplex.write_hop(self._out)
        self.parts.meters.end_hop(began_ns)
        return True

    def _cancel(self, at: int) -> None:
        echo = self.parts.echo
        if echo is None or not self._cancelling.run(at, echo.step, self._mic, self._played, self._heard):
            np.copyto(self._heard, self._mic)

    def _hear(self, at: int) -> None:
        prosody = self.parts.prosody
        self.parts.turn.hear(at, prosody.level_db, prosody.pitch_hz, prosody.periodicity)

    def _step(self, at: int, is_deaf: bool) -> None:
        """Every 40 ms: what was said."""
        parts, understanding = self.parts, self.parts.understanding
        p_voice, p_eot, log_posteriors = 0.0, math.nan, self._nothing
        if self._listening.run(at, parts.listener.step, self._log_mel) and not is_deaf:
            p_voice, p_eot, log_posteriors = parts.listener.p_voice, parts.listener.p_eot, parts.listener.log_posteriors
        # a deaf agent too hears the phrase, for nothing else can interrupt it
        spoken = parts.listener.log_posteriors
        if self._waking.run(at, parts.attention.step, at, spoken) and parts.attention.has_woken:
            self._wake(at)
        parts.yielding.hear_step(p_voice, log_posteriors, understanding.grammar, understanding.hypothesis.intent)
        parts.understanding.remember(log_posteriors)
        if parts.turn.is_open:
            self._decoding.run(at, parts.understanding.step, at, log_posteriors, parts.turn.is_silent)
        if parts.turn.is_open or parts.attention.is_awake(at):
            parts.turn.listen(at, p_voice, p_eot)
            parts.turn.read(understanding.grammar, understanding.hypothesis.confidence, understanding.steady_ms)
        parts.health.step(at)

    def _take_turn(self, at: int) -> None:
        """Every hop: whose turn it is, what to do about it."""
        parts = self.parts
        change = parts.turn.follow(at, agent_speaks=parts.talk.holds_floor)
        self._note_whose_voice()
        if change is Change.STARTED:
            self._emit(SpeechStarted(at, parts.turn.p_voice))
            self._decoding.run(at, parts.understanding.begin)
            parts.conversation.early.reset()
        elif change is Change.MAY_BE_ALL:
            self._talking.run(at, self._answer_early, at)
        elif change is Change.RESUMED and parts.conversation.early.stands:
            self._talking.run(at, parts.conversation.early.take_back, at)
            self._decoding.run(at, parts.understanding.go_on)
        self._reacting.run(at, parts.reactions.step, at, parts.turn, parts.understanding)
        if parts.turn.is_open and self._phase == 0 and not self._may_be_own:
            self._talking.run(at, parts.conversation.follow, at, parts.turn, parts.understanding)
        if change is Change.ENDED and not parts.understanding.is_behind:  # else it ends a few hops later
            self._end_turn(at)
        if parts.turn.is_open or not parts.talk.is_idle:
            parts.attention.stay_awake(at)

    def _answer_early(self, at: int) -> None:
        """All may have been said: begin an answer, which is taken back if the user goes on."""
        parts, turn = self.parts, self.parts.turn
        if turn.voiced_ms >= NOISE_VOICED_MS and self._can_hear_over_itself:
            heard = parts.understanding.hypothesis
            if parts.conversation.begin_answer(at, heard, turn.last_voiced_sample):
                turn.is_answered = True

    def _settle(self, at: int) -> None:
        """What the turn that ends amounts to."""
        understanding = self.parts.understanding
        self._said = self.parts.conversation.early.settle(understanding.end(at), understanding.rest)

    def _end_turn(self, at: int) -> None:
        parts, turn = self.parts, self.parts.turn
        early = parts.conversation.early
        self._said = Settled(NOTHING_HEARD)
        self._talking.run(at, self._settle, at)
        said, heard = self._said, self._said.heard
        is_noise = turn.voiced_ms < NOISE_VOICED_MS and (self._follows_wake or not heard.words)
        is_noise = (parts.yielding.end_turn(heard.intent) or is_noise) and not early.was_begun
        is_noise = is_noise or (self._may_be_own and heard.intent in GIVING_LEAVE)
        self._follows_wake = False
        reason = "noise" if is_noise else turn.reason
        why = turn.why()
        self._emit(EndOfTurn(at, reason, turn.silence_ms, turn.last_voiced_sample, " ".join(heard.words), *why))
        voiced_ms = turn.voiced_ms
        turn_ms = samples_to_ms(at - turn.voice.onset_sample)
        turn.close()
        if is_noise:
            return
        parts.meters.counters["turns"].count += 1
        if not early.stands:
            parts.talk.answers(turn.last_voiced_sample)
        if self._decoding.is_degraded:
            parts.conversation.apologise(at)
        else:
            self._talking.run(at, parts.conversation.answer, at, said, turn_ms, voiced_ms)
        early.reset()

    def _find_near(self, at: int) -> None:
        near, echo = self.parts.near, self.parts.echo
        near.step(self._log_mel[self._phase], self._mic, self._heard, echo.near_db if echo else None)
        if at < self._deaf_until and not self._knows_echo:
            near.forget()

    def _wake(self, at: int) -> None:
        """What was said before the wake phrase is no part of the command."""
        parts = self.parts
        parts.turn.close()
        parts.yielding.drop(at)
        self._follows_wake = True  # the end of the phrase may look like a very short turn
        parts.understanding.reset()
        parts.understanding.forget_before(WAKE_PRE_ROLL_STEPS)
        parts.reactions.greet(at)

    def _forget_turn(self) -> None:
        """The microphone was switched off or on: what was said before is not to be acted on."""
        self._follows_wake = False
        self.parts.turn.close()
        self.parts.understanding.reset()
        self.parts.attention.reset()

    def _is_deaf(self, at: int) -> bool:
        """While the agent's own sound is in the room it believes only in a talker who can be told from its echo."""
        if self._hears_over_itself:
            return False
        if self.parts.talk.is_sounding:
            self._deaf_until = at + ms_to_samples(ECHO_TAIL_MS)
        return at < self._deaf_until and not (self._knows_echo and self.parts.near.was_heard)

    def _note_whose_voice(self) -> None:
        """May what is voiced be the agent's own sound, which is still in the room? Not what it says afterwards."""
        if self.parts.turn.last_voiced_sample != self._last_voiced_sample:
            self._last_voiced_sample = self.parts.turn.last_voiced_sample
            self._may_be_own = self._last_voiced_sample < self._deaf_until

    @property
    def _can_hear_over_itself(self) -> bool:
        return self._hears_over_itself or self._knows_echo

    @property
    def _knows_echo(self) -> bool:
        echo = self.parts.echo
        return echo is not None and echo.is_converged and not self._cancelling.is_degraded
