"""What a part of the evaluation hands to the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge_agent.evaluation.recordings import Floats


@dataclass(frozen=True)
class Figure:
    """One line of the summary. `is_met`: None where there is no goal, or where it could not be measured in full."""

    name: str
    value: str
    goal: str = ""
    is_met: bool | None = None


@dataclass(frozen=True)
class Table:
    """Rows of text under headings."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Curve:
    """Points to draw, with what their axes are."""

    file: str  # name of the picture, without suffix
    title: str
    axes: tuple[str, str]
    lines: Mapping[str, Sequence[tuple[float, float]]]
    is_log: tuple[bool, bool] = (False, False)
    diagonal: bool = False


@dataclass(frozen=True)
class Worst:
    """A recording to listen to, and why."""

    name: str
    said: str
    heard: str
    sound: Floats


@dataclass
class Section:
    """One part of the evaluation. `notes`: how it was measured, where a reader might think otherwise."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    worst: list[Worst] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def percent(share: float) -> str:
    """As a figure of a table."""
    return f"{100 * share:.1f} %"
