"""Lines that anybody may say in this mood: where nothing else fits, and to words that are no part of the talk."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from scenarios.behaviours import BehaviourId
from scenarios.prompt import mood_word
from simulator.civilian.guard import repeats
from simulator.events import Behaviour

_STOCK_FOLDER = Path(__file__).parent
_DEFLECTIONS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (_STOCK_FOLDER / "deflections.yaml").read_text(encoding="utf-8")
)
_STOCK: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (_STOCK_FOLDER / "stock.yaml").read_text(encoding="utf-8")
)
_RESPONSES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (_STOCK_FOLDER / "responses.yaml").read_text(encoding="utf-8")
)
#: These are answered whatever was said after them; a courtesy only where nothing else was done.
_FIRST: tuple[BehaviourId, ...] = ("threat", "insult", "accusation")
_LAST: tuple[BehaviourId, ...] = ("courtesy",)
#: From this agitation on the sharper of the stock lines are said.
_SHARP = 60
#: A question, with or without its mark: recognised speech may have none.
_ASKS = re.compile(
    r"\?|^(?:what|where|who|why|how|when|which|do|did|does|are|is|can|could|would|have)\b", re.I
)
#: A question that only asks for assent to what was said: "Would you like that?" "Is that right?" "Okay?"
_TAG = re.compile(r"^(?!(?:what|where|who|why|how|when|which)\b)(?:[\w'’]+\W*){1,4}$", re.I)


def stock_line(
    kind: str,
    agitation: int,
    draw: random.Random,
    said: Sequence[str],
    fill: dict[str, str] | None = None,
) -> str | None:
    """A stock line not said before; None when all have been."""
    lines = _STOCK[kind]["high" if agitation >= _SHARP else "low"]
    values = dict(fill or {})
    values |= {name.capitalize(): text[:1].upper() + text[1:] for name, text in values.items()}
    if "said" in values and not re.match(r"I\b|I'|[A-Z][a-z]+ [A-Z]", values["said"]):
        values["said"] = values["said"][:1].lower() + values["said"][1:]
    filled = [line.format(**values) for line in lines]
    left = [line for line in filled if not repeats(line, said)]
    return draw.choice(left) if left else None


def deflection(words: str, agitation: int, draw: random.Random, said: Sequence[str]) -> str:
    """A line that anybody may say in this mood, not said before; silence when all have been."""
    asked = "asked" if _ASKS.search(words) else "told"
    lines = _DEFLECTIONS[mood_word(agitation).lower().replace(" ", "_")][asked]
    left = [line for line in lines if not repeats(line, said)]
    return draw.choice(left) if left else "…"


def response(
    words: str,
    behaviours: Sequence[Behaviour],
    agitation: int,
    draw: random.Random,
    said: Sequence[str],
) -> tuple[str, BehaviourId] | None:
    """What anybody may say to what the officer did last in `words`, and what that was. None where they did nothing
    that has a name, ended with some other question, or every line has been said.
    """

    def weight(behaviour: Behaviour) -> tuple[bool, bool, int]:
        ends = words.rfind(behaviour.quote) + len(behaviour.quote)
        return behaviour.id in _FIRST, behaviour.id not in _LAST, ends

    last = re.split(r"(?<=[.!?…])\s+", words.strip())[-1]
    ends_at = len(words.rstrip()) - len(last)
    asks = _ASKS.search(last) and not _TAG.search(last)
    for behaviour in sorted(behaviours, key=weight, reverse=True):
        first, _, ends = weight(behaviour)
        if asks and not first and (ends <= ends_at or behaviour.id in _LAST):
            return None
        lines = _RESPONSES[behaviour.id]["high" if agitation >= _SHARP else "low"]
        left = [line for line in lines if not repeats(line, said)]
        if left:
            return draw.choice(left), behaviour.id
    return None


def short_answer(answer: str) -> str:
    """The first sentence of an answer that says something, to be said again; "" for none."""
    for sentence in re.split(r"(?<=[.!?…])\s+", answer):
        words = sentence.split()
        if 3 <= len(words) <= 16 and not sentence.endswith(("?", "…")):
            return sentence
    return ""
