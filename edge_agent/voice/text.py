"""From written text to spoken words and pauses."""

import re

from edge_agent.models.numbers import number_words, ordinal_words

COMMA = ","
STOP = "."
_SIGNS = {
    "%": " percent ",
    "°c": " degrees ",
    "°f": " degrees ",
    "°": " degrees ",
    "&": " and ",
    "+": " plus ",
    "@": " at ",
}
_SHORT = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "street", "etc": "et cetera", "vs": "versus"}
_TIME = re.compile(r"\b(\d{1,2}):([0-5]\d)\b")
_ORDINAL = re.compile(r"\b(\d{1,3})(?:st|nd|rd|th)\b")
_DECIMAL = re.compile(r"(?<![\w.])(-?)(\d+)\.(\d+)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_WHOLE = re.compile(r"(?<!\w)(-?)(\d+)")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|[.,!?;:]")


def spoken_tokens(text: str) -> list[str]:
    """Lower-case words, with COMMA and STOP where a pause belongs; none at the end.

    "It's 10:05, 21°." -> it's ten oh five , twenty one degrees
    """
    text = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for sign, words in _SIGNS.items():
        text = text.replace(sign, words)
    text = _THOUSANDS.sub("", text)
    text = _TIME.sub(lambda found: f" {_clock(int(found[1]), int(found[2]))} ", text)
    text = _ORDINAL.sub(lambda found: f" {_ordinal(found[1])} ", text)
    text = _DECIMAL.sub(lambda found: f" {_minus(found[1])}{_cardinal(found[2])} point {_digits(found[3])} ", text)
    text = _WHOLE.sub(lambda found: f" {_minus(found[1])}{_cardinal(found[2])} ", text)
    tokens = [_SHORT.get(token, token) for token in _TOKEN.findall(text.replace("-", " "))]
    return _tidy([COMMA if token in ",;:" else STOP if token in ".!?" else token for token in tokens])


def _tidy(tokens: list[str]) -> list[str]:
    """One pause where several meet, none at either end."""
    kept: list[str] = []
    for token in tokens:
        if token in (COMMA, STOP) and (not kept or kept[-1] in (COMMA, STOP)):
            continue
        kept.append(token)
    return kept[:-1] if kept and kept[-1] in (COMMA, STOP) else kept


def _minus(sign: str) -> str:
    return "minus " if sign else ""


def _cardinal(digits: str) -> str:
    return number_words(int(digits)) if len(digits) <= 6 else _digits(digits)


def _digits(digits: str) -> str:
    return " ".join(number_words(int(digit)) for digit in digits)


def _ordinal(digits: str) -> str:
    return ordinal_words(int(digits)) if int(digits) else "zeroth"


def _clock(hour: int, minute: int) -> str:
    said = number_words(hour)
    if minute == 0:
        return f"{said} o'clock"
    return f"{said} {'oh ' if minute < 10 else ''}{number_words(minute)}"
