"""Near-duplicates: the same encounter comes round on several platforms, whole or as a clip.

A file is a set of hashed 5-word shingles, of which a quarter is kept (those whose hash ends in 00: the
"scaled" MinHash of Broder's resemblance and containment). Containment, not resemblance, finds a clip
inside a long video. Shingles that many files share (warnings of rights, a channel's phrases) do not count.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scenarios.corpus.transcript import Transcript

#: Share of the smaller file found in the larger: above SAME it is the same encounter, and one is
#: kept;
#: above KIN they have a scene in common and must not be parted by a split.
SAME, KIN = 0.4, 0.05
_SHINGLE = 5
_FEWEST = 8  # shared sampled shingles, about 36 shared words in a row; a rights warning has fewer
_TOO_COMMON = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """`smaller` stands in `larger` to the extent `share`."""

    smaller: str
    larger: str
    share: float

    @property
    def same(self) -> bool:
        return self.share >= SAME


def sketch(transcript: Transcript) -> list[int]:
    """The sampled shingles of a file, sorted."""
    words = re.findall(r"[a-z0-9]+", " ".join(t.text for t in transcript.turns).lower())
    if len(words) < _SHINGLE:
        return []
    ids = np.fromiter((zlib.crc32(w.encode()) for w in words), np.uint64, len(words))
    mixed = np.zeros(len(ids) - _SHINGLE + 1, np.uint64)
    for k in range(_SHINGLE):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + ids[k : len(ids) - _SHINGLE + 1 + k]
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    picked = np.unique(mixed[mixed % np.uint64(4) == 0] >> np.uint64(12))
    return [int(value) for value in picked]


def pairs_of(sketches: Mapping[str, Sequence[int]]) -> list[Pair]:
    """Every pair of files with a scene in common, the closest first."""
    same: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, found_in in sorted(sketches.items()):
        if len(found_in):
            same[tuple(found_in)].append(name)
    # Copies count as one file below: else what stands in many copies would pass for a stock phrase.
    names = [copies[0] for copies in same.values()]
    if not names:
        return []
    values = np.concatenate([np.asarray(sketches[name], np.uint64) for name in names])
    owner = np.repeat(np.arange(len(names)), [len(sketches[name]) for name in names])
    order = np.argsort(values, kind="stable")
    values, owner = values[order], owner[order]
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(values)]]))
    rare = Counter[int]()
    shared: Counter[tuple[int, int]] = Counter()
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        files = owner[start : start + size].tolist()
        if size <= _TOO_COMMON:
            rare.update(files)
            shared.update((a, b) for i, a in enumerate(files) for b in files[i + 1 :])
    found = [Pair(copy, copies[0], 1.0) for copies in same.values() for copy in copies[1:]]
    for (a, b), count in shared.items():
        if count < _FEWEST:
            continue
        small, large = (a, b) if rare[a] <= rare[b] else (b, a)
        share = count / rare[small]
        if share >= KIN:
            found.append(Pair(names[small], names[large], round(share, 3)))
    return sorted(found, key=lambda pair: (-pair.share, pair.smaller, pair.larger))


def groups_of(videos: Mapping[str, str], pairs: Sequence[Pair]) -> dict[str, str]:
    """Source -> its group: sources of one video and sources with a scene in common are one group."""
    parent = {source: source for source in videos}

    def root(source: str) -> str:
        while parent[source] != source:
            parent[source] = parent[parent[source]]
            source = parent[source]
        return source

    def join(a: str, b: str) -> None:
        if a in parent and b in parent:
            first, second = sorted((root(a), root(b)))
            parent[second] = first

    of_video: dict[str, list[str]] = defaultdict(list)
    for source, video in videos.items():
        of_video[video].append(source)
    for sources in of_video.values():
        for source in sources[1:]:
            join(sources[0], source)
    for pair in pairs:
        join(pair.smaller, pair.larger)
    return {source: root(source) for source in videos}


def to_drop(words: Mapping[str, int], pairs: Sequence[Pair]) -> dict[str, str]:
    """Source -> the source that is kept in its place, among those in `words`.

    The one with more words is kept; but what already stands in for another is never dropped for a third.
    """
    gone: dict[str, str] = {}
    for pair in pairs:
        known = pair.smaller in words and pair.larger in words
        if not known or not pair.same or pair.smaller in gone or pair.larger in gone:
            continue
        a, b = pair.smaller, pair.larger
        lose, keep = (a, b) if (words[a], b) <= (words[b], a) else (b, a)
        if lose in gone.values():
            lose, keep = keep, lose
        if lose not in gone.values():
            gone[lose] = keep
    return gone
