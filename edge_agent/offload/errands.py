"""What the link process wants of the house: calls of cloud models, and what a home automation tells of its things.

A call is carried out here like a command of the user's, and what came of it is told by the gate. What its tool marks
(a door, a purchase, anything that nobody here knows) is done only after the user's spoken yes to this device's own
question. A call belongs to the answer that is awaited or played: with it, it is over.

Thread: hop only.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.egress import Gate
from edge_agent.events import CloudCall, Reply
from edge_agent.guard import Emit
from edge_agent.offload.looking import Looking
from edge_agent.offload.offloading import Offloading
from edge_agent.parcels import Call, Parcel, Reach, Result, State, Told, unpack
from edge_agent.ring import MessageRing
from edge_agent.skills.registry import Skills
from edge_agent.skills.reply import Act, Outcome, Slots
from edge_agent.skills.tools import LOOK
from edge_agent.talking.talk import Talk
from edge_agent.units import ms_to_samples

PENDING_MS = 30_000  # a yes that comes later answers something else
MAX_TEXT_LETTERS = 1_000  # of a result
NO_YES = "the user did not say yes, so nothing was done"
NOT_AWAITED = "the user no longer waits for this answer, so nothing was done"
NO_PICTURE = "no picture may be taken now"
NOTHING_TO_DO: tuple[Act, ...] = ()


@dataclass
class _Pending:
    call: Call
    slots: Slots
    on_yes: Callable[[], Outcome]
    until_sample: int


class Errands:
    """Calls in, results out."""

    def __init__(
        self,
        skills: Skills,
        needs_yes: frozenset[str],
        gate: Gate,
        offloading: Offloading,
        looking: Looking,
        talk: Talk,
        emit: Emit,
        calls: MessageRing | None = None,
    ) -> None:
        """needs_yes: intents; calls: what the link process writes; None where there is none."""
        self._skills = skills
        self._needs_yes = needs_yes
        self._gate = gate
        self._offloading = offloading
        self._looking = looking
        self._talk = talk
        self._emit = emit
        self._calls = calls
        self._pending: _Pending | None = None
        self._at_sample = 0

    def step(self, at_sample: int) -> tuple[Act, ...]:
        """Once per hop: at most one thing is taken in. What else there is to do for it."""
        self._at_sample = at_sample
        self._looking.step(at_sample)
        if self._pending is not None:
            self._look_after(self._pending)
        message = self._calls.receive() if self._calls is not None else None
        if message is None:
            return NOTHING_TO_DO
        return self._take(unpack(message))

    def _take(self, parcel: Parcel | None) -> tuple[Act, ...]:
        if isinstance(parcel, Call):
            return self._take_call(parcel)
        if isinstance(parcel, State):
            told = _values(parcel.told)
            if told is not None:
                self._skills.home.learn(parcel.what, parcel.area, parcel.name, told)
        elif isinstance(parcel, Reach):
            self._skills.reach(parcel.what, parcel.trouble)
        elif isinstance(parcel, Told):
            self._say(parcel.say)
        return NOTHING_TO_DO

    def _take_call(self, call: Call) -> tuple[Act, ...]:
        slots = _values(call.slots)
        if slots is None or call.turn != self._offloading.turn:
            self._tell(call, slots or {}, "refused", {"reason": NOT_AWAITED})
            return NOTHING_TO_DO
        if call.intent == LOOK:
            self._look(call)
            return NOTHING_TO_DO
        if call.intent in self._needs_yes:
            self._ask(call, slots)
            return NOTHING_TO_DO
        return self._carry_out(call, slots).acts

    def _carry_out(self, call: Call, slots: Slots) -> Outcome:
        outcome = self._skills.call(call.intent, slots, self._at_sample)
        text = outcome.text[:MAX_TEXT_LETTERS]
        if outcome.is_done:
            self._tell(call, slots, "done", {"result": text, **outcome.fields})
        else:
            self._tell(call, slots, "failed", {"reason": text})
        return outcome

    def _ask(self, call: Call, slots: Slots) -> None:
        """The device asks, not the model, and while it does nobody need say that the cloud is awaited."""
        if self._pending is not None:
            self._tell(call, slots, "refused", {"reason": "the user is being asked something else; try again later"})
            return
        question = f"The cloud wants to {_words(call.intent, slots)}. Shall I?"
        self._pending = _Pending(
            call, slots, lambda: self._consented(call, slots), self._at_sample + ms_to_samples(PENDING_MS)
        )
        self._skills.expect_yes(question, self._pending.on_yes)
        self._offloading.stop_waiting()
        self._emit(CloudCall(self._at_sample, call.intent, slots, "asked"))
        self._say(question)

    def _look(self, call: Call) -> None:
        """A picture that may leave is taken and sent, and its call answered, by the link process."""
        if self._looking.look(self._at_sample, call.turn, call.call_id):
            self._emit(CloudCall(self._at_sample, call.intent, {}, "done"))
        else:
            self._tell(call, {}, "refused", {"reason": NO_PICTURE})

    def _say(self, text: str) -> None:
        self._emit(Reply(self._at_sample, text))
        self._talk.say(text)

    def _consented(self, call: Call, slots: Slots) -> Outcome:
        self._pending = None
        return self._carry_out(call, slots)

    def _look_after(self, pending: _Pending) -> None:
        """A no, another command, or no word at all: nothing is done."""
        is_open = self._skills.expects_yes_to(pending.on_yes)
        if is_open and self._at_sample < pending.until_sample:
            return
        if is_open:
            self._skills.withdraw()
        self._pending = None
        self._tell(pending.call, pending.slots, "refused", {"reason": NO_YES})

    def _tell(self, call: Call, slots: Slots, outcome: str, output: dict[str, Any]) -> None:
        self._emit(CloudCall(self._at_sample, call.intent, slots, outcome))
        is_done = outcome == "done"
        status: dict[str, Any] = {"status": "ok"} if is_done else {"status": "error", "retryable": outcome == "failed"}
        self._gate.answer_call(
            self._at_sample, Result(call.turn, call.call_id, json.dumps(status | output), failed=not is_done)
        )


def _values(text: str) -> Slots | None:
    """A JSON object of texts and numbers; None for anything else."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_plain = isinstance(values, dict) and all(isinstance(value, str | int | float) for value in values.values())
    return values if is_plain else None


def _words(intent: str, slots: Slots) -> str:
    """'unlock front door': the intent as words, a slot's value in the place of its name where it has one."""
    split = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in intent).replace("_", " ")
    left = dict(slots)
    words = [str(left.pop(word, word)) for word in split.split()]
    return " ".join([*words, *map(str, left.values())])
