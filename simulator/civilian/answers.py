"""What a civilian answers, and answers that need no thought: to words that are none, and to the same question again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.embedder import Vectors
from scenarios.prompt import Length
from simulator.civilian.memory import Memory
from simulator.civilian.odd_words import oddity
from simulator.civilian.stock import deflection, short_answer, stock_line
from simulator.events import Behaviour, Timings

#: A question answered so often before is not answered again.
_TOO_OFTEN = 2


@dataclass(frozen=True)
class Reply:
    """What the civilian says, where it is from, and what was thrown away on the way."""

    text: str
    origin: str  # "model" or "authored", as in events.CivilianSpoke
    note: str
    timings: Timings | None
    refused: list[tuple[str, str]] = field(default_factory=list)  # (draft, reason)
    first_token_at: float | None = None  # time.monotonic()
    tells: tuple[str, ...] = ()  # facts and secrets that its author says it tells


def stock_reply(
    words: str,
    agitation: int,
    draw: random.Random,
    said: Sequence[str],
    memory: Memory,
    pieces: Callable[[str], int],
) -> Reply | None:
    """To words that are no part of the encounter, and to questions about the talk itself."""
    recalled = memory.recalls(words)
    if recalled:
        kind, fill = recalled
        line = stock_line(kind, agitation, draw, said, fill)
        if line:
            return Reply(line, "authored", "remembers what was said", None)
    odd = oddity(words, pieces)
    if odd is None:
        return None
    if odd == "silence" and draw.random() < 0.35:
        return Reply("…", "authored", "says nothing", None)
    line = stock_line(odd, agitation, draw, said)
    what = {
        "machine": "words that take them for a machine",
        "role": "words that would take them out of their role",
        "foreign": "words they do not understand",
        "nonsense": "words that are none",
        "silence": "the officer says nothing",
    }[odd]
    if line:
        return Reply(line, "authored", what, None)
    return Reply(deflection(words, agitation, draw, said), "authored", f"{what}; deflection", None)


def asked_again(
    words: str,
    heard: Vectors,
    agitation: int,
    draw: random.Random,
    said: Sequence[str],
    memory: Memory,
) -> Reply | None:
    """A question that was answered before is answered alike, and not a third time."""
    before = memory.asked_before(words, heard)
    answers = [a.answer for a in before if a.answered and any(map(str.isalnum, a.answer))]
    if not answers:
        return None
    if len(before) >= _TOO_OFTEN:
        line = stock_line("too_often", agitation, draw, said)
        return Reply(line, "authored", "was asked this before, twice", None) if line else None
    again = short_answer(answers[0])
    if not again:
        return None
    line = stock_line("asked_again", agitation, draw, said, {"said": again})
    return Reply(line, "authored", "was asked this before", None) if line else None


def reply_length(
    agitation: int, trust: int, behaviours: list[Behaviour], draw: random.Random
) -> Length:
    """How much this person says now: more when asked openly and trusting, less when shut
    down.
    """
    asked_openly = any(
        b.id in ("open_question", "emotion_label", "minimal_encourager") for b in behaviours
    )
    longer = (trust - 35) / 100 + (0.25 if asked_openly else 0.0)
    shorter = max(0.0, (40 - agitation) / 200)
    weights = {
        "silent": 0.02 + (0.04 if trust < 20 else 0.0),
        "short": max(0.1, 0.40 - longer / 2 + shorter),
        "medium": 0.42,
        "long": max(0.04, 0.16 + longer / 2 + max(0, agitation - 75) / 200),
    }
    (length,) = draw.choices(list(weights), list(weights.values()))
    return length  # type: ignore[return-value]
