"""An utterance as numbers: MiniLM's states, runs of words, patterns and counts, for the whole and each clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embedder import Embedder
from simulator.officer.context import Context, context_of, taken
from simulator.officer.lexicon import COMMAND, COURTESY_OR_REASON, PATTERNS
from simulator.officer.spans import Span, clauses, plain

Array = NDArray[np.float32]
#: MiniLM reads at most 128 pieces at once; this many words fit with room to spare.
_WORDS_AT_ONCE = 70
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
_NUMBERS = 24


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

    whole: Part
    parts: tuple[Part, ...]


def utterance_of(
    embedder: Embedder, words: str, earlier_officer: Sequence[str], previous_civilian: str
) -> Utterance:
    """Everything the classifier looks at. words: holds a letter or digit."""
    context = context_of(earlier_officer, previous_civilian)
    states, places = token_states(embedder, words)
    everything = Span(0, len(words))
    whole = _part(words, everything, states, places, context)
    spans = clauses(words)[:_MOST_CLAUSES]
    if len(spans) < 2:
        return Utterance(whole, (whole,))
    parts = tuple(_part(words, span, states, places, context) for span in spans)
    return Utterance(whole, parts)


def token_states(embedder: Embedder, text: str) -> tuple[Array, Array]:
    """((n, 384) last hidden states, (n, 2) places in the text), one pass for every 70 words."""
    states, places = [], []
    for piece in _pieces(text):
        # One text at a time: int8 activations are scaled over a batch, and would change with the company.
        (read,) = embedder._tokenizer.encode_batch([text[piece.start : piece.end]])
        ids = np.array([read.ids], dtype=np.int64)
        feed: dict[str, Any] = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = embedder._session.run(["last_hidden_state"], feed)
        states.append(hidden[0])
        offsets = np.array(read.offsets, dtype=np.int64)
        places.append(np.where(offsets.sum(1, keepdims=True) > 0, offsets + piece.start, 0))
    return np.concatenate(states).astype(np.float32), np.concatenate(places)


def _pieces(text: str) -> list[Span]:
    starts = [m.start() for m in re.finditer(r"\S+", text)][::_WORDS_AT_ONCE]
    return [Span(a, b) for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def _part(words: str, span: Span, states: Array, places: Array, context: Context) -> Part:
    text = words[span.start : span.end]
    low = plain(text).strip()
    inside = (
        (places[:, 0] >= span.start) & (places[:, 1] <= span.end) & (places[:, 1] > places[:, 0])
    )
    state = states[inside] if span.end - span.start < len(words) and inside.any() else states
    return Part(
        span=span,
        text=text,
        state=state.mean(axis=0),
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
    ]  # fmt: skip
    assert len(values) == _NUMBERS
    return np.array(values, dtype=np.float32)
