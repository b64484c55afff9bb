"""Reading what a server sends: strict about types, forgiving about everything else.

A key we do not know is passed over; a key of the wrong type reads as absent and is counted; nothing raises.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeVar

from edge_agent.link.cloud.base import Counters

MAX_MESSAGE_BYTES = 4 << 20  # a longer one is not read; 4 MiB are 65 s of sound
MAX_TEXT_CHARACTERS = 20_000
MAX_SOUND_CHARACTERS = 2 << 20  # base64 of 33 s of sound at 24 kHz
MAX_ITEMS = 256  # of one list
MAX_DEPTH = 16  # of a tool's arguments
_STANDARD = str.maketrans("-_", "+/")  # protocol buffers' JSON allows both
_T = TypeVar("_T")
_DURATION = re.compile(r"^(-?\d{1,9}(?:\.\d{1,9})?)s$")


class Fields:
    """One JSON object. Every method reads one key, and gives the empty value when it is absent or of another type."""

    def __init__(self, values: Mapping[str, Any], counters: Counters) -> None:
        self._values = values
        self._counters = counters

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @property
    def values(self) -> Mapping[str, Any]:
        """As it came: for data that is the user's, such as arguments."""
        return self._values

    def text(self, key: str) -> str:
        """A string of bounded length; a longer one is cut and counted."""
        value = self._typed(key, str, "")
        if len(value) > MAX_TEXT_CHARACTERS:
            self._counters.num_oversize += 1
        return value[:MAX_TEXT_CHARACTERS].encode("utf-8", "replace").decode("utf-8")

    def flag(self, key: str) -> bool:
        return self._typed(key, bool, False)

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._values.get(key)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
            self._counters.num_malformed += 1
            return 0.0
        return float(value)

    def count(self, key: str) -> int:
        """A number of things, at least 0."""
        return max(0, int(self.number(key)))

    def fields(self, key: str) -> "Fields":
        """An object inside this one."""
        return Fields(self._typed(key, dict, {}), self._counters)

    def each(self, key: str) -> list["Fields"]:
        """The objects of a list."""
        items = self._typed(key, list, [])
        if len(items) > MAX_ITEMS:
            self._counters.num_oversize += 1
        objects = [Fields(item, self._counters) for item in items[:MAX_ITEMS] if isinstance(item, dict)]
        self._counters.num_malformed += min(len(items), MAX_ITEMS) - len(objects)
        return objects

    def texts(self, key: str) -> list[str]:
        """The strings of a list."""
        return [item[:MAX_TEXT_CHARACTERS] for item in self._typed(key, list, [])[:MAX_ITEMS] if isinstance(item, str)]

    def sound(self, key: str) -> bytes:
        """PCM16 in base64, of either alphabet; empty when it is none. A half sample at the end is cut."""
        encoded = self._typed(key, str, "")
        if len(encoded) > MAX_SOUND_CHARACTERS:
            self._counters.num_oversize += 1
            return b""
        try:
            sound = base64.b64decode(encoded.translate(_STANDARD), validate=True)
        except (binascii.Error, ValueError):
            self._counters.num_malformed += 1
            return b""
        if len(sound) % 2:
            self._counters.num_malformed += 1
        return sound[: len(sound) & ~1]

    def seconds(self, key: str) -> float | None:
        """A duration such as "1.2s"; None when it is none."""
        text = self._typed(key, str, "")
        match = _DURATION.match(text)
        if match is None:
            self._counters.num_malformed += bool(text)
            return None
        return float(match[1])

    def _typed(self, key: str, kind: type[_T], empty: _T) -> _T:
        value = self._values.get(key)
        if value is None:
            return empty
        if not isinstance(value, kind):
            self._counters.num_malformed += 1
            return empty
        return value


def read_message(raw: bytes | str, counters: Counters) -> Fields | None:
    """A message as its fields; None, and counted, when it is no JSON object."""
    counters.num_messages += 1
    counters.bytes_received += len(raw)
    if len(raw) > MAX_MESSAGE_BYTES:
        counters.num_oversize += 1
        return None
    values = parse_json(raw)
    if not isinstance(values, dict):
        counters.num_malformed += 1
        return None
    return Fields(values, counters)


def parse_json(raw: bytes | str) -> Any:
    """JSON as standardised (no NaN); None when it is none, or nested too deep to be read."""
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def is_shallow(value: Any) -> bool:
    """True when nothing is nested deeper than `MAX_DEPTH`; itself without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return True
    return False


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
