"""The scenario's own replies: which of them fits what was just said, and how near a draft comes to
them.

A model of 135M cannot invent a person. The authored replies stand among its drafts, and say what
this person sounds like.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.embedder import Embedder, Vectors
from scenarios.schema import Dialogue, Exchange
from simulator.events import Behaviour

#: A step of 100 points of mood costs this much similarity.
_MOOD_WEIGHT = 0.45
_SHARED_BEHAVIOUR = 0.04


@dataclass(frozen=True)
class Candidate:
    exchange: Exchange
    fit: float  # similarity of the officers' words, less the distance of moods, about 0-1


class AuthoredReplies:
    """The exchanges of one scenario's dialogues, searchable by what the officer said.

    cache: a folder for the vectors; they are made once for a given text and embedder.
    """

    def __init__(self, dialogues: list[Dialogue], embedder: Embedder, cache: Path) -> None:
        self._embedder = embedder
        self._exchanges = [exchange for dialogue in dialogues for exchange in dialogue.exchanges]
        self._officer = self._vectors([e.officer for e in self._exchanges], cache)
        self._civilian = self._vectors([e.civilian for e in self._exchanges], cache)

    def __len__(self) -> int:
        return len(self._exchanges)

    def _vectors(self, texts: list[str], cache: Path) -> Vectors:
        key = hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:24]
        path = cache / f"{key}.npy"
        if path.is_file():
            try:
                kept: Vectors = np.load(path)
                if kept.shape == (len(texts), self._embedder.width):
                    return kept
            except (ValueError, EOFError):
                pass  # half-written by an older crash: made again below
        made = self._embedder.embed(texts)
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.{os.getpid()}.part.npy")
        np.save(part, made)
        part.replace(path)
        return made

    def fitting(
        self,
        officer_words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        allowed: set[str],
    ) -> list[Candidate]:
        """Replies to words like these in a mood like this, best first.

        allowed: ids of facts and open secrets; an exchange that tells anything else is left out.
        """
        if not self._exchanges:
            return []
        near = self._officer @ self._embedder.embed([officer_words or "(silence)"])[0]
        did = {b.id for b in behaviours}
        found = []
        for exchange, similarity in zip(self._exchanges, near, strict=True):
            if not set(exchange.state.tells) <= allowed:
                continue
            apart = abs(exchange.state.agitation - agitation) + abs(exchange.state.trust - trust)
            shared = len(did & set(exchange.does))
            fit = float(similarity) + _SHARED_BEHAVIOUR * shared - _MOOD_WEIGHT * apart / 200
            found.append(Candidate(exchange, fit))
        return sorted(found, key=lambda c: -c.fit)

    def likeness(self, draft: str) -> float:
        """How near a draft comes to anything that this person was written to say, 0-1."""
        if not self._exchanges:
            return 0.0
        return float(np.max(self._civilian @ self._embedder.embed([draft])[0]))
