"""Swearing by content level, so that a scenario says no more than it announces."""

from __future__ import annotations

import re

from scenarios.schema import ContentLevel

_STRONG = re.compile(r"\b(?:mother)?f+u+c+k\w*|\bcunts?\b|\bcocksucker\w*", re.IGNORECASE)
_EVERYDAY = re.compile(
    r"\b(?:bull|horse)?shit\w*|\b(?:god)?damn(?:ed|it)?\b|\b(?:what|who|why|how|where) the hell"
    r"|\bhell (?:no|yes|yeah|of a)\b|\b(?:go|get) to hell\b"
    r"|\b(?:dumb|jack|smart|hard|bad|lazy|your|my|his|her) ?ass\b|\bassholes?\b"
    r"|\bbitch\w*|\bbastards?\b|\bpiss(?:ed|ing)?\b|\bpricks?\b|\bdick(?:head)?s?\b",
    re.IGNORECASE,
)


def too_strong(words: str, level: ContentLevel) -> str | None:
    """The first word that is stronger than the level allows; None where none is."""
    refused = {"mild": (_STRONG, _EVERYDAY), "moderate": (_STRONG,), "strong": ()}[level]
    for pattern in refused:
        if found := pattern.search(words):
            return found.group().lower()
    return None
