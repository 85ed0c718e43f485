"""The scenario's own replies: which of them fits what was just said, and how near a draft comes to
them.

A model of 135M cannot invent a person. The authored replies stand among its drafts, and say what
this person sounds like. All fits are on one scale, about 0 to 1: likeness of the officer's words to
those that were answered, less the distance of moods.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from models.embedder import Embedder, Vectors
from scenarios.schema import Civilian, Dialogue, Exchange
from simulator.civilian.disclosure import content_words
from simulator.events import Behaviour

#: A step of 100 points of mood costs this much fit.
_MOOD_WEIGHT = 0.45
_SHARED_BEHAVIOUR = 0.04
#: The exchange after the one that was used last goes on where the talk is.
_GOES_ON = 0.05
#: What waits to be told: an open secret in an authored reply, in the author's plain words when the
#: talk is near it or it wants out, and when it only may be told.
_TELLS_SECRET, _SECRET_NEAR, _SECRET_WAITING = 0.15, 0.66, 0.47
_SECRET_OUT, _FACT_OUT = 0.80, 0.48
_TOLD_ALREADY = 0.12
#: An authored reply answers what is this like the words that it was written for.
_ANSWERS = 0.6
#: A fact in the author's plain words: this and its likeness to what was asked.
_FACT = 0.16
#: A draft loses so much for each point that it is unlike what was answered to such words.
_UNLIKE = 0.5
#: Replies by whose mood a draft's own is read.
_MOOD_NEIGHBOURS = 5


@dataclass(frozen=True)
class Candidate:
    """A reply that a person wrote for this civilian. place: (dialogue, exchange), None for a fact."""

    text: str
    kind: Literal["exchange", "fact", "secret"]
    fit: float
    tells: tuple[str, ...] = ()
    place: tuple[int, int] | None = None


class AuthoredReplies:
    """The exchanges of one scenario's dialogues, and the person's facts, searchable by what the
    officer said.

    cache: a folder for the vectors; they are made once for a given text and embedder.
    """

    def __init__(
        self,
        dialogues: Sequence[Dialogue],
        embedder: Embedder,
        cache: Path,
        person: Civilian | None = None,
    ) -> None:
        self.embedder = embedder
        placed = [
            ((d, n), e) for d, dia in enumerate(dialogues) for n, e in enumerate(dia.exchanges)
        ]
        self._places = [place for place, _ in placed]
        self._exchanges: list[Exchange] = [exchange for _, exchange in placed]
        self._secrets = {s.id for s in person.secrets} if person else set()
        self._facts = [*person.facts, *person.secrets] if person else []
        self._officer = self._vectors([e.officer for e in self._exchanges], cache)
        self._civilian = self._vectors([e.civilian for e in self._exchanges], cache)
        self._fact_vectors = self._vectors([f.text for f in self._facts], cache)
        self._agitation = np.array([e.state.agitation for e in self._exchanges], dtype=np.float32)
        self._trust = np.array([e.state.trust for e in self._exchanges], dtype=np.float32)

    def __len__(self) -> int:
        return len(self._exchanges)

    def _vectors(self, texts: list[str], cache: Path) -> Vectors:
        if not texts:
            return np.zeros((0, self.embedder.width), dtype=np.float32)
        key = hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:24]
        path = cache / f"{key}.npy"
        if path.is_file():
            try:
                kept: Vectors = np.load(path)
                if kept.shape == (len(texts), self.embedder.width):
                    return kept
            except (ValueError, EOFError):
                pass  # half-written by an older crash: made again below
        made = self.embedder.embed(texts)
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.{os.getpid()}.part.npy")
        np.save(part, made)
        part.replace(path)
        return made

    def fitting(
        self,
        heard: Vectors,
        words: str,
        behaviours: Sequence[Behaviour],
        agitation: int,
        trust: int,
        *,
        allowed: Collection[str],
        told: Collection[str],
        near: Collection[str] = (),
        out: Collection[str] = (),
        pivotal: Collection[str] = (),
        last: tuple[int, int] | None = None,
    ) -> list[Candidate]:
        """Replies to words like these in a mood like this, best first.

        heard: vector of the officer's words. allowed: ids of facts and open secrets; a reply that
        tells anything else is left out. told: those told already. near: open secrets that the words come
        near to. out: what wants out; pivotal: what the best
        ending turns on, which wants out first. last: place of the exchange that was used last.
        """
        did = {b.id for b in behaviours}
        waiting = (set(allowed) & self._secrets) - set(told)
        found = []
        moods = self._mood_cost(agitation, trust)
        likes = self._officer @ heard if len(self._exchanges) else ()
        for number, (exchange, like) in enumerate(zip(self._exchanges, likes, strict=True)):
            tells = exchange.state.tells
            if not set(tells) <= set(allowed):
                continue
            fit = float(like) + _SHARED_BEHAVIOUR * len(did & set(exchange.does))
            fit -= float(moods[number])
            place = self._places[number]
            if last is not None and place == (last[0], last[1] + 1):
                fit += _GOES_ON
            if waiting & set(tells):
                fit += _TELLS_SECRET
            elif tells and set(tells) <= set(told):
                fit -= _TOLD_ALREADY
            found.append(Candidate(exchange.civilian, "exchange", fit, tuple(tells), place))
        found += self._plain_facts(heard, words, allowed, told, near, out, pivotal)
        return sorted(found, key=lambda c: -c.fit)

    def _plain_facts(
        self,
        heard: Vectors,
        words: str,
        allowed: Collection[str],
        told: Collection[str],
        near: Collection[str],
        out: Collection[str],
        pivotal: Collection[str],
    ) -> list[Candidate]:
        """What the person would say of a fact: in the author's words, where it has not been told."""
        found = []
        asked = content_words(words)
        for number, fact in enumerate(self._facts):
            if fact.id in told or fact.id not in allowed:
                continue
            like = float(self._fact_vectors[number] @ heard)
            if fact.id in self._secrets:
                fit = _SECRET_OUT if fact.id in out else _SECRET_WAITING
                fit = max(fit, _SECRET_NEAR if fact.id in near else fit)
                found.append(Candidate(fact.text, "secret", fit, (fact.id,)))
            elif asked & content_words(fact.text):
                found.append(Candidate(fact.text, "fact", _FACT + like, (fact.id,)))
            elif fact.id in out:
                fit = _SECRET_OUT if fact.id in pivotal else _FACT_OUT
                found.append(Candidate(fact.text, "fact", fit, (fact.id,)))
        return found

    def _mood_cost(self, agitation: int, trust: int) -> Vectors:
        apart = np.abs(self._agitation - agitation) + np.abs(self._trust - trust)
        cost: Vectors = (_MOOD_WEIGHT * apart / 200).astype(np.float32)
        return cost

    def answered(self, heard: Vectors, place: tuple[int, int]) -> bool:
        """Whether the authored reply at this place was written for a question like this."""
        if place not in self._places:
            return False
        return float(self._officer[self._places.index(place)] @ heard) >= _ANSWERS

    def draft_fit(
        self, heard: Vectors, draft: str, agitation: int, trust: int
    ) -> tuple[float, float]:
        """(fit, likeness) of a draft to the officer's words in this mood.

        likeness: how near it comes to anything this person was written to say, 0-1. Without any
        dialogue there is nothing to judge by: (0.5, 1.0).
        """
        if not self._exchanges:
            return 0.5, 1.0
        said = self._civilian @ self.embedder.embed([draft])[0]
        fit = np.max(self._officer @ heard - _UNLIKE * (1.0 - said))
        nearest = np.argsort(-said)[:_MOOD_NEIGHBOURS]
        weights = np.exp(8.0 * said[nearest])
        weights /= weights.sum()
        apart = abs(float(weights @ self._agitation[nearest]) - agitation)
        apart += abs(float(weights @ self._trust[nearest]) - trust)
        dull = (
            0.0 if content_words(draft) else 0.08
        )  # "I don't know." fits everything, says nothing
        return float(fit) - _MOOD_WEIGHT * apart / 200 - dull, float(np.max(said))
