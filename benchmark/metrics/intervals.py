"""How sure a figure is: turns of one talk are alike, so whole sources are drawn again, not turns.

Miller 2024 (arXiv 2411.00640) on clustered errors and paired comparison of models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS = 2000
_SEED = 17


@dataclass(frozen=True)
class Interval:
    """value, and the 95 % interval about it; n turns in `clusters` sources."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


def mean_interval(values: Sequence[float], sources: Sequence[int]) -> Interval:
    """Mean over turns, percentile bootstrap over sources. Raises ValueError where there is no value."""
    return ratio_interval(values, [1.0] * len(values), sources)


def ratio_interval(
    over: Sequence[float], under: Sequence[float], sources: Sequence[int]
) -> Interval:
    """Sum of `over` by sum of `under`, each turn by turn."""
    tops, bottoms, n_clusters = _by_cluster(over, under, sources)
    drawn = _draws(n_clusters)
    rounds = tops[drawn].sum(axis=1) / np.maximum(bottoms[drawn].sum(axis=1), 1e-12)
    low, high = np.percentile(rounds, [2.5, 97.5])
    value = tops.sum() / max(bottoms.sum(), 1e-12)
    return Interval(float(value), float(low), float(high), len(over), n_clusters)


def resampled_interval(
    statistic: Callable[[Sequence[int]], float], sources: Sequence[int], rounds: int = 500
) -> Interval:
    """Of any statistic of the numbers of the turns, by bootstrap over sources."""
    members = _members(sources)
    everyone = list(range(len(sources)))
    values = []
    for drawn in _draws(len(members), rounds):
        values.append(statistic([turn for cluster in drawn for turn in members[cluster]]))
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(statistic(everyone), float(low), float(high), len(sources), len(members))


def jackknife_interval(
    statistic: Callable[[Sequence[int]], float], sources: Sequence[int]
) -> Interval:
    """For what counts distinct things, which a source drawn twice would spoil: each source left out in turn."""
    members = _members(sources)
    value = statistic(list(range(len(sources))))
    k = len(members)
    if k < 2:
        return Interval(value, value, value, len(sources), k)
    without = np.array(
        [
            statistic(
                [t for other, turns in enumerate(members) if other != left_out for t in turns]
            )
            for left_out in range(k)
        ]
    )
    error = float(np.sqrt((k - 1) / k * ((without - without.mean()) ** 2).sum()))
    return Interval(value, value - 1.96 * error, value + 1.96 * error, len(sources), k)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Rank correlation, ties sharing their mean rank; 0 where either never varies."""
    a, b = _ranks(one), _ranks(other)
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0


def _ranks(values: Sequence[float]) -> Floats:
    _, place, count = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place], dtype=np.float64)


@dataclass(frozen=True)
class Difference:
    """New minus old on the same turns: mean, 95 % interval, and how often chance alone gives as much (two-sided)."""

    value: float
    low: float
    high: float
    p: float
    n: int
    clusters: int


def paired_difference(
    new: Sequence[float], old: Sequence[float], sources: Sequence[int], rounds: int = 10_000
) -> Difference:
    """Interval by bootstrap over sources; p by swapping new and old in whole sources (approximate randomisation).

    With fewer than 13 sources every swap is tried, so p cannot be below 2 / 2^sources.
    """
    apart = [a - b for a, b in zip(new, old, strict=True)]
    found = mean_interval(apart, sources)
    tops, _, k = _by_cluster(apart, [1.0] * len(apart), sources)
    if k < 13:
        signs = 1 - 2 * ((np.arange(2**k)[:, None] >> np.arange(k)) & 1)
        chance = np.abs((signs * tops).sum(axis=1)) >= abs(tops.sum()) - 1e-12
        p = float(chance.mean())
    else:
        signs = np.random.default_rng(_SEED).choice([-1, 1], size=(rounds, k))
        chance = np.abs((signs * tops).sum(axis=1)) >= abs(tops.sum()) - 1e-12
        p = float((chance.sum() + 1) / (rounds + 1))
    return Difference(found.value, found.low, found.high, p, found.n, found.clusters)


def _by_cluster(
    over: Sequence[float], under: Sequence[float], sources: Sequence[int]
) -> tuple[Floats, Floats, int]:
    if not len(over):
        raise ValueError("there is no value")
    names = {name: at for at, name in enumerate(dict.fromkeys(sources))}
    places = np.array([names[name] for name in sources])
    tops, bottoms = np.zeros(len(names)), np.zeros(len(names))
    np.add.at(tops, places, np.asarray(over, dtype=np.float64))
    np.add.at(bottoms, places, np.asarray(under, dtype=np.float64))
    return tops, bottoms, len(names)


def _members(sources: Sequence[int]) -> list[list[int]]:
    found: dict[int, list[int]] = {}
    for turn, source in enumerate(sources):
        found.setdefault(source, []).append(turn)
    return list(found.values())


def _draws(n: int, rounds: int = ROUNDS) -> NDArray[np.int64]:
    """(rounds, n) numbers of sources, always the same for the same n."""
    return np.random.default_rng(_SEED).integers(0, n, size=(rounds, n))
