"""Settings of the search that were fitted to one listener: they travel in its manifest, under `decoder`.

    {"short_sentences": {"search": {"blank_cost": 3.5}, "confidence": {...}}, "long_sentences": {...}, "wake": {...}}

What the manifest leaves out keeps the value in the code. `python -m export calibrate` writes the entry; publishing a
listener anew removes it, so that nothing fitted to an older one can stay.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from edge_agent.errors import BundleError
from edge_agent.models.bundle import MANIFEST, Bundle
from edge_agent.models.decoder import LONG_SENTENCES, DecoderSettings, is_long_grammar
from edge_agent.models.phone_graph import PhoneGraph
from edge_agent.models.wake import WakeSettings

Value = TypeVar("Value")


@dataclass(frozen=True)
class Fitted:
    """What suits a listener: for grammars with a short sentence, for those with none, and for wake phrases."""

    short_sentences: DecoderSettings = field(default_factory=DecoderSettings)
    long_sentences: DecoderSettings = LONG_SENTENCES
    wake: WakeSettings = field(default_factory=WakeSettings)

    @classmethod
    def of(cls, bundle: Bundle) -> "Fitted":
        """As the manifest has it. Raises BundleError for what is not a setting."""
        try:
            return updated(cls(), bundle.decoder)
        except (TypeError, ValueError) as error:
            place = f"{bundle.folder / MANIFEST}: decoder"
            raise BundleError(f"{place}: {error}; run python -m export calibrate again") from error

    def for_graph(self, graph: PhoneGraph) -> DecoderSettings:
        """What suits the lengths of a graph's sentences. Raises CommandsError if the graph is broken."""
        return self.long_sentences if is_long_grammar(graph) else self.short_sentences

    def as_json(self) -> dict[str, Any]:
        """All that differs from the code's values."""
        return differences(self, Fitted())


def updated(settings: Value, changes: Mapping[str, Any]) -> Value:
    """A copy of nested dataclasses with the changes. ValueError for an unknown name, TypeError for no finite number."""
    names = {one.name for one in fields(cast(Any, settings))}
    if unknown := sorted(set(changes) - names):
        raise ValueError(f"{unknown[0]} is none of {', '.join(sorted(names))}")
    return cast(Value, replace(cast(Any, settings), **{
        name: _changed(name, getattr(settings, name), change) for name, change in changes.items()
    }))  # fmt: skip


def _changed(name: str, present: object, change: Any) -> object:
    if is_dataclass(present):
        if not isinstance(change, Mapping):
            raise TypeError(f"{name} is {change!r}, must be an object")
        return updated(present, change)
    if isinstance(present, tuple):
        if not isinstance(change, list) or len(change) != len(present):
            raise TypeError(f"{name} must be a list of {len(present)}")
        return tuple(_changed(name, one, other) for one, other in zip(present, change, strict=True))
    if isinstance(change, bool) or not isinstance(change, int | float) or not math.isfinite(change):
        raise TypeError(f"{name} is {change!r}, must be a number")
    return type(present)(change)  # type: ignore[call-arg]


def differences(settings: object, base: object) -> dict[str, Any]:
    """Fields of nested dataclasses that differ from those of `base`, as `updated` takes them."""
    found: dict[str, Any] = {}
    for one in fields(cast(Any, settings)):
        value, other = getattr(settings, one.name), getattr(base, one.name)
        if value != other:
            found[one.name] = differences(value, other) if is_dataclass(value) else _plain(value)
    return found


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else round(value, 4)
