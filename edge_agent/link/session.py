"""Takes the speech that the gate let out to a cloud model, and its answer back: whatever the network does.

One session at a time, opened when speech begins to leave and kept for a while after it. Speech is kept until it is
answered; when a session breaks, the old socket is closed, the next one is opened (the same provider again if it had
worked, else the next in the list), and what was not answered is said again. When nobody is left, the hop is told so.

Thread: one asyncio loop. `_lock` orders what the hop process says and what the model does.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from edge_agent.link.answer import Answer
from edge_agent.link.cloud.base import (
    WORTH_RETRYING,
    AudioDelta,
    CloudEvent,
    CloudSession,
    Failed,
    GoingAway,
    ResumeHandle,
    Said,
    SessionFailed,
    ToolCall,
    ToolResult,
    Transcript,
    TurnDone,
)
from edge_agent.link.jitter import DelaySpread
from edge_agent.link.outbox import Outbox
from edge_agent.link.receipts import Receipt
from edge_agent.link.safety import AnswerGuard, Rule, Rules, WithoutWords
from edge_agent.link.speech import Speech
from edge_agent.parcels import Abandoned, Began, Cancelled, Ended, Lost, Over, Parcel, Sound

ANSWER_WITHIN_S = 4.0  # of the end of a turn, or of the last sound of its answer; then the session is taken for dead
SEND_WITHIN_S = 1.0
RENEW_AT = 0.9  # of the longest time that a provider keeps a session
MOST_TURNS_KEPT = 12  # of what was said before, for a session that cannot resume
MOST_REPEATS = 2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
TICK_S = 0.02
MAX_SHOWN_LETTERS = 2_000

UNREACHABLE = "I can't reach the cloud."
NO_ANSWER = "The cloud had no answer."
REFUSED = "The cloud does not want to answer that."
BROKEN = "Sorry, the cloud stopped in the middle."
LOCAL_ONLY_CALL = {"status": "error", "reason": "this device carries out its commands itself", "retryable": False}


@dataclass(frozen=True)
class Provider:
    """One model that may be asked. make: a session that is not open yet, from a handle to resume and what was said."""

    name: str
    host: str
    make: Callable[[str | None, tuple[Said, ...]], CloudSession]


@dataclass(frozen=True)
class Policy:
    """What the profile says of sessions."""

    rules: Rules
    without_words: WithoutWords = "pass"
    keep_open_s: float = 120.0


class Runner:
    """Call `give` with what the gate wrote; `run` does the rest."""

    def __init__(
        self,
        providers: Sequence[Provider],
        put: Callable[[Parcel], bool],
        policy: Policy,
        keep: Callable[[Receipt], None],
        rng: random.Random | None = None,
    ) -> None:
        """put: writes a parcel for the hop process, False when there is no room. keep: writes a receipt."""
        self._providers = providers
        self._outbox = Outbox(put)
        self._policy = policy
        self._keep = keep
        self._rng = rng or random.Random()
        self._spread = DelaySpread()
        self._inbox: asyncio.Queue[Parcel] = asyncio.Queue()
        self._lock = asyncio.Lock()
        self._is_asked = asyncio.Event()
        self._session: CloudSession | None = None
        self._speech: Speech | None = None
        self._answer: Answer | None = None
        self._guard = AnswerGuard(policy.rules, policy.without_words)
        self._place = 0  # in the list of providers
        self._handles: dict[str, str] = {}
        self._history: deque[Said] = deque(maxlen=MOST_TURNS_KEPT)
        self._failures: list[Failed] = []  # of the providers tried in a row
        self._spoken: dict[str, str] = {}  # of the present turn, by role
        self._renew_s = float("inf")
        self._used_s = 0.0
        self._serving: asyncio.Task[None] | None = None
        self.num_sessions = 0
        self.hold_ms: list[float] = []  # what the safety rules added, since someone looked

    def give(self, parcel: Parcel) -> None:
        """One parcel of the gate."""
        self._inbox.put_nowait(parcel)

    async def run(self) -> None:
        """Until cancelled; then every socket is closed."""
        watching = asyncio.ensure_future(self._watch())
        try:
            while True:
                parcel = await self._inbox.get()
                async with self._lock:
                    await self._take(parcel)
        finally:
            watching.cancel()
            if self._serving is not None:
                self._serving.cancel()
            self._outbox.close()
            if self._session is not None:
                await self._session.close()

    # what the hop process says

    async def _take(self, parcel: Parcel) -> None:
        speech = self._speech
        self._used_s = self._now()
        if isinstance(parcel, Began):
            await self._begin(parcel)
        elif isinstance(parcel, Cancelled):
            if speech is not None and parcel.turn == speech.turn:
                await self._cancel(parcel.heard_ms, "cancelled")
        elif speech is None or parcel.turn != speech.turn:
            return
        elif isinstance(parcel, Sound):
            if speech.add(parcel):
                await self._send_sound(speech, parcel)
        elif isinstance(parcel, Ended):
            speech.is_ended = True
            speech.asked_s = speech.progress_s = self._now()
            await self._ask(speech)
        elif isinstance(parcel, Abandoned):
            if self._session is not None:
                await self._within(self._session.abandon_turn())
            self._over(speech, "abandoned")

    async def _begin(self, began: Began) -> None:
        if self._speech is not None:
            await self._cancel(0.0, "cancelled")
        self._speech = Speech.begin(began)
        self._guard = AnswerGuard(self._policy.rules, self._policy.without_words)
        self._spoken = {}
        self._is_asked.set()
        if self._session is not None:
            await self._within(self._session.begin_turn())
        if self._serving is None or self._serving.done():
            self._failures = []
            self._serving = asyncio.ensure_future(self._serve())

    async def _send_sound(self, speech: Speech, sound: Sound) -> None:
        if self._session is None:
            return
        if not speech.receipt.hosts:
            speech.was_sent(self._provider.host, 0)
            self._keep(speech.receipt)
        speech.was_sent(self._provider.host, len(sound.pcm16))
        await self._within(self._session.send_audio(sound.pcm16, sound.at_sample))

    async def _ask(self, speech: Speech) -> None:
        if self._session is not None:
            await self._within(self._session.end_turn())

    async def _cancel(self, heard_ms: float, outcome: str) -> None:
        """Nobody wants the answer, of which `heard_ms` sounded."""
        speech = self._speech
        if speech is None:
            return
        received_ms = self._answer.received_ms if self._answer is not None else 0.0
        self._outbox.forget_pieces()
        if self._session is not None:
            if speech.is_ended:
                await self._within(self._session.cancel(min(heard_ms, received_ms)))
            else:
                await self._within(self._session.abandon_turn())
        self._over(speech, outcome)

    def _over(self, speech: Speech, outcome: str) -> None:
        """The turn is done with, however it ended."""
        speech.receipt.outcome = outcome
        if speech.receipt.hosts:
            self._keep(speech.receipt)
        for role in ("user", "agent"):
            if text := self._spoken.get(role, "").strip():
                self._history.append(Said("user" if role == "user" else "agent", text))
        self._speech = self._answer = None

    async def _within(self, sending: Awaitable[None]) -> None:
        """A half-open connection must not hold up the next word."""
        try:
            await asyncio.wait_for(sending, SEND_WITHIN_S)
        except asyncio.TimeoutError:
            if self._session is not None:
                await self._session.close()

    # one session after the other

    async def _serve(self) -> None:
        pause_s = FIRST_PAUSE_S
        while self._is_wanted():
            session = self._provider.make(self._handles.pop(self._provider.name, None), tuple(self._history))
            worked, failure = await self._live(session)
            if worked:
                pause_s, self._failures = FIRST_PAUSE_S, []
            if failure is None:
                continue
            self._failures.append(failure)
            is_same = worked and failure.kind in WORTH_RETRYING
            self._place = (self._place + (not is_same)) % len(self._providers)
            if len(self._failures) >= max(2, len(self._providers)):
                self._lose(_sentence(self._failures))
                await self._rest(pause_s * self._rng.uniform(0.5, 1.5))
                pause_s, self._failures = min(2 * pause_s, LONGEST_PAUSE_S), []

    async def _rest(self, pause_s: float) -> None:
        """Leave the network alone for a while, unless the user asks something."""
        self._is_asked.clear()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_asked.wait(), pause_s)

    def _is_wanted(self) -> bool:
        """Speech waits, or may come soon."""
        return self._speech is not None or self._now() - self._used_s < self._policy.keep_open_s

    async def _live(self, session: CloudSession) -> tuple[bool, Failed | None]:
        """One session, open to end: whether a turn was answered in it, and why it ended, if by a fault."""
        worked, failure = False, None
        try:
            await session.open()
            async with self._lock:
                await self._resume(session)
            async for event in session.events():
                async with self._lock:
                    worked |= isinstance(event, TurnDone) and event.reason == "complete"
                    await self._hear(event)
                failure = event if isinstance(event, Failed) else None
        except SessionFailed as failed:
            failure = failed.failure
        finally:
            await session.close()  # before the next one: some providers refuse a second session beside the first
            if self._session is session:
                self._session = None
        if failure is None and self._speech is not None and self._speech.is_ended:
            failure = Failed("timeout", UNREACHABLE)
        return worked, failure

    async def _resume(self, session: CloudSession) -> None:
        """A session is open: what was not answered is said to it."""
        self._session = session
        self.num_sessions += 1
        longest_s = session.capabilities.max_session_s
        self._renew_s = self._now() + RENEW_AT * longest_s if longest_s else float("inf")
        speech = self._speech
        if speech is None:
            return
        if self._answer is not None and self._answer.received_ms > 0:
            self._lose(BROKEN)  # half of an answer was heard: another one from its beginning would confuse
            return
        await self._say(session, speech)

    async def _say(self, session: CloudSession, speech: Speech) -> None:
        await self._within(session.begin_turn())
        for sound in list(speech.sounds):
            await self._send_sound(speech, sound)
        if speech.is_ended:
            speech.asked_s = speech.progress_s = self._now()
            await self._ask(speech)

    # what the model does

    async def _hear(self, event: CloudEvent) -> None:
        if isinstance(event, AudioDelta):
            await self._hear_sound(event)
        elif isinstance(event, Transcript):
            await self._hear_words(event)
        elif isinstance(event, TurnDone):
            await self._hear_end(event)
        elif isinstance(event, ToolCall):
            await self._hear_call(event)
        elif isinstance(event, ResumeHandle):
            self._handles.pop(self._provider.name, None)
            if event.handle is not None:
                self._handles[self._provider.name] = event.handle
        elif isinstance(event, GoingAway):
            self._renew_s = min(self._renew_s, self._now())

    async def _hear_sound(self, delta: AudioDelta) -> None:
        speech = self._speech
        if speech is None or not speech.is_ended:
            return
        if self._answer is None:
            self._answer = Answer(speech.turn, self._guard, self._spread, self._outbox.send)
        speech.progress_s = self._now()
        self._answer.take(delta, self._now())
        self._collect_holds(self._answer)

    async def _hear_words(self, words: Transcript) -> None:
        if self._speech is None:
            return
        known = self._spoken.get(words.role, "")
        new = words.text[len(known) :] if words.final and words.text.startswith(known) else words.text
        self._spoken[words.role] = known + new
        rule = self._guard.look(words.role, new)
        if rule is not None:
            await self._block(rule)
        elif self._answer is not None:
            self._answer.release(self._now())
            self._collect_holds(self._answer)

    async def _block(self, rule: Rule) -> None:
        """What has not been played must not be."""
        speech = self._speech
        if speech is None or not speech.is_ended:
            return
        await self._cancel(0.0, "blocked")
        self._outbox.send(Lost(speech.turn, rule.say, drop=True))

    async def _hear_call(self, call: ToolCall) -> None:
        """The device carries out its own commands, so a model is told that it cannot; what a rule forbids, why."""
        if self._session is not None:
            rule = self._policy.rules.broken_by("call", f"{call.name} {dict(call.arguments)}")
            error = LOCAL_ONLY_CALL | ({"reason": rule.say} if rule else {})
            result = ToolResult(call.call_id, call.name, error=error)
            await self._within(self._session.send_tool_result(result))

    async def _hear_end(self, done: TurnDone) -> None:
        speech, answer = self._speech, self._answer
        if speech is None or not speech.is_ended or done.reason in ("calls", "cancelled"):
            return
        if answer is not None:
            answer.finish(self._now())
            if answer.is_over:
                self._answered(speech)
        elif done.reason == "blocked":
            self._lose(REFUSED)
        elif done.reason != "interrupted":  # by our own new turn, whose answer is still owed
            await self._ask_again(speech)

    def _answered(self, speech: Speech) -> None:
        self._outbox.send(Over(speech.turn, self._spoken.get("agent", "").strip()[:MAX_SHOWN_LETTERS]))
        self._over(speech, "answered")

    async def _ask_again(self, speech: Speech) -> None:
        """The answer was empty."""
        speech.num_repeats += 1
        if speech.num_repeats >= MOST_REPEATS or self._session is None:
            self._lose(NO_ANSWER)
        else:
            await self._say(self._session, speech)

    def _lose(self, say: str) -> None:
        """No (more) answer will come to the present turn, if there is one."""
        speech = self._speech
        if speech is not None and speech.is_ended:
            self._outbox.send(Lost(speech.turn, say))
            self._over(speech, "lost")

    # what nobody says

    async def _watch(self) -> None:
        """Deadlines, the age of the session, and sound that waits for its words."""
        while True:
            is_busy = self._answer is not None and self._answer.holds
            await asyncio.sleep(TICK_S if is_busy else 10 * TICK_S)
            async with self._lock:
                await self._look()

    async def _look(self) -> None:
        speech, answer, now_s = self._speech, self._answer, self._now()
        if answer is not None and speech is not None:
            answer.release(now_s)
            self._collect_holds(answer)
            if answer.gives_up(now_s):
                await self._block(Rule(name="no_words", pattern=".", say=NO_ANSWER))
            elif answer.is_over:
                self._answered(speech)
        if self._session is None:
            return
        is_stuck = speech is not None and speech.is_ended and now_s - speech.progress_s > ANSWER_WITHIN_S
        is_old = speech is None and (now_s >= self._renew_s or not self._is_wanted())
        if is_stuck or is_old:
            await self._session.close()

    def _collect_holds(self, answer: Answer) -> None:
        self.hold_ms += answer.hold_ms
        del self.hold_ms[:-10_000]
        answer.hold_ms.clear()

    @property
    def _provider(self) -> Provider:
        return self._providers[self._place]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _sentence(failures: Sequence[Failed]) -> str:
    """What to say of failures in a row: what the user can cure, before what they cannot."""
    mine = [failure for failure in failures if failure.kind not in WORTH_RETRYING]
    return mine[0].message if mine else UNREACHABLE
