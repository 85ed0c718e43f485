"""Drafts drawn while the officer still speaks, kept until their words are whole.

People find their answer before the other has finished (Levinson and Torreira 2015, Frontiers in Psychology 6); so does
a civilian by voice. What was drawn on nearly all of the words is judged by all of them, as if it were drawn now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.several import Continuation

_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
#: So many words are enough to answer to, so many may come after them, and the last ones that Whisper makes of an
#: utterance that goes on are guesses.
LEAST_HEARD, MOST_MISSED, GUESSED = 2, 5, 2
#: Drafts that are judged when the words are whole: each costs an embedding.
_MOST_JUDGED = 4


@dataclass(frozen=True)
class Drawn:
    """Drafts of one drawing, whole to their first sentence. took_ms: prefill and decoding.

    manner: what of the stage direction has to be the same for them to be an answer still.
    """

    words: str
    manner: str
    drafts: tuple[Continuation, ...]
    n_prompt: int
    n_cached: int
    prefill_ms: float
    ttft_ms: float
    decode_ms: float
    n_generated: int

    @property
    def took_ms(self) -> float:
        return self.ttft_ms + self.decode_ms


class DraftsAhead:
    """What was drawn for the utterance that is being heard."""

    def __init__(self) -> None:
        self._drawn: list[Drawn] = []

    def keep(self, drawn: Drawn | None) -> None:
        if drawn is not None and drawn.drafts:
            self._drawn.append(drawn)

    def forget(self) -> None:
        """A new utterance begins."""
        self._drawn.clear()

    def count(self, words: str) -> int:
        """Drafts that there are for just these words."""
        return sum(len(drawn.drafts) for drawn in self._drawn if drawn.words == words)

    def matching(self, words: str, manner: str) -> list[Drawn]:
        """What was drawn for the beginning of `words` in the same manner, the most heard first; no more than are
        judged.
        """
        whole = _said(words)
        fits = [d for d in self._drawn if d.manner == manner and _begins(whole, _said(d.words))]
        chosen: list[Drawn] = []
        left = _MOST_JUDGED
        for drawn in sorted(fits, key=lambda d: -len(_said(d.words))):
            if left > 0:
                chosen.append(drawn)
                left -= len(drawn.drafts)
        return chosen


def _begins(whole: Sequence[str], heard: Sequence[str]) -> bool:
    """Whether `heard` was nearly all of `whole`."""
    same = 0
    for one, other in zip(whole, heard, strict=False):
        if one != other:
            break
        same += 1
    if same == len(whole) == len(heard):
        return True
    enough = same >= max(LEAST_HEARD, len(heard) - GUESSED)
    return enough and len(whole) - same <= MOST_MISSED


def _said(words: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in _WORDS.findall(words)]
