"""Amounts, lists and names as spoken English."""

from collections.abc import Sequence

from edge_agent.models.numbers import number_words


def amount(number: int, unit: str) -> str:
    """'one minute', 'ten minutes'."""
    return f"{number_words(number)} {unit}{'' if number == 1 else 's'}"


def duration(duration_s: int, singular: bool = False) -> str:
    """'one hour and thirty minutes'; `singular` as before a noun: 'ten minute' timer."""
    hours, rest_s = divmod(duration_s, 3600)
    minutes, seconds = divmod(rest_s, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    said = [f"{number_words(n)} {unit}" if singular else amount(n, unit) for n, unit in parts if n]
    return join(said) if not singular else " ".join(said)


def join(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def spoken(value: str | int | float) -> str:
    """A slot's value as words: 3 -> 'three', 2.5 -> 'two point five', text as it is."""
    if isinstance(value, str):
        return value
    whole, point, digits = f"{value:g}".partition(".")
    if not whole.lstrip("-").isdigit():
        return str(value)
    said_digits = "".join(f" {number_words(int(digit))}" for digit in digits)
    return number_words(int(whole)) + (f" point{said_digits}" if point else "")


def capital(text: str) -> str:
    """First letter upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """'a pasta', 'an egg'."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"
