"""Which source goes to which split: whole groups only, the same every time, checked before it is
written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from scenarios.corpus.duplicates import Pair
from scenarios.errors import ScenarioError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

#: Shares of the groups that go to validation and to test.
VALIDATION, TEST = 0.05, 0.05


def split_of(group: str, seed: int) -> Split:
    """By the hash of the group's name: a new file never moves the others to another side."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < TEST:
        return "test"
    return "validation" if place < TEST + VALIDATION else "train"


def check_no_leak(
    splits: Mapping[str, Split], videos: Mapping[str, str], pairs: Sequence[Pair]
) -> None:
    """Raises ScenarioError where one video, or two sources with a scene in common, stand on two
    sides.
    """
    side: dict[str, tuple[str, Split]] = {}
    for source, split in splits.items():
        other, there = side.setdefault(videos[source], (source, split))
        if there != split:
            raise ScenarioError(
                f"leak: {other} ({there}) and {source} ({split}) are parts of one video; "
                "nothing was published"
            )
    for pair in pairs:
        a, b = splits.get(pair.smaller), splits.get(pair.larger)
        if a and b and a != b:
            raise ScenarioError(
                f"leak: {pair.smaller} ({a}) and {pair.larger} ({b}) have {pair.share:.0%} of a scene "
                "in common; nothing was published"
            )
