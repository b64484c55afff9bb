"""The talk with one session: the user's speech to it, its answer back, turn by turn.

Speech is kept until it is answered, so that it can be said again to the next session; an answer of which half was
heard is not begun again.

Thread: one asyncio loop; the caller (`session.py`) sees to it that one method at a time runs.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.link.answer import Answer
from edge_agent.link.calling import Calling
from edge_agent.link.cloud.base import (
    AudioDelta,
    CloudEvent,
    CloudSession,
    Role,
    Said,
    ToolCall,
    Transcript,
    TurnDone,
)
from edge_agent.link.desk import Desk
from edge_agent.link.jitter import DelaySpread
from edge_agent.link.line import Line
from edge_agent.link.memory import Memory
from edge_agent.link.moderation import Flags, Opinions
from edge_agent.link.outbox import Outbox
from edge_agent.link.pace import SpeechPace
from edge_agent.link.receipts import Receipt
from edge_agent.link.safety import AnswerGuard, Rule, Rules, WithoutWords
from edge_agent.link.showing import Showing
from edge_agent.link.speech import Speech
from edge_agent.link.words import Words
from edge_agent.parcels import Abandoned, Began, Cancelled, Ended, Lost, Over, Parcel, Result, Sound

ANSWER_WITHIN_S = 4.0  # of the end of a turn, or of the last sound of its answer; then the session is taken for dead
MOST_REPEATS = 2
MAX_SHOWN_LETTERS = 2_000
ROLES: tuple[Role, ...] = ("user", "agent")

NO_ANSWER = "The cloud had no answer."
REFUSED = "The cloud does not want to answer that."
BROKEN = "Sorry, the cloud stopped in the middle."
BEGINNING_LOST = "Sorry, I lost the beginning of that. Please ask again."  # with a link process that has died


@dataclass(frozen=True)
class Policy:
    """What the profile says of sessions."""

    rules: Rules
    without_words: WithoutWords = "pass"
    keep_open_s: float = 120.0
    flags: Flags | None = None  # a moderation service, asked beside the rules, at this host
    flags_host: str = ""
    unseen_letters: int = 0  # of an answer, that may sound before the moderation service saw them


class Turns:
    """What the user says and what becomes of it, over whatever session is there (`meet`, `part`)."""

    def __init__(self, outbox: Outbox, policy: Policy, keep: Callable[[Receipt], None], desk: Desk) -> None:
        """keep: writes a receipt; desk: has the house do what models call for."""
        self._outbox = outbox
        self._policy = policy
        self._keep = keep
        self._spread = DelaySpread()
        self._line = Line()
        self._speech: Speech | None = None
        self._answer: Answer | None = None
        self.has_news = asyncio.Event()  # `look` has something to do
        self._pace = SpeechPace()
        self._guard = self._new_guard()
        self._calling = Calling(desk, self._line, self.has_news)
        self._showing = Showing(self._line, keep)
        self._memory = Memory()
        self._words = Words()  # of the present turn

    @property
    def history(self) -> tuple[Said, ...]:
        """What was said before, for a session that cannot resume."""
        return self._memory.told()

    @property
    def is_busy(self) -> bool:
        """A turn was begun that is not over."""
        return self._speech is not None

    @property
    def is_asked(self) -> bool:
        """An answer is awaited, or coming."""
        return self._speech is not None and self._speech.is_ended

    @property
    def is_stuck(self) -> bool:
        """The session should have said something long ago."""
        return self._is_overdue and not self._calling.waits_for_user

    @property
    def holds_sound(self) -> bool:
        """Sound waits for its words."""
        return self._answer is not None and self._answer.holds

    # the session

    async def meet(self, session: CloudSession, host: str) -> None:
        """A session is open: what was not answered is said to it."""
        self._line.meet(session, host)
        if self._speech is None:
            return
        if self._answer is not None and self._answer.received_ms > 0:
            self.lose(BROKEN)  # half of an answer was heard: another one from its beginning would confuse
            return
        await self._say(self._speech)

    def part(self) -> None:
        """The session is no more."""
        self._line.part()

    def lose(self, say: str) -> None:
        """No (more) answer will come to the present turn, if there is one."""
        speech = self._speech
        if speech is not None and speech.is_ended:
            self._outbox.send(Lost(speech.turn, say))
            self._over(speech, "lost")

    async def look(self) -> None:
        """Often: what waited long enough."""
        self.has_news.clear()
        await self._calling.go_on(self._turn)
        if self._guard.broken is not None:
            await self._block(self._guard.broken)
        speech, answer, now_s = self._speech, self._answer, self._now()
        await self._calling.give_up(now_s)
        if answer is None or speech is None:
            if speech is not None and self._is_overdue and self._calling.waits_for_user:
                self._answered(speech)  # by the device, which asks for the yes itself
            return
        answer.release()
        if answer.gives_up(now_s):
            await self._block(Rule(name="no_words", pattern=".", say=NO_ANSWER))
        elif answer.is_over:
            self._answered(speech)

    # what the hop process says

    async def take(self, parcel: Parcel) -> None:
        """One parcel of the gate."""
        speech = self._speech
        if isinstance(parcel, Began):
            await self._begin(parcel)
        elif isinstance(parcel, Result):
            await self._bring(parcel)
        elif isinstance(parcel, Cancelled):
            if speech is not None and parcel.turn == speech.turn:
                await self._cancel(parcel.heard_ms, "cancelled")
        elif isinstance(parcel, Sound | Ended | Abandoned):
            await self._take_speech(parcel)

    async def _take_speech(self, parcel: Sound | Ended | Abandoned) -> None:
        speech = self._speech
        if speech is None or parcel.turn != speech.turn:
            if isinstance(parcel, Ended):
                self._outbox.send(Lost(parcel.turn, BEGINNING_LOST))
        elif isinstance(parcel, Sound):
            if speech.add(parcel):
                await self._send_sound(speech, parcel)
        elif isinstance(parcel, Ended):
            speech.is_ended = True
            await self._ask(speech)
            await self._calling.end_turn(speech.turn, self._guard)
        else:
            await self._line.tell(lambda session: session.abandon_turn())
            self._over(speech, "abandoned")

    async def _begin(self, began: Began) -> None:
        if self._speech is not None:
            await self._cancel(0.0, "cancelled")
        self._speech = Speech.begin(began)
        self._calling.begin()
        self._guard.end()
        self._guard = self._new_guard()
        self._words = Words()
        await self._line.tell(lambda session: session.begin_turn())

    async def _say(self, speech: Speech) -> None:
        """All of it, to a session that has not heard it, or did not answer."""
        await self._line.tell(lambda session: session.begin_turn())
        await self._showing.again(speech)
        for sound in list(speech.sounds):
            await self._send_sound(speech, sound)
        if speech.is_ended:
            await self._ask(speech)

    async def _send_sound(self, speech: Speech, sound: Sound) -> None:
        if self._line.session is None:
            return
        if not speech.receipt.hosts:
            speech.was_sent(self._line.host, 0)
            self._keep(speech.receipt)
        speech.was_sent(self._line.host, len(sound.pcm16))
        await self._line.tell(lambda session: session.send_audio(sound.pcm16, sound.at_sample))

    async def _ask(self, speech: Speech) -> None:
        speech.progress_s = self._now()
        await self._line.tell(lambda session: session.end_turn())

    async def _cancel(self, heard_ms: float, outcome: str) -> None:
        """Nobody wants the answer, of which `heard_ms` sounded."""
        speech = self._speech
        if speech is None:
            return
        received_ms = self._answer.received_ms if self._answer is not None else 0.0
        self._outbox.forget_pieces()
        if speech.is_ended:
            await self._line.tell(lambda session: session.cancel(min(heard_ms, received_ms)))
        else:
            await self._line.tell(lambda session: session.abandon_turn())
        self._over(speech, outcome)

    def _over(self, speech: Speech, outcome: str) -> None:
        """The turn is done with, however it ended."""
        speech.receipt.outcome = outcome
        if speech.receipt.hosts:
            self._keep(speech.receipt)
        for role in ROLES:
            self._memory.add(role, self._words.of(role))
        self._guard.end()
        self._speech = self._answer = None

    # what the model does

    async def hear(self, event: CloudEvent) -> None:
        """One event of the session."""
        if isinstance(event, AudioDelta):
            self._hear_sound(event)
        elif isinstance(event, Transcript):
            await self._hear_words(event)
        elif isinstance(event, TurnDone):
            await self._hear_end(event)
        elif isinstance(event, ToolCall):
            await self._hear_call(event)

    def _hear_sound(self, delta: AudioDelta) -> None:
        speech = self._speech
        if speech is None or not speech.is_ended:
            return
        if self._answer is None:
            self._answer = Answer(speech.turn, self._guard, self._spread, self._outbox.send)
        speech.progress_s = self._now()
        self._answer.take(delta, self._now())

    async def _hear_words(self, words: Transcript) -> None:
        if self._speech is None:
            return
        new = self._words.add(words)
        if self._policy.flags is not None:
            self._speech.was_sent(self._policy.flags_host, 0)  # words only
        rule = self._guard.look(words.role, new)
        if rule is not None:
            await self._block(rule)
        elif self._answer is not None:
            self._answer.release()

    async def _block(self, rule: Rule) -> None:
        """What has not been played must not be."""
        speech = self._speech
        if speech is None or not speech.is_ended:
            return
        await self._cancel(0.0, "blocked")
        self._outbox.send(Lost(speech.turn, rule.say, drop=True))

    async def _hear_call(self, call: ToolCall) -> None:
        """Done at once, or when the user has spoken."""
        speech = self._speech
        if speech is not None and not speech.is_ended:
            self._calling.keep(call)
            return
        if speech is not None:
            speech.progress_s = self._now()
        await self._calling.take(self._turn, call, self._guard)

    async def show(self, turn: int, jpeg: bytes) -> str:
        """A picture for a turn; why it is not sent, or empty."""
        return await self._showing.show(self._speech if turn == self._turn else None, jpeg)

    async def _bring(self, result: Result) -> None:
        """What came of a call."""
        if self._speech is not None:
            self._speech.progress_s = self._now()
        await self._calling.bring(result)

    async def _hear_end(self, done: TurnDone) -> None:
        speech, answer = self._speech, self._answer
        if speech is None or not speech.is_ended or done.reason in ("calls", "cancelled"):
            return
        if answer is not None:
            answer.finish()
            if answer.is_over:
                self._answered(speech)
        elif done.reason == "blocked":
            self.lose(REFUSED)
        elif done.reason != "interrupted":  # by our own new turn, whose answer is still owed
            await self._ask_again(speech)

    @property
    def _turn(self) -> int:
        return self._speech.turn if self._speech is not None else 0

    @property
    def _is_overdue(self) -> bool:
        speech = self._speech
        return speech is not None and speech.is_ended and self._now() - speech.progress_s > ANSWER_WITHIN_S

    def _answered(self, speech: Speech) -> None:
        self._outbox.send(Over(speech.turn, self._words.of("agent")[:MAX_SHOWN_LETTERS]))
        self._over(speech, "answered")

    async def _ask_again(self, speech: Speech) -> None:
        """The answer was empty."""
        speech.num_repeats += 1
        if speech.num_repeats >= MOST_REPEATS or self._line.session is None:
            self.lose(NO_ANSWER)
        else:
            await self._say(speech)

    def _new_guard(self) -> AnswerGuard:
        policy = self._policy
        opinions = None
        if policy.flags is not None:
            opinions = Opinions(policy.flags, self.has_news.set, policy.unseen_letters)
        return AnswerGuard(policy.rules, policy.without_words, opinions, self._pace)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
