"""How replies are made, beside real people's: how long, how varied, out of which words.

No collapse and no chatter: a civilian who says "I don't know." to everything, and one who gives speeches, train nobody.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np

from scenarios.likeness import plain_words


@functools.lru_cache(maxsize=20_000)
def words(reply: str) -> tuple[str, ...]:
    """Lower case, without punctuation: the library's own count."""
    return tuple(plain_words(reply))


def distinct(replies: Sequence[str], n: int, most_words: int | None = None) -> float:
    """Distinct word n-grams over all word n-grams (Li et al. 2016), 0 to 1.

    It falls as a text grows. most_words: only so much text is looked at, in an order drawn once, so that two sets of
    replies of different length compare.
    """
    order = list(range(len(replies)))
    if most_words is not None:
        random.Random(17).shuffle(order)
    grams: list[tuple[str, ...]] = []
    left = most_words if most_words is not None else sum(len(words(r)) for r in replies)
    for at in order:
        said = words(replies[at])[: max(0, left)]
        left -= len(said)
        grams += [said[i : i + n] for i in range(len(said) - n + 1)]
    return len(set(grams)) / max(1, len(grams))


def commonest_share(replies: Sequence[str], most: int = 10) -> float:
    """Share of replies that are one of the `most` commonest, case and punctuation aside."""
    found = Counter(" ".join(words(reply)) for reply in replies)
    return sum(count for _, count in found.most_common(most)) / max(1, len(replies))


def length_distance(generated: Sequence[str], real: Sequence[str]) -> float:
    """Earth mover's distance between the two distributions of words per reply, in words."""
    at = np.linspace(0.005, 0.995, 200)
    mine = np.quantile([len(words(r)) for r in generated], at)
    theirs = np.quantile([len(words(r)) for r in real], at)
    return float(np.abs(mine - theirs).mean())


def word_distance(generated: Sequence[str], real: Sequence[str]) -> float:
    """Jensen-Shannon divergence of the two distributions of words, in bits: 0 alike, 1 with no word in common."""
    mine = Counter(itertools.chain.from_iterable(map(words, generated)))
    theirs = Counter(itertools.chain.from_iterable(map(words, real)))
    if not mine or not theirs:
        return 1.0
    keys = list(mine | theirs)
    p = np.array([mine[k] for k in keys]) / mine.total()
    q = np.array([theirs[k] for k in keys]) / theirs.total()
    middle = (p + q) / 2

    def kl(one: np.ndarray) -> float:
        there = one > 0
        return float((one[there] * np.log2(one[there] / middle[there])).sum())

    return (kl(p) + kl(q)) / 2
