"""What a scenario expects, held against what happened."""

from collections.abc import Mapping, Sequence

from edge_agent.events import Event
from edge_agent.units import samples_to_ms
from tests.dialogue import scenario as s
from tests.dialogue.stage import Placed, has, matches


class Judge:
    """`faults()` says in one line each what did not come true."""

    def __init__(self, events: Sequence[Event], placed: Mapping[int, Placed]) -> None:
        self._events = events
        self._placed = placed

    def faults(self, expectations: Sequence[s.Expectation]) -> list[str]:
        """One line for each expectation that failed."""
        return [fault for expected in expectations if (fault := self._fault(expected))]

    def _fault(self, expected: s.Expectation) -> str:
        if expected.order:
            return self._order_fault(expected.order)
        since_ms = self._moment_ms(expected.after)
        if since_ms is None:
            return f"{_said(expected)}: what it is counted from never came"
        name = expected.event or expected.never
        found_ms = [
            samples_to_ms(event.at_sample) - since_ms
            for event in self._events
            if event.name == name and has(event, expected.where)
        ]
        limit_ms = float("inf") if expected.within_ms is None else expected.within_ms
        in_time = [at_ms for at_ms in found_ms if expected.from_ms <= at_ms <= limit_ms]
        if expected.never is not None:
            return f"{_said(expected)}: it came after {_list(in_time)} ms" if in_time else ""
        if not in_time if expected.count is None else len(in_time) != expected.count:
            others = [event for event in self._events if event.name == name]
            return f"{_said(expected)}: it came after {_list(found_ms)} ms; all of that name: {others}"
        return ""

    def _order_fault(self, names: Sequence[str]) -> str:
        place = 0
        for name in names:
            later = [k for k in range(place, len(self._events)) if self._events[k].name == name]
            if not later:
                return f"order {' -> '.join(names)}: no {name} at its place in {[event.name for event in self._events]}"
            place = later[0] + 1
        return ""

    def _moment_ms(self, moment: s.Moment) -> float | None:
        """On the capture clock; None for what never came."""
        if moment.line is not None:
            line = self._placed.get(moment.line - 1)
            at_sample = None if line is None else line.begin_sample if moment.edge == "begin" else line.end_sample
        elif moment.event is not None:
            found = [event.at_sample for event in self._events if matches(moment.event, event)]
            at_sample = found[moment.event.nth - 1] if len(found) >= moment.event.nth else None
        else:
            at_sample = 0
        return None if at_sample is None else samples_to_ms(at_sample)


def _said(expected: s.Expectation) -> str:
    known = expected.model_dump(exclude_defaults=True, exclude_none=True)
    return ", ".join(f"{key} {value}" for key, value in known.items())


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values) or "no"
