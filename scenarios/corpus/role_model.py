"""A small linear model of who talks how: hashed words of a speaker, and of those around the
speaker.

Its weights are fitted by `role_training` on speakers whose label names a role; they hold no text.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.corpus.transcript import Role

VERSION = 1
BUCKETS = 1 << 16
MODEL_ROLES: tuple[Role, ...] = (
    "officer",
    "civilian",
    "other_civilian",
    "dispatcher",
    "narrator",
)

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_WEIGHTS = "role_weights.npz"
_STRIP = str.maketrans("", "", ".,!?;:\"'’“”()[]…")


@lru_cache(maxsize=1 << 17)
def _word_id(word: str) -> int:
    core = word.translate(_STRIP)
    if any(c.isdigit() for c in core):
        core = "0" * min(len(core), 6)
    mark = 1 if word.endswith("?") else 0  # who asks is a good half of who is who
    return (zlib.crc32(core.encode()) & 0x7FFFFFFF) * 2 + mark


def word_ids(text: str) -> Ids:
    return np.fromiter((_word_id(w) for w in text.lower().split()), dtype=np.int64)


def _mixed(values: Ids) -> Ids:
    values = (values ^ (values >> 15)) * np.int64(0x2C1B3C6D)
    values = (values ^ (values >> 12)) & np.int64(0x7FFFFFFFFFFF)
    return (values ^ (values >> 17)) % BUCKETS


def features(turns: Sequence[Ids], around: Sequence[tuple[Ids, Ids]]) -> tuple[Ids, Floats]:
    """Bucket numbers and weights of one stretch of a speaker: words, word pairs, first words,
    length of turns; and the words just before and just after, each kind in buckets of its own by a salt."""
    parts: list[Ids] = []
    for ids in turns:
        if not len(ids):
            continue
        base = ids >> 1
        parts.append(base * 31 + 1)
        parts.append(np.asarray([(int(ids[-1]) & 1) + 7_000_000_000 + 2]))
        parts.append(np.asarray([9_000_000_000 + min(len(ids), 60).bit_length()]))
        if len(base) > 1:
            parts.append(base[:-1] * 1_000_003 + base[1:] * 7 + 2)
        parts.append(np.asarray([int(base[0]) * 31 + 5]))
    for before, after in around:
        if len(before):
            parts.append((before[-12:] >> 1) * 31 + 3)
            parts.append(np.asarray([(int(before[-1]) & 1) + 11_000_000_000]))
        if len(after):
            parts.append((after[:12] >> 1) * 31 + 4)
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    buckets, counts = np.unique(_mixed(np.concatenate(parts)), return_counts=True)
    values = np.log1p(counts).astype(np.float32)
    return buckets, values / np.float32(np.linalg.norm(values) + 1e-6)


def stretches(said: Sequence[Ids], at: Sequence[int], words: int = 150) -> list[list[int]]:
    """The speaker's turns cut into stretches of about so many words: what the model was fitted on."""
    out: list[list[int]] = [[]]
    size = 0
    for index in at:
        out[-1].append(index)
        size += len(said[index])
        if size >= words:
            out.append([])
            size = 0
    return [stretch for stretch in out if stretch]


@cache
def weights() -> Floats:
    """Weights by role and bucket, shape (5, BUCKETS), last column: bias."""
    with resources.files("scenarios.corpus").joinpath(_WEIGHTS).open("rb") as stream:
        data: Any = np.load(stream)
        table: Floats = data["weights"].astype(np.float32) * data["scale"][:, None]
        return table


def stretch_log_odds(
    said: Sequence[Ids], stretch: Sequence[int], table: Floats | None = None
) -> npt.NDArray[np.float32]:
    """Log-probability of each of MODEL_ROLES for one stretch of one speaker."""
    table = weights() if table is None else table
    empty = np.empty(0, np.int64)
    around = [
        (said[i - 1] if i else empty, said[i + 1] if i + 1 < len(said) else empty) for i in stretch
    ]
    buckets, values = features([said[i] for i in stretch], around)
    logits = table[:, buckets] @ values + table[:, -1]
    logits = logits - logits.max()
    result: npt.NDArray[np.float32] = logits - np.log(np.exp(logits).sum())
    return result
