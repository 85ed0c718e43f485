"""An utterance and what was said before it, read by MiniLM in one pass: a state for every word piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embedder import Embedder

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
    """states: (n, 384), utterance first, then the civilian's words; marks between them included.

    utterance: how many of the n are the utterance's. places: (utterance, 2) of its pieces in the text.
    echoes: (n, 3) as 0 or 1: is the civilian's, stands also with the civilian, stands also in what the
    officer said before.
    """

    states: Array
    utterance: int
    places: NDArray[np.int64]
    echoes: Array


@lru_cache(maxsize=4)
def _small_ids(tokenizer: Any) -> frozenset[int]:
    return frozenset(tokenizer.encode(_SMALL, add_special_tokens=False).ids)


def read(
    embedder: Embedder, words: str, earlier_officer: Sequence[str], previous_civilian: str
) -> Reading:
    """One pass of the embedder over [utterance, civilian]. words: holds a letter or digit."""
    tokenizer = embedder._tokenizer
    said = tokenizer.encode(words, add_special_tokens=False)
    ids = list(said.ids[:_UTTERANCE])
    places = np.array(said.offsets[: len(ids)], dtype=np.int64)
    heard = list(tokenizer.encode(previous_civilian, add_special_tokens=False).ids)[-_CIVILIAN:]
    before = tokenizer.encode(" ".join(earlier_officer[-2:]), add_special_tokens=False).ids
    first, last = _marks(tokenizer)
    both = [first, *ids, last, *heard, *([last] if heard else [])]
    types = [0] * (len(ids) + 2) + [1] * (len(both) - len(ids) - 2)
    feed: dict[str, Any] = {
        "input_ids": np.array([both], dtype=np.int64),
        "attention_mask": np.ones((1, len(both)), dtype=np.int64),
        "token_type_ids": np.array([types], dtype=np.int64),
    }
    (hidden,) = embedder._session.run(["last_hidden_state"], feed)
    small = _small_ids(tokenizer)
    theirs, own = set(heard) - small, set(before[-_OFFICER:]) - small
    said_ids = set(ids) - small
    echoes = np.array(
        [
            (t, i in theirs if not t else i in said_ids, not t and i in own)
            for i, t in zip(both, types, strict=True)
        ],
        dtype=np.float32,
    )
    keep = slice(1, None)  # the first mark only sums up
    return Reading(
        states=hidden[0][keep].astype(np.float32),
        utterance=len(ids),
        places=places,
        echoes=echoes[keep],
    )


def _marks(tokenizer: Any) -> tuple[int, int]:
    """The pieces at the beginning and between texts."""
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    return int(first), int(last)
