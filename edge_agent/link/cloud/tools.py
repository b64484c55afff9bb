"""Calls of tools: checked before anybody acts on them, answered once, and never answered after they were cancelled."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from edge_agent.errors import CloudError
from edge_agent.link.cloud.base import Counters, Tool, ToolCall, ToolResult
from edge_agent.link.cloud.fields import is_shallow, parse_json

MAX_OPEN_CALLS = 16
MAX_ARGUMENTS_CHARACTERS = 16_384
MAX_RESULT_CHARACTERS = 8_192
MAX_REASON_CHARACTERS = 300
_MAX_REMEMBERED = 256


def tool_error(reason: str, *, retryable: bool, valid_options: Sequence[Any] = ()) -> dict[str, Any]:
    """What a model is told about a call that failed: enough to mend it, or to say so."""
    error: dict[str, Any] = {"status": "error", "retryable": retryable, "reason": reason[:MAX_REASON_CHARACTERS]}
    if valid_options:
        error["valid_options"] = list(valid_options)
    return error


@dataclass(slots=True)
class _Open:
    key: str
    name: str
    call_ids: list[str]  # the call that runs, and equal ones that wait for the same result


class Calls:
    """The tool calls of one session. Thread: the loop's."""

    def __init__(self, tools: Iterable[Tool], counters: Counters) -> None:
        """Raises CloudError for a tool whose parameters are no JSON Schema."""
        self._tools = {tool.name: tool for tool in tools}
        self._validators = {tool.name: _validator(tool) for tool in self._tools.values()}
        self._counters = counters
        self._open: dict[str, _Open] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()

    @property
    def any_open(self) -> bool:
        """True while a result is waited for."""
        return bool(self._open)

    @property
    def open_ids(self) -> frozenset[str]:
        """The calls that are being run."""
        return frozenset(self._open)

    def tool(self, name: str) -> Tool | None:
        """The tool of that name."""
        return self._tools.get(name)

    def accept(self, call_id: str, name: str, arguments: Any) -> ToolCall | ToolResult | None:
        """One call of the model, `arguments` as an object or its JSON.

        A ToolCall is to be run; a ToolResult is the error to be sent back; None is a call that needs nothing: a
        repetition, which gets the result of the first.
        """
        if not call_id or call_id in self._seen:
            self._counters.num_malformed += not call_id
            return None
        self._remember(call_id)
        error, values = self._checked(name, arguments)
        if error:
            self._counters.num_bad_calls += 1
            return ToolResult(call_id, name, error=error)
        key = f"{name} {json.dumps(values, sort_keys=True)}"
        for same in self._open.values():
            if same.key == key:
                same.call_ids.append(call_id)
                return None
        self._open[call_id] = _Open(key, name, [call_id])
        return ToolCall(call_id, name, values)

    def take(self, call_id: str) -> tuple[str, ...]:
        """All calls that this call's result answers, now closed; none when it was cancelled or answered before."""
        found = self._open.pop(call_id, None)
        return tuple(found.call_ids) if found else ()

    def cancel(self, call_ids: Iterable[str]) -> tuple[str, ...]:
        """Nobody waits for these any more; those of them whose running is now pointless."""
        gone = set(call_ids)
        for found in self._open.values():
            found.call_ids = [call_id for call_id in found.call_ids if call_id not in gone]
        pointless = tuple(call_id for call_id, found in self._open.items() if not found.call_ids)
        for call_id in pointless:
            del self._open[call_id]
        return pointless

    def cancel_all(self) -> tuple[str, ...]:
        """Nobody waits for anything any more."""
        return self.cancel([call_id for found in self._open.values() for call_id in found.call_ids])

    def _remember(self, call_id: str) -> None:
        self._seen[call_id] = None
        if len(self._seen) > _MAX_REMEMBERED:
            self._seen.popitem(last=False)

    def _checked(self, name: str, arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if name not in self._tools:
            return tool_error(f"there is no tool '{name}'", retryable=False, valid_options=list(self._tools)), {}
        if len(self._open) >= MAX_OPEN_CALLS:
            return tool_error("too many calls at once", retryable=True), {}
        if isinstance(arguments, str):
            is_long = len(arguments) > MAX_ARGUMENTS_CHARACTERS
            arguments = None if is_long else parse_json(arguments or "{}")
        if not isinstance(arguments, dict) or not is_shallow(arguments):
            return tool_error("the arguments are no small JSON object", retryable=True), {}
        return self._valid(name, arguments), arguments

    def _valid(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        fault = best_match(self._validators[name].iter_errors(arguments))
        if fault is None:
            is_long = len(json.dumps(arguments)) > MAX_ARGUMENTS_CHARACTERS
            return tool_error("the arguments are too long", retryable=True) if is_long else {}
        options = fault.validator_value if fault.validator == "enum" else ()
        return tool_error(f"{fault.json_path}: {fault.message}", retryable=True, valid_options=options)


def answer(result: ToolResult) -> Mapping[str, Any]:
    """What is sent back under "output" or "error", of bounded length."""
    values = result.output if result.error is None else result.error
    text = json.dumps(values, ensure_ascii=False, default=str)
    if len(text) <= MAX_RESULT_CHARACTERS:
        return values
    return {"status": "cut", "text": text[:MAX_RESULT_CHARACTERS]}


def _validator(tool: Tool) -> Draft202012Validator:
    try:
        Draft202012Validator.check_schema(tool.parameters)
    except SchemaError as error:
        raise CloudError(f"tool '{tool.name}': its parameters are no JSON Schema: {error.message}") from None
    return Draft202012Validator(tool.parameters)
