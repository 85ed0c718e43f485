"""An utterance and what was said before it, read by MiniLM in one pass: a state for every word piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.embedder import INNER, Embedder

Array = NDArray[np.float32]
#: Word pieces read at most: of the utterance its beginning (`skills` gives longer ones in stretches), of
#: the civilian's words the end, which is what an officer answers, of the officer's own the last order.
_UTTERANCE, _CIVILIAN, _OFFICER = 160, 22, 60
#: Pieces that both sides use anyhow and that are no sign of an echo.
_SMALL = (
    "a an the of to in on at it it's is that this and or but so for with from i me my you your we us our "
    "he she they him her his them their do did does don't not no now just right here there okay be am are was "
    "were has have had s t m re ve ll d ' , . ? ! - what how"
)


@dataclass(frozen=True)
class Reading:
    """states: (n, 384), utterance first, then the civilian's words; marks between them included. inner:
    (n + 1, 384), the same after an inner layer of MiniLM, with the mark at the beginning.

    utterance: how many of the n are the utterance's. places: (utterance, 2) of its pieces in the text.
    echoes: (n, 3) as 0 or 1: is the civilian's, stands also with the civilian, stands also in what the
    officer said before.
    """

    states: Array
    inner: Array
    utterance: int
    places: NDArray[np.int64]
    echoes: Array


@lru_cache(maxsize=4)
def _small_ids(tokenizer: Any) -> frozenset[int]:
    return frozenset(tokenizer.encode(_SMALL, add_special_tokens=False).ids)


class Said(NamedTuple):
    """An utterance and the turns before it. words: holds a letter or digit; earlier_officer: oldest first."""

    words: str
    earlier_officer: Sequence[str] = ()
    previous_civilian: str = ""


#: Utterances read in one pass of the embedder: more of them only wait for the longest.
_TOGETHER = 16


def read(
    embedder: Embedder, words: str, earlier_officer: Sequence[str], previous_civilian: str
) -> Reading:
    """One pass of the embedder over [utterance, civilian]. words: holds a letter or digit."""
    (reading,) = read_many(embedder, [Said(words, earlier_officer, previous_civilian)])
    return reading


def read_many(embedder: Embedder, several: Sequence[Said]) -> list[Reading]:
    """A reading for each, in their order; those of like length share a pass of the embedder."""
    cut = [_cut(embedder._tokenizer, said) for said in several]
    order = sorted(range(len(cut)), key=lambda at: len(cut[at].ids))
    readings: dict[int, Reading] = {}
    for start in range(0, len(order), _TOGETHER):
        batch = order[start : start + _TOGETHER]
        found = _states(embedder, [cut[at] for at in batch])
        for at, (states, inner) in zip(batch, found, strict=True):
            one = cut[at]
            readings[at] = Reading(states, inner, one.utterance, one.places, one.echoes)
    return [readings[at] for at in range(len(cut))]


@dataclass(frozen=True)
class _Cut:
    """Word pieces of [utterance, civilian], with the marks; types: 0 the utterance's, 1 the civilian's."""

    ids: list[int]
    types: list[int]
    utterance: int
    places: NDArray[np.int64]
    echoes: Array


def _cut(tokenizer: Any, said: Said) -> _Cut:
    own = tokenizer.encode(said.words, add_special_tokens=False)
    ids = list(own.ids[:_UTTERANCE])
    heard = tokenizer.encode(said.previous_civilian, add_special_tokens=False).ids[-_CIVILIAN:]
    before = tokenizer.encode(" ".join(said.earlier_officer[-2:]), add_special_tokens=False).ids
    first, last = _marks(tokenizer)
    both = [first, *ids, last, *heard, *([last] if heard else [])]
    types = [0] * (len(ids) + 2) + [1] * (len(both) - len(ids) - 2)
    small = _small_ids(tokenizer)
    theirs, again = set(heard) - small, set(before[-_OFFICER:]) - small
    said_ids = set(ids) - small
    echoes = [
        (t, i in theirs if not t else i in said_ids, not t and i in again)
        for i, t in zip(both, types, strict=True)
    ]
    places = np.array(own.offsets[: len(ids)], dtype=np.int64)
    return _Cut(both, types, len(ids), places, np.array(echoes[1:], dtype=np.float32))


def _states(embedder: Embedder, cuts: Sequence[_Cut]) -> list[tuple[Array, Array]]:
    """Last states without the first mark, which only sums up, and inner ones with it; all in one pass."""
    most = max(len(cut.ids) for cut in cuts)
    ids = np.zeros((len(cuts), most), dtype=np.int64)
    types, mask = ids.copy(), ids.copy()
    for row, cut in enumerate(cuts):
        count = len(cut.ids)
        ids[row, :count], types[row, :count], mask[row, :count] = cut.ids, cut.types, 1
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    last, inner = embedder._session.run(["last_hidden_state", INNER], feed)
    return [
        (last[row, 1 : len(cut.ids)].copy(), inner[row, : len(cut.ids)].copy())
        for row, cut in enumerate(cuts)
    ]


def _marks(tokenizer: Any) -> tuple[int, int]:
    """The pieces at the beginning and between texts."""
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    return int(first), int(last)
