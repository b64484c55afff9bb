"""What the user is saying: the decoder behind a turn, and the words it shows as they come.

Between turns the decoder rests and costs nothing; the last steps before a turn are kept and given to it when the turn
begins, so that the first phones are not lost to the time it takes to believe in a voice.

Thread: hop only.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.events import Committed, Partial, Revised
from edge_agent.guard import Emit
from edge_agent.models.decoder import Hypothesis
from edge_agent.models.numbers import number_words
from edge_agent.models.phones import BLANK, TOKENS
from edge_agent.turn import Grammar
from edge_agent.units import STEP_MS

Posteriors = NDArray[np.float32]
Words = tuple[str, ...]

FRAMES_PER_STEP = 2
PRE_ROLL_STEPS = 10  # 400 ms: the onset, the listener's look-ahead, and a first plosive
MOST_FRAMES_A_STEP = 6  # of the pre-roll, so that the hop in which a turn begins costs no more than others
COMMAND_CONFIDENCE = 0.5
REST_STEPS = 100  # what was said since a command that was answered, and the silence after it
MOST_REST_STEPS = 50  # 2 s are heard once more, in one hop
REST_LEAD_STEPS = 4  # its onset, and the listener's look-ahead
NUMBER_WORDS = frozenset(" ".join(number_words(number) for number in (*range(21), *range(30, 101, 10))).split())


class IncrementalDecoder(Protocol):
    """What is asked of a decoder (`models/decoder.py`)."""

    def reset(self, at_frame: int) -> None: ...

    def step(self, log_posteriors: Posteriors) -> None: ...

    def hypothesis(self) -> Hypothesis: ...

    def final_hypothesis(self) -> Hypothesis: ...


NOTHING_HEARD = Hypothesis()


class PreRoll:
    """The last steps of log posteriors, oldest first, in one array."""

    def __init__(self, most_steps: int = PRE_ROLL_STEPS) -> None:
        self._steps = np.zeros((most_steps * FRAMES_PER_STEP, len(TOKENS)), np.float32)
        self._most_steps = most_steps
        self.num_steps = 0

    def push(self, log_posteriors: Posteriors) -> None:
        """Keep one step, float32 [2, 40]. Never allocates."""
        self._steps[:-FRAMES_PER_STEP] = self._steps[FRAMES_PER_STEP:]
        self._steps[-FRAMES_PER_STEP:] = log_posteriors
        self.num_steps = min(self.num_steps + 1, self._most_steps)

    def shorten(self, num_steps: int) -> None:
        """Forget all but the last `num_steps`."""
        self.num_steps = min(self.num_steps, num_steps)

    def view(self) -> Posteriors:
        """What is kept, float32 [2 * num_steps, 40]."""
        return self._steps[(self._most_steps - self.num_steps) * FRAMES_PER_STEP :]


class Understanding:
    """Feeds the decoder during a turn and says what changed."""

    def __init__(self, decoder: IncrementalDecoder, emit: Emit) -> None:
        self._decoder = decoder
        self._emit = emit
        self._pre_roll = PreRoll()
        self._rest = PreRoll(REST_STEPS)
        self._keeps_rest = False
        self._frame = 0
        self._behind = 0  # frames of the turn that are remembered and not decoded yet
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
        self._frame += FRAMES_PER_STEP
        self._pre_roll.push(log_posteriors)
        if self._keeps_rest:
            self._rest.push(log_posteriors)

    def forget_before(self, num_steps: int) -> None:
        """What was said earlier than that many steps ago belongs to no turn (a wake phrase)."""
        self._pre_roll.shorten(num_steps)

    def begin(self, at_sample: int) -> None:
        """A turn has begun: decode from the pre-roll on."""
        self.reset()
        self._behind = len(self._pre_roll.view())
        self._decoder.reset(self._frame - self._behind)
        self._catch_up(MOST_FRAMES_A_STEP)
        self._look(at_sample, is_silent=False)

    def step(self, at_sample: int, log_posteriors: Posteriors, is_silent: bool) -> None:
        """One step of a turn, float32 [2, 40], which was remembered before; `is_silent`: the user pauses."""
        if self._behind:
            self._behind += len(log_posteriors)
            self._catch_up(MOST_FRAMES_A_STEP)
        else:
            self._decoder.step(log_posteriors)
        self._look(at_sample, is_silent)

    def _catch_up(self, most_frames: int) -> None:
        """Decode the oldest frames of those that wait; they are the last ones of the pre-roll."""
        kept = self._pre_roll.view()
        now = kept[len(kept) - self._behind :][:most_frames]
        if len(now):
            self._decoder.step(now)
        self._behind -= len(now)

    @property
    def ends_in_number(self) -> bool:
        """The last word is part of a number, so that more of it may follow."""
        words = self.hypothesis.words
        return bool(words) and words[-1] in NUMBER_WORDS

    def go_on(self) -> None:
        """The talker goes on after a command: what follows may be one by itself."""
        self._keeps_rest = True
        self._rest.shorten(0)
        lead = self._pre_roll.view()[-REST_LEAD_STEPS * FRAMES_PER_STEP :]
        for frame in range(0, len(lead), FRAMES_PER_STEP):
            self._rest.push(lead[frame : frame + FRAMES_PER_STEP])

    def rest(self) -> Hypothesis:
        """After the end of a turn: the beginning of what was said since `go_on`, heard by itself."""
        if self._rest.num_steps >= REST_STEPS:
            return NOTHING_HEARD
        since = self._rest.view()
        self._decoder.reset(self._frame - len(since))
        self._decoder.step(since[: MOST_REST_STEPS * FRAMES_PER_STEP])
        return self._best(is_silent=True)

    def restart(self) -> None:
        """After a fault of the decoder: go on from here, without what was said before."""
        self.reset()
        self._decoder.reset(self._frame)

    def reset(self) -> None:
        """Nothing was heard yet."""
        self.hypothesis = NOTHING_HEARD
        self.steady_ms = 0.0
        self._keeps_rest = False
        self._behind = 0
        self._shown = ()
        self._committed = ()

    def end(self, at_sample: int) -> Hypothesis:
        """The turn is over: what was heard stands, and the decoder rests."""
        self._catch_up(self._behind)
        heard = self._best(is_silent=True)
        if grammar_of(heard) >= Grammar.COULD_GO_ON and heard.words != self._committed:
            self._show_committed(at_sample, heard.words)
        self.reset()
        self._pre_roll.shorten(0)
        return heard

    def _best(self, is_silent: bool) -> Hypothesis:
        """The best path; in a silence a whole sentence that is good enough goes before a better beginning of one."""
        best = self._decoder.hypothesis()
        if is_silent and not best.is_complete:
            whole = self._decoder.final_hypothesis()
            if grammar_of(whole) >= Grammar.COULD_GO_ON:
                return whole
        return best

    def _look(self, at_sample: int, is_silent: bool) -> None:
        """Emit at most one event: what changed against what was shown."""
        best = self._best(is_silent)
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


def blank_posteriors() -> Posteriors:
    """Log posteriors of a step in which nothing is heard, float32 [2, 40]."""
    silence = np.full((FRAMES_PER_STEP, len(TOKENS)), -20.0, np.float32)
    silence[:, BLANK] = 0.0
    return silence
