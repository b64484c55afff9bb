"""Sentence templates in the syntax of hassil, and the plain words they are made of.

(a|b) choice, [a] option, (a;b) any order, {list}, {list:slot}, {1..10:slot}, <rule>
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from hassil.expression import Expression
from hassil.parse_expression import parse_sentence
from hassil.parser import ParseError

from edge_agent.models.located_yaml import Place
from edge_agent.models.numbers import number_words

_SAID_SIGNS = {"%": " percent ", "&": " and ", "°": " degrees ", "+": " plus ", "\u2019": "'"}
_SEPARATORS = re.compile(r"[\s\-_,.!?:;\"/…]+")


@dataclass(frozen=True)
class Template:
    """One parsed template and where it stands."""

    text: str
    expression: Expression
    place: Place

    def fail(self, what: str) -> NoReturn:
        """Raise CommandsError about this template."""
        self.place.fail(f"{what} (in '{self.text}')")


def parse_template(text: str, place: Place) -> Template:
    """Parse; CommandsError naming file and line when brackets do not match."""
    try:
        return Template(text, parse_sentence(text).expression, place)
    except (ParseError, AssertionError, IndexError, RecursionError) as error:
        place.fail(f"template '{text}' cannot be parsed ({_reason(error)}); check its brackets")


def _reason(error: Exception) -> str:
    chunk = getattr(error, "chunk", None)
    if chunk is not None:
        return f"unexpected '{chunk.text}'"
    return str(error).split(" in: ")[0].split(" from index")[0] or "brackets do not match"


def split_text(text: str) -> list[str]:
    """Pieces of a text chunk: word fragments in lower case, and ' ' for any gap between words."""
    for sign, words in _SAID_SIGNS.items():
        text = text.replace(sign, words)
    pieces: list[str] = []
    end = 0
    for gap in _SEPARATORS.finditer(text):
        pieces += [text[end : gap.start()].lower(), " "] if gap.start() > end else [" "]
        end = gap.end()
    return [*pieces, text[end:].lower()] if end < len(text) else pieces


def spoken_words(token: str) -> tuple[str, ...]:
    """Words of one token as they are said: '25' -> twenty five; others are themselves, without quotes around them."""
    if token.isascii() and token.isdigit() and len(token) <= 6:
        return tuple(number_words(int(token)).split())
    word = token.strip("'")
    return (word,) if word else ()
