"""A commands file as others read it: a JSGF grammar, and regular expressions that find the slots in what they heard.

Only for files without rules and without skip words, as the import of a context makes them.
"""

import re

from edge_agent.models.commands import Commands, SlotValue

_LIST = re.compile(r"\{(\w+)(?::(\w+))?\}")


def as_jsgf(commands: Commands) -> str:
    """Every sentence is an alternative of the one public rule."""
    templates = [template.text for intent in commands.intents.values() for template in intent.sentences]
    sentences = [_LIST.sub(lambda match: f"<{match[1]}>", text).lower() for text in templates]
    rules = [f"public <order> = {' | '.join(sentences)};"]
    for name, entries in commands.lists.items():
        values = " | ".join(value.template.text.lower() for value in entries.values)
        rules.append(f"<{name.lower()}> = {values};")
    return "\n".join(["#JSGF V1.0;", "grammar orders;", *rules, ""])


class TextParser:
    """Finds intent and slots in text that the grammar produced."""

    def __init__(self, commands: Commands) -> None:
        self._values = {
            name: {value.template.text.lower(): value.value for value in entries.values}
            for name, entries in commands.lists.items()
        }
        self._patterns = [
            (name, _LIST.findall(template.text), re.compile(self._pattern(template.text), re.IGNORECASE))
            for name, intent in commands.intents.items()
            for template in intent.sentences
        ]

    def parse(self, text: str) -> tuple[str | None, dict[str, SlotValue]]:
        """Intent and slots of the first sentence that fits; (None, {}) for none."""
        for intent, slots, pattern in self._patterns:
            match = pattern.fullmatch(" ".join(text.split()))
            if match:
                return intent, {slot or name: self._values[name][match[slot or name].lower()] for name, slot in slots}
        return None, {}

    def _pattern(self, template: str) -> str:
        def group(match: re.Match[str]) -> str:
            values = sorted(self._values[match[1]], key=len, reverse=True)
            return f"(?P<{match[2] or match[1]}>{'|'.join(map(re.escape, values))})"

        return _LIST.sub(group, template.replace("(", "(?:"))
