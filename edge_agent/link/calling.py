"""Calls of tools, from the model to the desk and back: kept while the user speaks, and done unless a rule forbids it.

A moderation service is asked beside everything else; what waited for its opinion goes on in `go_on`.

Thread: one asyncio loop; the caller (`turns.py`) sees to it that one method at a time runs.
"""

import asyncio
from collections.abc import Iterable

from edge_agent.link.cloud.base import ToolCall, ToolResult
from edge_agent.link.cloud.tools import tool_error
from edge_agent.link.desk import Desk
from edge_agent.link.line import Line
from edge_agent.link.safety import AnswerGuard, Rule
from edge_agent.parcels import Result


class Calling:
    """One for all sessions; `turn` is the turn that is answered, 0 for none."""

    def __init__(self, desk: Desk, line: Line, has_news: asyncio.Event) -> None:
        """has_news: set when `go_on` has something to do."""
        self._desk = desk
        self._line = line
        self._has_news = has_news
        self._early: list[ToolCall] = []  # of a model that found the turn's end before this device did
        self._checked: list[tuple[ToolCall, Rule | None]] = []  # and what forbids them
        self._checks: set[asyncio.Task[None]] = set()

    @property
    def waits_for_user(self) -> bool:
        """The user is asked for a yes."""
        return self._desk.waits_for_user

    def begin(self) -> None:
        """A new turn of the user."""
        self._desk.begin()
        self._early = []

    def keep(self, call: ToolCall) -> None:
        """A call while the user still speaks waits for the turn's end."""
        self._early.append(call)

    async def end_turn(self, turn: int, guard: AnswerGuard) -> None:
        """The user has spoken: what was kept."""
        early, self._early = self._early, []
        for call in early:
            await self.take(turn, call, guard)

    async def take(self, turn: int, call: ToolCall, guard: AnswerGuard) -> None:
        """The house does it, unless a rule forbids it."""
        words = f"{call.name} {dict(call.arguments)}"
        rule = guard.look_at_call(words)
        if rule is None and guard.opinions is not None:
            check = asyncio.ensure_future(self._check(call, words, guard))
            self._checks.add(check)
            check.add_done_callback(self._checks.discard)
        else:
            await self._carry_out(turn, call, rule)

    async def go_on(self, turn: int) -> None:
        """With calls of which there is an opinion now."""
        calls, self._checked = self._checked, []
        for call, forbidding in calls:
            await self._carry_out(turn, call, forbidding)

    async def give_up(self, now_s: float) -> None:
        """What the house should have done long ago."""
        await self._return(self._desk.overdue(now_s))

    async def bring(self, result: Result) -> None:
        """What came of a call."""
        await self._return(self._desk.bring(result))

    async def _check(self, call: ToolCall, words: str, guard: AnswerGuard) -> None:
        self._checked.append((call, await guard.forbids_call(words)))
        self._has_news.set()

    async def _carry_out(self, turn: int, call: ToolCall, rule: Rule | None) -> None:
        if rule is not None:
            result: ToolResult | None = ToolResult(call.call_id, call.name, error=tool_error(rule.say, retryable=False))
        else:
            result = self._desk.take(turn, call, asyncio.get_running_loop().time())
        await self._return([result] if result is not None else [])

    async def _return(self, results: Iterable[ToolResult]) -> None:
        for result in results:
            await self._tell(result)

    async def _tell(self, result: ToolResult) -> None:
        await self._line.tell(lambda session: session.send_tool_result(result))
