"""What the user is saying: the decoder behind a turn, and the words it shows as they come.

Between turns the decoder rests and costs nothing; the last steps before a turn (`pre_roll.py`) are given to it when the
turn begins, so that the first phones are not lost to the time it takes to believe in a voice. What follows a command
that was answered already is heard twice: with it, and by a second decoder as if it had been said alone.

Thread: hop only.
"""

from edge_agent.events import Committed, Partial, Revised
from edge_agent.guard import Emit
from edge_agent.hearing.pre_roll import PRE_ROLL_STEPS, IncrementalDecoder, LateDecoder, Posteriors, PreRoll
from edge_agent.models.decoder import Hypothesis
from edge_agent.models.numbers import number_words
from edge_agent.turn import Grammar
from edge_agent.units import STEP_MS

Words = tuple[str, ...]

COMMAND_CONFIDENCE = 0.5
REST_STEPS = 100  # what was said since a command that was answered, and the silence after it
REST_LEAD_STEPS = 4  # its onset, and the listener's look-ahead
NUMBER_WORDS = frozenset(" ".join(number_words(number) for number in (*range(21), *range(30, 101, 10))).split())
NOTHING_HEARD = Hypothesis()


class Understanding:
    """Feeds the decoder during a turn and says what changed."""

    def __init__(self, decoder: IncrementalDecoder, rest_decoder: IncrementalDecoder, emit: Emit) -> None:
        """`rest_decoder`: another one of the same commands; hears what follows a command by itself."""
        self._pre_roll = PreRoll()
        self._all = LateDecoder(decoder, self._pre_roll)
        self._rest = LateDecoder(rest_decoder, self._pre_roll)
        self._num_rest_steps = 0  # since the talker went on; 0: they did not
        self._emit = emit
        self._shown: Words = ()
        self._committed: Words = ()
        self.hypothesis = NOTHING_HEARD
        self.steady_ms = 0.0  # since the words last changed

    @property
    def grammar(self) -> Grammar:
        """What the commands say about the words so far."""
        return grammar_of(self.hypothesis)

    def remember(self, log_posteriors: Posteriors) -> None:
        """One step, float32 [2, 40], in a turn or outside."""
        self._pre_roll.push(log_posteriors)

    def forget_before(self, num_steps: int) -> None:
        """What was said earlier than that many steps ago belongs to no turn (a wake phrase)."""
        self._pre_roll.shorten(num_steps)

    def begin(self) -> None:
        """A turn has begun: decode from the pre-roll on."""
        self.reset()
        self._all.begin(PRE_ROLL_STEPS)

    @property
    def is_behind(self) -> bool:
        """Some of what was said is remembered and not decoded yet."""
        return self._all.is_behind or self._rest.is_behind

    def catch_up(self) -> None:
        """Once per hop in which no step comes."""
        self._all.catch_up()
        self._rest.catch_up()

    def step(self, at_sample: int, log_posteriors: Posteriors, is_silent: bool) -> None:
        """One step of a turn, float32 [2, 40], which was remembered before; `is_silent`: the user pauses."""
        self._all.step(log_posteriors)
        if 0 < self._num_rest_steps < REST_STEPS:
            self._num_rest_steps += 1
            self._rest.step(log_posteriors)
        self._look(at_sample, is_silent)

    @property
    def ends_in_number(self) -> bool:
        """The last word is part of a number, so that more of it may follow."""
        words = self.hypothesis.words
        return bool(words) and words[-1] in NUMBER_WORDS

    def go_on(self) -> None:
        """The talker goes on after a command: what follows may be one by itself."""
        self._num_rest_steps = REST_LEAD_STEPS
        self._rest.begin(REST_LEAD_STEPS)

    def rest(self) -> Hypothesis:
        """What was said since `go_on`, heard by itself; also after the end of the turn. Long speech is none of it."""
        if 0 < self._num_rest_steps < REST_STEPS:
            return _best(self._rest.decoder, is_silent=True)
        return NOTHING_HEARD

    def restart(self) -> None:
        """After a fault of the decoder: go on from here, without what was said before."""
        self.reset()
        self._all.begin(0)

    def reset(self) -> None:
        """Nothing was heard yet."""
        self._forget_words()
        self._num_rest_steps = 0
        self._all.stop()
        self._rest.stop()

    def end(self, at_sample: int) -> Hypothesis:
        """The turn is over: what was heard stands, and the decoder rests."""
        heard = _best(self._all.decoder, is_silent=True)
        if grammar_of(heard) >= Grammar.COULD_GO_ON and heard.words != self._committed:
            self._show_committed(at_sample, heard.words)
        self._forget_words()
        self._pre_roll.shorten(0)
        return heard

    def _forget_words(self) -> None:
        self.hypothesis = NOTHING_HEARD
        self.steady_ms = 0.0
        self._shown = ()
        self._committed = ()

    def _look(self, at_sample: int, is_silent: bool) -> None:
        """Emit at most one event: what changed against what was shown."""
        best = _best(self._all.decoder, is_silent)
        self.steady_ms = self.steady_ms + STEP_MS if best.words == self.hypothesis.words else 0.0
        self.hypothesis = best
        if best.confidence < COMMAND_CONFIDENCE or not best.words:
            return
        committed = best.words[: best.num_committed_words]
        was = self._committed
        if len(committed) > len(was) or (committed and best.words[: len(was)] != was):
            self._show_committed(at_sample, committed)
        elif (shown := self._worth_showing(best)) != self._shown:
            self._emit(Partial(at_sample, " ".join(shown)))
            self._shown = shown

    def _worth_showing(self, best: Hypothesis) -> Words:
        """What is steady, and what was shown before and still holds; better late than taken back."""
        num_held = 0
        while num_held < len(self._shown) and self._shown[: num_held + 1] == best.words[: num_held + 1]:
            num_held += 1
        return best.words[: max(num_held, len(best.words) - best.num_unsteady_words)] or self._shown

    def _show_committed(self, at_sample: int, words: Words) -> None:
        was = self._committed
        if words[: len(was)] != was:
            self._emit(Revised(at_sample, " ".join(words), " ".join(was)))
        else:
            self._emit(Committed(at_sample, " ".join(words)))
        self._committed = words
        if self._shown[: len(words)] != words:
            self._shown = words


def grammar_of(best: Hypothesis) -> Grammar:
    """What the commands say about these words."""
    if best.confidence < COMMAND_CONFIDENCE or not best.words:
        return Grammar.NO_MATCH
    if not best.is_complete or best.intent is None:
        return Grammar.INCOMPLETE
    return Grammar.COULD_GO_ON if best.can_continue else Grammar.COMPLETE


def _best(decoder: IncrementalDecoder, is_silent: bool) -> Hypothesis:
    """The best path; in a silence a whole sentence that is good enough goes before a better beginning of one."""
    best = decoder.hypothesis()
    if is_silent and not best.is_complete:
        whole = decoder.final_hypothesis()
        if grammar_of(whole) >= Grammar.COULD_GO_ON:
            return whole
    return best
