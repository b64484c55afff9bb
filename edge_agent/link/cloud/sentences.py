"""Text that arrives in pieces, as sentences: the first can be spoken while the rest is still being written."""

import re

_END = re.compile(r"[.!?…]+[\"')\]]*\s+|\n+")
_MIN_CHARACTERS = 12  # "Dr. " is no sentence
MAX_CHARACTERS = 400  # a text without an end is cut at a word


class Sentences:
    """Cuts a stream of text."""

    def __init__(self) -> None:
        self._rest = ""

    def push(self, text: str) -> list[str]:
        """The sentences that are now complete."""
        self._rest += text
        found = []
        while (end := self._end()) is not None:
            sentence, self._rest = self._rest[:end].strip(), self._rest[end:]
            if sentence:
                found.append(sentence)
        return found

    def flush(self) -> list[str]:
        """What is left, complete or not."""
        rest, self._rest = self._rest.strip(), ""
        return [rest] if rest else []

    def _end(self) -> int | None:
        for match in _END.finditer(self._rest):
            if match.end() >= _MIN_CHARACTERS:
                return min(match.end(), MAX_CHARACTERS)
        if len(self._rest) <= MAX_CHARACTERS:
            return None
        space = self._rest.rfind(" ", 1, MAX_CHARACTERS)
        return space if space > 0 else MAX_CHARACTERS
