"""Events as JSON, with the names that `docs/events.md` fixes, and as messages of a ring.

Thread: any.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from edge_agent.events import EVENT_TYPES, Event
from edge_agent.units import ms_to_samples, samples_to_ms


def to_json(event: Event, file: str | None = None) -> dict[str, Any]:
    """Fields of an event as docs/events.md names them; times in ms of the capture clock."""
    record: dict[str, Any] = {} if file is None else {"file": file}
    record["event"] = event.name
    for entry in dataclasses.fields(event):
        value = getattr(event, entry.name)
        if entry.name.endswith("_sample"):
            record[entry.name.removesuffix("sample") + "ms"] = round(samples_to_ms(value), 3)
        elif isinstance(value, float):
            record[entry.name] = round(value, 4)
        else:
            record[entry.name] = dict(value) if isinstance(value, Mapping) else value
    return record


def from_json(record: Mapping[str, Any]) -> Event:
    """Inverse of `to_json`; keys that this version does not know are ignored.

    Raises KeyError when the event's name is unknown.
    """
    kind = EVENT_TYPES[record["event"]]
    values: dict[str, Any] = {}
    for entry in dataclasses.fields(kind):
        is_time = entry.name.endswith("_sample")
        key = entry.name.removesuffix("sample") + "ms" if is_time else entry.name
        if key in record:
            values[entry.name] = ms_to_samples(record[key]) if is_time else record[key]
    return kind(**values)


def encode(event: Event) -> bytes:
    """One event as a message for a ring."""
    return json.dumps(to_json(event)).encode()


def decode(message: bytes) -> Event:
    """Inverse of `encode`."""
    return from_json(json.loads(message))
