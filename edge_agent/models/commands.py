"""What the user can say, as read from a commands file: intents, sentence templates, lists, rules, replies.

    load_commands(path) -> Commands -> grammar.compile_commands -> PhoneGraph

The format is described in docs/commands.md. Loading checks everything that one entry can get wrong by itself; what only
shows when sentences are put together (unknown lists, ambiguity, pronunciation) is found by the compiler.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import CommandsError
from edge_agent.models.located_yaml import Located, Place, read_located
from edge_agent.models.numbers import number_words
from edge_agent.models.phones import TOKEN_OF_PHONE
from edge_agent.models.templates import Template, parse_template

SlotValue = str | int | float
Pronunciation = tuple[str, ...]

MAX_RANGE_VALUES = 1000
SHIPPED = Path(__file__).resolve().parents[1] / "data" / "commands"
_TOP_KEYS = ("language", "extends", "intents", "lists", "rules", "pronunciations", "skip_words")
_INTENT_KEYS = ("sentences", "slots", "reply", "skill", "confirm")


@dataclass(frozen=True)
class ListValue:
    """One entry of a list: what is said, and what the slot is then set to."""

    template: Template
    value: SlotValue


@dataclass(frozen=True)
class ValueList:
    """The values a slot can take."""

    name: str
    values: tuple[ListValue, ...]
    place: Place


@dataclass(frozen=True)
class Intent:
    """One thing the user can want. `reply`: str.format text over slots, "" where the skill words the answer itself.

    confirm: whether a cloud model that asks for it needs the user's yes; None: as is usual for its skill.
    """

    name: str
    sentences: tuple[Template, ...]
    slots: dict[str, SlotValue]
    reply: str
    skill: str
    place: Place
    confirm: bool | None = None


@dataclass(frozen=True)
class Commands:
    """A whole commands file."""

    path: Path
    language: str
    intents: dict[str, Intent]
    lists: dict[str, ValueList]
    rules: dict[str, Template]
    pronunciations: dict[str, tuple[Pronunciation, ...]]
    skip_words: tuple[Template, ...]

    def templates(self) -> Iterator[Template]:
        """All templates of the file."""
        for intent in self.intents.values():
            yield from intent.sentences
        for entries in self.lists.values():
            yield from (entry.template for entry in entries.values)
        yield from self.rules.values()
        yield from self.skip_words

    def place_of(self, word: str) -> Place:
        """Where a word is written, as near as can be told."""
        for template in self.templates():
            if word in template.text.lower():
                return template.place
        return Place(self.path, 1)


def find_commands(name_or_path: str) -> Path:
    """A shipped commands file by name, or a file. Raises CommandsError."""
    shipped = SHIPPED / f"{name_or_path}.yaml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    if path.is_file():
        return path
    raise CommandsError(f"no commands file '{name_or_path}': give a YAML file or one of: {', '.join(shipped_names())}")


def shipped_names() -> list[str]:
    """Commands files that need no path."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def load_commands(path: str | Path) -> Commands:
    """Read a commands file; CommandsError with file and line for anything that is not as docs/commands.md says."""
    path = Path(path)
    top = read_located(path).mapping("the commands file", _TOP_KEYS)
    if "intents" not in top and "extends" not in top:
        Place(path, 1).fail("no intents; write `intents:` with at least one intent")
    language = top["language"].text("language") if "language" in top else "en"
    if language != "en":
        top["language"].place.fail(f"language '{language}' cannot be recognised; only 'en' can")
    own = Commands(
        path=path,
        language=language,
        intents={name: _intent(name, entry) for name, entry in _entries(top, "intents")},
        lists={name: _value_list(name, entry) for name, entry in _entries(top, "lists")},
        rules={name: _template(entry, f"rule {name}") for name, entry in _entries(top, "rules")},
        pronunciations={word.lower(): _pronunciations(word, entry) for word, entry in _entries(top, "pronunciations")},
        skip_words=tuple(_template(item, "skip_words") for item in _items(top, "skip_words")),
    )
    return _extended(own, top["extends"]) if "extends" in top else own


def _extended(own: Commands, entry: Located) -> Commands:
    """A file on top of a shipped one: what both have is as the file says."""
    name = entry.text("extends")
    if not (SHIPPED / f"{name}.yaml").is_file() or name == own.path.stem:
        entry.place.fail(f"extends '{name}', which is none of: {', '.join(shipped_names())}")
    base = load_commands(SHIPPED / f"{name}.yaml")
    return Commands(
        path=own.path,
        language=own.language,
        intents=base.intents | own.intents,
        lists=base.lists | own.lists,
        rules=base.rules | own.rules,
        pronunciations=base.pronunciations | own.pronunciations,
        skip_words=base.skip_words + own.skip_words,
    )


def _entries(top: dict[str, Located], key: str) -> list[tuple[str, Located]]:
    return list(top[key].mapping(key).items()) if key in top else []


