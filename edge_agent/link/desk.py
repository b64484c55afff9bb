"""Calls of models on their way to the hop process, where the house is, and what came of them on the way back.

A call has passed its tool's schema. One that is repeated within a turn, also in the session after a broken one, is not
done again: it gets the first one's result. What waits for the user's yes is a long call, whose result comes later.

Thread: the asyncio loop; times are the loop's, in seconds.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from edge_agent.link.cloud.base import Tool, ToolCall, ToolResult
from edge_agent.link.cloud.fields import parse_json
from edge_agent.link.cloud.tools import tool_error
from edge_agent.parcels import Call, Parcel, Result
from edge_agent.skills.tools import HouseTool

RESULT_WITHIN_S = 3.5  # the hop process does a call within a few hops, or is not there; a camera takes up to 3 s
YES_WITHIN_S = 40.0  # more than it waits for a yes
MAX_SLOTS_LETTERS = 2_000
MAX_CALLS = 32  # different ones, for one turn: no answer needs more
AGAIN = {"note": "this had been done in this answer already, and was not done again"}


@dataclass
class _Errand:
    """One thing to be done; call_ids: of the provider's calls that want it."""

    key: str
    tool: HouseTool
    until_s: float
    call_ids: list[str] = field(default_factory=list)


class Desk:
    """One for all sessions."""

    def __init__(self, tools: Iterable[HouseTool] = (), put: Callable[[Parcel], bool] = lambda parcel: False) -> None:
        """put: writes a parcel for the hop process, False when there is no room."""
        self._tools = {tool.name: tool for tool in tools}
        self._put = put
        self._turn = 0
        self._num_errands = 0
        self._open: dict[str, _Errand] = {}  # by the id that the hop process knows
        self._done: dict[
            str, tuple[dict[str, Any], bool]
        ] = {}  # of the present turn: what came of it, and if it failed

    @property
    def offered(self) -> tuple[Tool, ...]:
        """The tools, as sessions offer them."""
        return tuple(
            Tool(tool.name, tool.description, tool.parameters, is_long=tool.needs_yes) for tool in self._tools.values()
        )

    @property
    def waits_for_user(self) -> bool:
        """The user is asked for a yes."""
        return any(errand.tool.needs_yes for errand in self._open.values())

    def begin(self) -> None:
        """A new turn of the user: what was done for the last one may be done again."""
        self._done = {}

    def take(self, turn: int, call: ToolCall, now_s: float) -> ToolResult | None:
        """One call of the answer to a turn (0: of none); a result where there is one at once."""
        tool = self._tools.get(call.name)
        if tool is None or not turn:
            reason = "nobody waits for this answer" if tool else "this device does not offer that"
            return ToolResult(call.call_id, call.name, error=tool_error(reason, retryable=False))
        key = f"{call.name} {json.dumps(call.arguments, sort_keys=True)}"
        if key in self._done:
            output, is_failed = self._done[key]
            return _result(call.call_id, call.name, output | AGAIN, is_failed, wants_answer=True)
        for errand in self._open.values():
            if errand.key == key:
                errand.call_ids.append(call.call_id)
                return None
        if len(self._done) + len(self._open) >= MAX_CALLS:
            return ToolResult(call.call_id, call.name, error=tool_error("too many calls", retryable=False))
        self._turn = turn
        return self._hand_on(turn, call, _Errand(key, tool, now_s, [call.call_id]))

    def bring(self, result: Result) -> list[ToolResult]:
        """What came of an errand, for every call that wants it."""
        errand = self._open.pop(result.call_id, None)
        output = parse_json(result.output)
        if errand is None or not isinstance(output, dict):
            return []
        if result.turn == self._turn:
            self._done[errand.key] = (output, result.failed)
        return self._answers(errand, output, result.failed)

    def overdue(self, now_s: float) -> list[ToolResult]:
        """Errors for those who waited long enough."""
        late = [number for number, errand in self._open.items() if now_s >= errand.until_s]
        error = tool_error("the device did not answer in time", retryable=False)
        return [answer for number in late for answer in self._answers(self._open.pop(number), error, True)]

    def _hand_on(self, turn: int, call: ToolCall, errand: _Errand) -> ToolResult | None:
        intent, slots = errand.tool.order(call.arguments)
        text = json.dumps(slots)
        self._num_errands += 1
        number = str(self._num_errands)
        if len(text) > MAX_SLOTS_LETTERS or not self._put(Call(turn, number, intent, text)):
            return ToolResult(call.call_id, call.name, error=tool_error("the device can not take it", retryable=True))
        errand.until_s += YES_WITHIN_S if errand.tool.needs_yes else RESULT_WITHIN_S
        self._open[number] = errand
        return None

    def _answers(self, errand: _Errand, output: dict[str, Any], is_failed: bool) -> list[ToolResult]:
        # what waited for a yes the device has told the user by itself
        tool = errand.tool
        return [_result(each, tool.name, output, is_failed, not tool.needs_yes) for each in errand.call_ids]


def _result(call_id: str, name: str, output: dict[str, Any], is_failed: bool, wants_answer: bool) -> ToolResult:
    if is_failed:
        return ToolResult(call_id, name, error=output, wants_answer=wants_answer)
    return ToolResult(call_id, name, output, wants_answer=wants_answer)
