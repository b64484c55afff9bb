"""An answer that begins before the turn has ended: what was heard may be all, and more may follow.

Nothing is carried out with it. A talker who goes on costs the part of it that was heard: it is silent within the hop,
and what came before the pause and after it is one command. Only when the turn ends is the command carried out that
was answered.

Thread: hop only.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.events import GoesOn, Reply
from edge_agent.guard import Emit
from edge_agent.hearing.understanding import NOTHING_HEARD, grammar_of
from edge_agent.models.decoder import Hypothesis
from edge_agent.talking.talk import Talk
from edge_agent.turn import Grammar
from edge_agent.units import HOP_MS

NO_COMMANDS = ("Correct", "Yes", "No")  # "no, the kitchen" and "okay", by themselves: they are about what was answered


@dataclass(frozen=True)
class Settled:
    """What a turn amounts to: `heard`, and before it, where two were said in one breath, the command `first`."""

    heard: Hypothesis
    first: Hypothesis | None = None


class EarlyAnswer:
    """The one of the present turn."""

    def __init__(self, talk: Talk, emit: Emit) -> None:
        self._talk = talk
        self._emit = emit
        self.reset()

    def reset(self) -> None:
        """Nothing was answered yet."""
        self._heard = NOTHING_HEARD
        self.stands = False  # it was said, and the talker has not gone on

    @property
    def was_begun(self) -> bool:
        """In this turn; whoever was answered has said something."""
        return self._heard is not NOTHING_HEARD

    def begin(self, at_sample: int, heard: Hypothesis, text: str, last_voiced_sample: int) -> bool:
        """Say this to what was heard; False when there is nothing to say, or something else is being said."""
        if not text or not self._talk.is_idle:
            return False
        self._heard, self.stands = heard, True
        self._talk.answers(last_voiced_sample)
        self._emit(Reply(at_sample, text))
        self._talk.say(text)
        return True

    def take_back(self, at_sample: int) -> None:
        """The talker goes on: be silent within this hop."""
        self.stands = False
        self._emit(GoesOn(at_sample, self._talk.heard_ms, self._talk.heard_text))
        self._talk.stop(fade_ms=HOP_MS)

    def settle(self, heard: Hypothesis, rest: Callable[[], Hypothesis]) -> Settled:
        """The turn has ended with these words; `rest`: tells what was said since the answer, heard by itself.

        What was answered stands. After going on it is what the words say with those before; but who says a command by
        itself says two.
        """
        if self.stands:
            return Settled(self._heard)
        if not self.was_begun or self._is_continued_by(heard):
            return Settled(heard)
        said_since = rest()
        is_command = grammar_of(said_since) >= Grammar.COULD_GO_ON and said_since.intent not in NO_COMMANDS
        return Settled(said_since, self._heard) if is_command else Settled(heard)

    def _is_continued_by(self, heard: Hypothesis) -> bool:
        """What was heard is a command that begins with what was answered, and adds something to it."""
        first = self._heard
        is_of_one_piece = heard.first_frame <= max(first.first_frame, first.last_phone_frame)
        is_command = grammar_of(heard) >= Grammar.COULD_GO_ON and heard.instead is None
        return is_command and is_of_one_piece and heard.words != first.words
