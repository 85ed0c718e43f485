"""An utterance as numbers: MiniLM's states, runs of words, patterns and counts, for the whole and each clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.officer.context import Context, context_of, taken
from simulator.officer.lexicon import COMMAND, COURTESY_OR_REASON, PATTERNS
from simulator.officer.reading import Reading
from simulator.officer.spans import Span, clauses, plain

Array = NDArray[np.float32]
#: Of a very long utterance, the first this many clauses are looked at one by one.
_MOST_CLAUSES = 40
_STOP = re.compile(r"[.!;—…\n]+")
_COMMA = re.compile(r"[,:]")
_ASKS = re.compile(
    r"\b(?:what|where|who|why|how|when|which|are you|is (?:he|she|it|there)|do you|did you|have you|can you)\b"
)
_AGAIN = re.compile(
    r"\b(?:i (?:said|told you|asked you|already)|again|how many times|one more time|like i said)\b"
)
_NUMBERS = 25


@dataclass(frozen=True)
class Part:
    """The whole utterance, or one clause of it."""

    span: Span
    text: str
    state: Array
    runs: tuple[str, ...]
    patterns: Array
    numbers: Array


@dataclass(frozen=True)
class Utterance:
    """parts: the clauses; the whole itself where it is one clause."""

    said: Reading
    whole: Part
    parts: tuple[Part, ...]

    @property
    def facts(self) -> Array:
        """What the networks are told beside the states: patterns and numbers of the whole."""
        return np.concatenate([self.whole.patterns, self.whole.numbers])


def utterance_of(
    said: Reading, words: str, earlier_officer: Sequence[str], previous_civilian: str
) -> Utterance:
    """Everything the classifier looks at. said: `words` as read. words: holds a letter or digit."""
    context = context_of(earlier_officer, previous_civilian)
    everything = Span(0, len(words))
    whole = _part(words, everything, said, context)
    spans = clauses(words)[:_MOST_CLAUSES]
    if len(spans) < 2:
        return Utterance(said, whole, (whole,))
    return Utterance(said, whole, tuple(_part(words, span, said, context) for span in spans))


def _part(words: str, span: Span, said: Reading, context: Context) -> Part:
    text = words[span.start : span.end]
    low = plain(text).strip()
    states, places = said.states[: said.utterance], said.places
    if span.end - span.start < len(words):
        inside = (places[:, 0] >= span.start) & (places[:, 1] <= span.end)
        states = states[inside] if inside.any() else states
    return Part(
        span=span,
        text=text,
        state=states.mean(axis=0),
        runs=runs_of(low),
        patterns=np.array([bool(p.search(low)) for p in PATTERNS.values()], dtype=np.float32),
        numbers=_numbers(text, low, context),
    )


def runs_of(low: str) -> tuple[str, ...]:
    """Runs of one to three words, sentence bounds counted as words; each once, in order."""
    marked = _COMMA.sub(" , ", _STOP.sub(" | ", low).replace("?", " ? | "))
    words = f"| {marked} |".split()
    words = [w for i, w in enumerate(words) if not (w == "|" and i and words[i - 1] == "|")]
    found = dict.fromkeys(
        " ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)
    )
    return tuple(found)


def _numbers(text: str, low: str, context: Context) -> Array:
    count = len(low.split())
    marks = low.count("?")
    asks = len(_ASKS.findall(low))
    order = COMMAND.search(low) is not None
    bare = order and not COURTESY_OR_REASON.search(low) and "?" not in low
    from_before = taken(text, context)
    again = bool(_AGAIN.search(low))
    short = count <= 8
    told = [w for w in re.split(r"[.!,?;]+", low) if w.strip()]
    twice = len({w.strip() for w in told}) < len(told)
    letters = [c for c in text if c.isalpha()]
    shouted = len(letters) > 3 and sum(c.isupper() for c in letters) > 0.7 * len(letters)
    values = [
        marks >= 1, marks >= 2, marks >= 3, asks >= 1, asks >= 2, asks >= 3,
        count <= 3, count <= 6, count <= 12, count > 25, low.endswith("?"), "!" in low, shouted,
        from_before.from_civilian, from_before.from_civilian * short,
        from_before.longest_run >= 2, from_before.longest_run >= 3,
        from_before.longest_run / max(1, count),
        order, bare, from_before.order_again, from_before.from_officer, again * order, twice,
        bool(context.civilian),
    ]  # fmt: skip
    assert len(values) == _NUMBERS
    return np.array(values, dtype=np.float32)
