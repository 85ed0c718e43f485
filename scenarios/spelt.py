"""Numbers as people say them: what a person's age is checked by, and how a plate's digits are spelt."""

from __future__ import annotations

import re

#: Spoken digits and their values.
DIGITS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
}
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SPELT = (
    DIGITS
    | {word: 10 + n for n, word in enumerate(_TEENS)}
    | {word: 20 + 10 * n for n, word in enumerate(_TENS)}
)


def number(text: str) -> int | None:
    """34 of "34", "thirty-four" and "Thirty four"; None for other words."""
    text = text.lower()
    if text.isdigit():
        return int(text)
    tens, *unit = re.split("[- ]", text)
    if not unit:
        return _SPELT.get(tens)
    if tens not in _TENS or len(unit) > 1 or not DIGITS.get(unit[0]):
        return None
    return _SPELT[tens] + DIGITS[unit[0]]
