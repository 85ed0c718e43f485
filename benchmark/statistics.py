"""Middle, spread and percentiles of samples; a percentile only where there are samples enough for it."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

#: The fewest samples at which a percentile says more than the worst sample does: MLPerf's early-stopping rule at 99 %
#: confidence with one outlier set aside.
ENOUGH_FOR = {90: 64, 95: 130, 99: 662}


def percentile(samples: Sequence[float], percent: float) -> float:
    """Linear between the two nearest, as numpy does it by default."""
    ordered = sorted(samples)
    at = (len(ordered) - 1) * percent / 100
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def enough(samples: Sequence[float], percent: int) -> bool:
    return len(samples) >= ENOUGH_FOR.get(percent, 1)


def median_interval(samples: Sequence[float], rounds: int = 2000) -> tuple[float, float, float]:
    """(median, low, high): 95 % by percentile bootstrap, always the same for the same samples."""
    middle = statistics.median(samples)
    if len(samples) < 5:
        return middle, min(samples), max(samples)
    draw = random.Random(len(samples))
    medians = sorted(
        statistics.median(draw.choices(samples, k=len(samples))) for _ in range(rounds)
    )
    return middle, medians[round(0.025 * rounds)], medians[round(0.975 * rounds) - 1]
