"""What a person has yet to write in a drafted scenario."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Stands in a text that is still to be written.
FINISH = "[finish]"


def unfinished(data: Any, at: str = "") -> Iterator[str]:
    """Paths of the texts in which FINISH still stands, in order.

    >>> list(unfinished({"title": "[finish] a title", "endings": [{"closing": "Bye."}]}))
    ['title']
    """
    if isinstance(data, dict):
        for key, value in data.items():
            yield from unfinished(value, f"{at}.{key}" if at else str(key))
    elif isinstance(data, list | tuple):
        for index, value in enumerate(data):
            yield from unfinished(value, f"{at}.{index}")
    elif isinstance(data, str) and FINISH in data.lower():
        yield at
