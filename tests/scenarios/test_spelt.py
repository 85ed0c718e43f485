"""Ages and digits as people say them."""

from __future__ import annotations

import pytest

from scenarios.spelt import DIGITS, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("34", 34),
        ("thirty-four", 34),
        ("Forty two", 42),
        ("nine", 9),
        ("nineteen", 19),
        ("sixty", 60),
        ("fine", None),
        ("sixty-eleven", None),
        ("four-two", None),
        ("", None),
    ],
)
def test_numbers_in_words(text: str, value: int | None) -> None:
    assert number(text) == value


def test_digits_are_in_their_places() -> None:
    assert list(DIGITS.values()) == list(range(10))
