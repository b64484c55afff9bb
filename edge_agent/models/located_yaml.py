"""YAML that remembers where everything stands, so that an error can name file and line.

Scalars keep the text as written: `on`, `no` and `12` stay words unless a number is asked for.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from edge_agent.errors import CommandsError

Number = int | float


@dataclass(frozen=True)
class Place:
    """A line of a file, first line 1."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def fail(self, what: str) -> NoReturn:
        """Raise CommandsError with this place in front."""
        raise CommandsError(f"{self}: {what}")


@dataclass(frozen=True)
class Located:
    """One YAML node and its place."""

    node: yaml.Node
    path: Path

    @property
    def place(self) -> Place:
        return Place(self.path, self.node.start_mark.line + 1)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def mapping(self, what: str, keys: tuple[str, ...] = ()) -> dict[str, "Located"]:
        """Entries by key; only `keys` are allowed when some are given."""
        if not isinstance(self.node, yaml.MappingNode):
            self.place.fail(f"{what} must be a mapping (key: value)")
        entries: dict[str, Located] = {}
        for key_node, value_node in self.node.value:
            key = Located(key_node, self.path).text(f"a key of {what}")
            place = Located(key_node, self.path).place
            if keys and key not in keys:
                place.fail(f"unknown key '{key}' in {what}; known are: {', '.join(keys)}")
            if key in entries:
                place.fail(f"'{key}' is given twice in {what}; remove one")
            entries[key] = Located(value_node, self.path)
        return entries

    def sequence(self, what: str) -> list["Located"]:
        """Items of a list; a single text counts as a list of one."""
        if isinstance(self.node, yaml.ScalarNode) and self.text(what):
            return [self]
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            self.place.fail(f"{what} must be a list with at least one entry (- ...)")
        return [Located(item, self.path) for item in self.node.value]

    def text(self, what: str) -> str:
        """The text as written."""
        if not isinstance(self.node, yaml.ScalarNode) or not str(self.node.value).strip():
            self.place.fail(f"{what} must be a text")
        return str(self.node.value).strip()

    def value(self, what: str) -> str | Number:
        """A number where one is written without quotes, else the text."""
        text = self.text(what)
        kind = {"tag:yaml.org,2002:int": int, "tag:yaml.org,2002:float": float}.get(self.node.tag)
        try:
            return kind(text) if kind else text
        except ValueError:
            return text

    def integer(self, what: str) -> int:
        """A whole number."""
        number = self.value(what)
        if not isinstance(number, int):
            self.place.fail(f"{what} must be a whole number, not '{number}'")
        return number


def read_located(path: Path) -> Located:
    """Parse a YAML file of one document; CommandsError when it is missing, no text, or no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandsError(f"{path}: cannot be read ({error.strerror or error}); give an existing YAML file") from None
    except UnicodeDecodeError:
        raise CommandsError(f"{path}: is not UTF-8 text; give a YAML file") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise CommandsError(
            f"{path}:{_error_line(error)}: not valid YAML ({_problem(error)}); mend this line"
        ) from None
    except RecursionError:
        raise CommandsError(f"{path}: is nested too deeply; flatten it") from None
    if node is None:
        raise CommandsError(f"{path}: is empty; write at least `intents:`")
    return Located(node, path)


def _error_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _problem(error: yaml.YAMLError) -> str:
    return " ".join(str(getattr(error, "problem", None) or error).split())
