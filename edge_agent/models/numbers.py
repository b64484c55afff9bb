"""Numbers as English words."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def number_words(number: int) -> str:
    """Cardinal of 0..999,999 (or its negative) as words: 105 -> 'one hundred five'."""
    if number < 0:
        return "minus " + number_words(-number)
    if number < 20:
        return _UNITS[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_UNITS[number % 10]}" if number % 10 else "")
    if number < 1000:
        return _UNITS[number // 100] + " hundred" + (f" {number_words(number % 100)}" if number % 100 else "")
    if number < 1_000_000:
        return number_words(number // 1000) + " thousand" + (f" {number_words(number % 1000)}" if number % 1000 else "")
    raise ValueError(f"{number} is out of range: -999,999..999,999 can be said")


def ordinal_words(number: int) -> str:
    """Ordinal of 1..999 as words: 21 -> 'twenty first'."""
    head, _, last = number_words(number).rpartition(" ")
    if last in _ORDINALS:
        word = _ORDINALS[last]
    elif last.endswith("y"):
        word = last[:-1] + "ieth"
    else:
        word = last + "th"
    return f"{head} {word}".strip()
