"""What did the officer just do? Each utterance to behaviours, each with the words that show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.embedder import Embedder
from scenarios.behaviours import BehaviourId
from simulator.events import Behaviour
from simulator.officer.classifier import LABELS, Weights, load
from simulator.officer.features import Utterance, utterance_of
from simulator.officer.lexicon import PATTERNS
from simulator.officer.reading import Reading, Said, read_many
from simulator.officer.spans import plain, stretches

#: These are shown by everything that was said, not by one clause of it.
_WHOLE: frozenset[BehaviourId] = frozenset(("stacked_questions", "summary"))
#: A match that covers at least this much of its clause says no more than the clause: the clause is quoted.
_MOST_OF_IT = 0.7
#: The classifier learned on utterances of a few sentences: more words than _LONG are read a stretch at a time.
_LONG, _STRETCH = 80, 40
_TRIM = " \t\n,;:…—-"


class SkillRecogniser:
    """Patterns and a small classifier on MiniLM's states (see classifier.py, weights.json).

    Raises SimulatorError where the weights cannot be read.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._weights: Weights = load()

    def recognise(
        self, words: str, earlier_officer: Sequence[str] = (), previous_civilian: str = ""
    ) -> list[Behaviour]:
        """Behaviours in one utterance, several at once, in the order of `scenarios.behaviours`.

        earlier_officer: the officer's utterances before this one, oldest first (for repeated orders).
        previous_civilian: what was just answered (for mirroring and paraphrase).
        """
        (found,) = self.recognise_many([Said(words, earlier_officer, previous_civilian)])
        return found

    def recognise_many(self, several: Sequence[Said]) -> list[list[Behaviour]]:
        """`recognise` of each, read together: quicker than one by one. An utterance may be empty here."""
        found: list[dict[BehaviourId, Behaviour]] = [{} for _ in several]
        pieces = [(at, piece) for at, said in enumerate(several) for piece in _stretches(said)]
        readings = read_many(self._embedder, [piece for _, piece in pieces])
        for (at, piece), reading in zip(pieces, readings, strict=True):
            for one in self._in_stretch(piece, reading):
                if one.id not in found[at] or found[at][one.id].confidence < one.confidence:
                    found[at][one.id] = one
        return [[each[label] for label in LABELS if label in each] for each in found]

    def _in_stretch(self, piece: Said, reading: Reading) -> Iterator[Behaviour]:
        said = utterance_of(reading, *piece)
        scores, of_clauses = self._weights.scores(said)
        sure = self._weights.confidence(scores)
        for column in np.flatnonzero(scores >= self._weights.threshold):
            label = LABELS[column]
            quote = _quote(piece.words, label, said, int(np.argmax(of_clauses[:, column])))
            yield Behaviour(id=label, quote=quote, confidence=round(float(sure[column]), 3))


def _stretches(said: Said) -> Iterator[Said]:
    """What is read at once: the utterance, or a very long one in parts; nothing where no word was said."""
    long = len(said.words.split()) > _LONG
    for stretch in stretches(said.words, _STRETCH if long else _LONG):
        text = said.words[stretch.start : stretch.end]
        if any(c.isalnum() for c in text):
            yield said._replace(words=text)


def _quote(words: str, label: BehaviourId, said: Utterance, best: int) -> str:
    """The words that show it: the pattern's match in the clause that speaks most for the label, or that clause."""
    if label in _WHOLE:
        return words.strip()
    clause = said.parts[best].span
    text = words[clause.start : clause.end]
    match = PATTERNS[label].search(plain(text))
    shown = match.group() if match else ""
    if not shown or len(shown) >= _MOST_OF_IT * len(text.strip()):
        return text.strip().strip(_TRIM)
    assert match is not None
    return text[match.start() : match.end()].strip(_TRIM) or text.strip()
