"""Does a reply do what the stage direction told: use a fact it was given, in the mood, at the length.

Read off the direction and the reply by the rules of training.conditioning. The same is read off the real replies: they
are what a direction can be followed to, by these rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scenarios.prompt import _LENGTHS, _MOODS, Length
from training.conditioning import content_words, feeling_of, length_of

_SAY = "May say: "
_SENTENCES = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Told:
    """A direction, taken apart. mood: 0 (calm) to 4 (losing control); facts: sentences."""

    mood: int
    length: Length | None
    facts: tuple[str, ...]


def told(direction: str) -> Told | None:
    """What `scenarios.prompt.direction` wrote; None where the turn has none."""
    text = direction.strip().removeprefix("(").removesuffix(")")
    moods = [word for _, word in _MOODS]
    mood = next(
        (at for at in reversed(range(len(moods))) if text.startswith(f"{moods[at]},")), None
    )
    if mood is None:
        return None
    head, _, facts = text.partition(_SAY)
    length = next((name for name, words in _LENGTHS.items() if words in head), None)
    return Told(mood, length, tuple(f for f in _SENTENCES.split(facts.strip()) if f))


def uses_fact(reply: str, facts: tuple[str, ...]) -> bool:
    """Two content words of one fact's sentence are in the reply, or all where it has fewer."""
    said = content_words(reply)
    for fact in facts:
        own = content_words(fact)
        if own and len(said & own) >= min(2, len(own)):
            return True
    return False


def mood_of(reply: str) -> int:
    """The mood a reply sounds like by itself, 0 to 4."""
    agitation = feeling_of(reply).agitation
    return next(at for at, (bound, _) in enumerate(_MOODS) if agitation < bound)


def length_matches(reply: str, length: Length) -> bool:
    return length_of(reply) == length