def _items(top: dict[str, Located], key: str) -> list[Located]:
    return top[key].sequence(key) if key in top else []


def _template(entry: Located, what: str) -> Template:
    return parse_template(entry.text(f"a template of {what}"), entry.place)


def _intent(name: str, entry: Located) -> Intent:
    parts = entry.mapping(f"intent {name}", _INTENT_KEYS)
    if "sentences" not in parts:
        entry.place.fail(f"intent {name} has no sentences; write `sentences:` with at least one template")
    slots = parts["slots"].mapping(f"slots of {name}") if "slots" in parts else {}
    return Intent(
        name=name,
        sentences=tuple(_template(item, name) for item in parts["sentences"].sequence(f"sentences of {name}")),
        slots={slot: value.value(f"slot {slot} of {name}") for slot, value in slots.items()},
        reply=_reply(name, parts["reply"]) if "reply" in parts else "",
        skill=parts["skill"].text(f"skill of {name}") if "skill" in parts else "",
        place=entry.place,
        confirm=_confirm(name, parts["confirm"]) if "confirm" in parts else None,
    )


def _confirm(name: str, entry: Located) -> bool:
    said = entry.text(f"confirm of {name}").lower()
    if said not in ("true", "false"):
        entry.place.fail(f"confirm of {name} must be true or false, not '{said}'")
    return said == "true"


def _reply(name: str, entry: Located) -> str:
    reply = entry.text(f"reply of {name}")
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(reply) if field is not None]
    except ValueError as error:
        entry.place.fail(f"reply of {name} is no format text ({error}); write slots as {{name}}")
    if not all(field.isidentifier() for field in fields):
        entry.place.fail(f"reply of {name} has '{{' and '}}' around more than a slot name; write {{name}}")
    return reply


def _value_list(name: str, entry: Located) -> ValueList:
    parts = entry.mapping(f"list {name}", ("values", "range"))
    if not parts:
        entry.place.fail(f"list {name} is empty; give it `values`, `range` or both")
    numbers = _range(name, parts["range"]) if "range" in parts else ()
    items = parts["values"].sequence(f"values of list {name}") if "values" in parts else []
    return ValueList(name, (*numbers, *(_list_value(name, item) for item in items)), entry.place)


def _list_value(name: str, item: Located) -> ListValue:
    if item.is_mapping:
        parts = item.mapping(f"a value of list {name}", ("in", "out"))
        if set(parts) != {"in", "out"}:
            item.place.fail(f"a value of list {name} must be a text, or have `in` (what is said) and `out` (the value)")
        return ListValue(_template(parts["in"], f"list {name}"), parts["out"].value(f"`out` in list {name}"))
    value = item.value(f"a value of list {name}")
    return ListValue(_template(item, f"list {name}"), value)


def _range(name: str, entry: Located) -> tuple[ListValue, ...]:
    parts = entry.mapping(f"range of list {name}", ("from", "to", "step"))
    if "from" not in parts or "to" not in parts:
        entry.place.fail(f"range of list {name} must have `from` and `to`")
    first, last = parts["from"].integer("from"), parts["to"].integer("to")
    step = parts["step"].integer("step") if "step" in parts else 1
    return range_values(first, last, step, entry.place)


def range_values(first: int, last: int, step: int, place: Place) -> tuple[ListValue, ...]:
    """Every number of a range with the ways it is said: 105 -> 'one hundred [and] five', 'a hundred [and] five'."""
    if step < 1 or last < first or (last - first) // step >= MAX_RANGE_VALUES:
        place.fail(f"range {first} to {last} by {step} is empty or has over {MAX_RANGE_VALUES} numbers; narrow it")
    if max(abs(first), abs(last)) > 999_999:
        place.fail(f"range {first} to {last} has numbers that cannot be said; stay within -999,999..999,999")
    return tuple(ListValue(parse_template(_spoken(number), place), number) for number in range(first, last + 1, step))


def _spoken(number: int) -> str:
    words = number_words(number)
    head, hundred, rest = words.rpartition(" hundred")
    if not hundred:
        return words
    head = "(one|a)" if head == "one" else head
    return f"{head} hundred [and] {rest.strip()}" if rest else f"{head} hundred"


def _pronunciations(word: str, entry: Located) -> tuple[Pronunciation, ...]:
    spoken: list[Pronunciation] = []
    for item in entry.sequence(f"pronunciations of '{word}'"):
        phones = tuple(item.text(f"pronunciation of '{word}'").upper().split())
        unknown = [phone for phone in phones if phone not in TOKEN_OF_PHONE]
        if unknown:
            item.place.fail(
                f"pronunciation of '{word}' has '{unknown[0]}', no phone; known are: {' '.join(TOKEN_OF_PHONE)}"
            )
        spoken.append(phones)
    return tuple(spoken)
