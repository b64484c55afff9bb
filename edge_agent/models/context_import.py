"""Commands files out of contexts in `[a, b]` choice and `$slot:name` syntax (expressions, slots, macros).

[a, b]      one of these             (a|b)
(a, b)      one of these or nothing  [a|b]
$list:slot  a value of a list        {list:slot}
@macro      the macro's text         <macro>
"""

import re
from itertools import product
from pathlib import Path

import yaml
from hassil.expression import Alternative, Expression, Group, TextChunk

from edge_agent.errors import CommandsError
from edge_agent.models.located_yaml import Located, read_located
from edge_agent.models.templates import parse_template

_CONTEXT_KEYS = ("expressions", "slots", "macros")
_TOKEN = re.compile(
    r"\s*(?:\$(?P<list>[\w.]+):(?P<slot>\w+)|@(?P<macro>\w+)|(?P<sign>[\[\](),])|(?P<text>[^\s\[\](),$@]+))"
)
_OPEN = {"[": ("]", "(", ")"), "(": (")", "[", "]")}
_NUMBER_LISTS = {"pv.SingleDigitInteger": 9, "pv.TwoDigitInteger": 99, "pv.Percent": 100}
_SPECIAL = re.compile(r"[{}<>|;\\]")  # mean something in a hassil template


def import_context(path: str | Path) -> str:
    """Text of a commands file that says the same as the context file; CommandsError naming file and line."""
    path = Path(path)
    top = read_located(path).mapping("the context file")
    if "context" not in top:
        raise CommandsError(f"{path}: has no `context:`; give a speech-to-intent context file")
    context = top["context"].mapping("context", _CONTEXT_KEYS)
    if "expressions" not in context:
        top["context"].place.fail("context has no expressions; nothing to import")
    commands: dict[str, object] = {"language": "en", "intents": _intents(context)}
    lists = _lists(context)
    if lists:
        commands["lists"] = lists
    if "macros" in context:
        commands["rules"] = {name: _choice(entry) for name, entry in context["macros"].mapping("macros").items()}
    text = yaml.safe_dump(commands, sort_keys=False, allow_unicode=True, width=2**20)
    return f"# Imported from {path.name}; the format is described in docs/commands.md.\n{text}"


def _intents(context: dict[str, Located]) -> dict[str, object]:
    intents = context["expressions"].mapping("expressions").items()
    return {
        name: {"sentences": [_template(item) for item in entry.sequence(f"expressions of {name}")]}
        for name, entry in intents
    }


def _lists(context: dict[str, Located]) -> dict[str, object]:
    lists: dict[str, object] = {}
    for name, entry in context["slots"].mapping("slots").items() if "slots" in context else ():
        values = [value for item in entry.sequence(f"slot {name}") for value in _slot_values(item)]
        lists[name] = {"values": list(dict.fromkeys(values))}
    written = "\n".join(item.text("an expression") for entry in _texts(context) for item in entry)
    for name, last in _NUMBER_LISTS.items():
        if f"${name}:" in written:
            lists.setdefault(name, {"range": {"from": 0, "to": last}})
    return lists


def _texts(context: dict[str, Located]) -> list[list[Located]]:
    groups = [context[key].mapping(key) for key in ("expressions", "macros") if key in context]
    return [entry.sequence(f"entries of {name}") for group in groups for name, entry in group.items()]


def _slot_values(item: Located) -> list[str]:
    """Every phrase of a slot's entry by itself: the slot is to get the very words that were said."""
    template = _template(item)
    if "{" in template or "<" in template:
        item.place.fail(f"'{template}' has a slot or macro inside a slot value; write its phrases out")
    phrases = [" ".join(phrase.split()) for phrase in _phrases(parse_template(template, item.place).expression)]
    return [phrase for phrase in phrases if phrase]


def _phrases(expression: Expression) -> list[str]:
    if isinstance(expression, TextChunk):
        return [expression.original_text]
    items = expression.items if isinstance(expression, Group) else []
    if isinstance(expression, Alternative):
        return [phrase for item in items for phrase in _phrases(item)]
    return ["".join(parts) for parts in product(*(_phrases(item) for item in items))]


def _choice(entry: Located) -> str:
    choices = [_template(item) for item in entry.sequence("a macro")]
    return choices[0] if len(choices) == 1 else f"({'|'.join(choices)})"


def _template(item: Located) -> str:
    text = item.text("an expression")
    words: list[str] = []
    closers: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            item.place.fail(f"cannot read '{text[position:].strip()}' of '{text}'; mend the expression")
        position = token.end()
        words.append(_translated(token, closers, item, text))
    if closers:
        item.place.fail(f"'{closers[-1][0]}' is missing in '{text}'; close the bracket")
    return _tidy(" ".join(words))


def _translated(token: "re.Match[str]", closers: list[tuple[str, str]], item: Located, text: str) -> str:
    if token["list"]:
        return f"{{{token['list']}:{token['slot']}}}"
    if token["macro"]:
        return f"<{token['macro']}>"
    sign = token["sign"]
    if not sign:
        return _SPECIAL.sub(lambda special: f"\\{special[0]}", token["text"])
    if sign in _OPEN:
        closer, opened, closed = _OPEN[sign]
        closers.append((closer, closed))
        return opened
    if sign == ",":
        return "|" if closers else ""
    if not closers or closers[-1][0] != sign:
        item.place.fail(f"unexpected '{sign}' in '{text}'; mend the brackets")
    return closers.pop()[1]


def _tidy(template: str) -> str:
    template = re.sub(r"\s*\|\s*", "|", re.sub(r"\s+", " ", template))
    return re.sub(r"\s+([)\]])", r"\1", re.sub(r"([(\[])\s+", r"\1", template)).strip()
