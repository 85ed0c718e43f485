"""An utterance cut into clauses, also where a recogniser wrote no punctuation."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SENTENCE = re.compile(r"[^.!?;—…\n]+[.!?;—…\n]*[\"'”’]?")
_STARTER = (
    r"(?:and|but|so|because|cause|or|i|i'm|i'll|i'd|i've|you|you're|we|we're|he|she|it|it's|they|please|can|could|"
    r"would|what|why|how|where|who|do|did|are|just|then|that's|there's|don't|let's|let|tell|take|nobody|if)"
)
_AFTER_COMMA = re.compile(rf", (?={_STARTER}\b)", re.IGNORECASE)
_ANYWHERE = re.compile(rf",? (?={_STARTER}\b)", re.IGNORECASE)
#: A sentence of more words than this with no comma in it (the second: nor a mark at its end) is taken for a
#: recogniser's, and cut before a starter.
_LONG, _LONG_UNMARKED = 14, 8
_LEAST_BEFORE, _LEAST_AFTER = 4, 3
_STRAIGHT = str.maketrans("’‘“”", "''\"\"")
_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")


@dataclass(frozen=True)
class Span:
    """Where a clause stands in the utterance: text[start:end]."""

    start: int
    end: int


def plain(text: str) -> str:
    """Lower case, straight apostrophes; as long as `text`, so that places in it stay true."""
    low = text.lower()
    if len(low) != len(text):  # a letter or two lower to more than one
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return low.translate(_STRAIGHT)


def tokens(text: str) -> list[str]:
    """The words of a plain text."""
    return _TOKEN.findall(text)


def clauses(text: str) -> list[Span]:
    """The clauses that hold a word, in order."""
    found: list[Span] = []
    for sentence in _SENTENCE.finditer(text):
        found += _parts(text, sentence.start(), sentence.end())
    return [span for span in found if any(c.isalnum() for c in text[span.start : span.end])]


def _parts(text: str, start: int, end: int) -> list[Span]:
    sentence = text[start:end]
    most = _LONG if sentence.rstrip()[-1:] in ".?!" else _LONG_UNMARKED
    run_on = "," not in sentence and len(sentence.split()) > most
    cut = _ANYWHERE if run_on else _AFTER_COMMA
    parts, at = [], start
    for match in cut.finditer(sentence):
        here = start + match.end()
        if len(text[at:here].split()) < _LEAST_BEFORE or len(text[here:end].split()) < _LEAST_AFTER:
            continue
        parts.append(Span(at, here))
        at = here
    return [*parts, Span(at, end)]


def stretches(text: str, words: int) -> list[Span]:
    """The text in stretches of whole clauses, each of about `words` words; one stretch where it is short."""
    found: list[Span] = []
    start = count = 0
    for clause in clauses(text):
        count += len(text[clause.start : clause.end].split())
        if count >= words:
            found.append(Span(start, clause.end))
            start, count = clause.end, 0
    if count or not found:
        found.append(Span(start, len(text)))
    return found
