"""How far raters agree on numbers: Krippendorff's alpha for interval data, with a bootstrap over dialogues.

Krippendorff 2004, chapter 11: 1 less observed over expected disagreement, squared distances, values may be missing.
For categories see scenarios.corpus.review.agreement, whose nominal alpha and kappa are used for those.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.runfile import Figure
from scenarios.corpus.review.agreement import krippendorff_alpha

_DRAWS = 1000


@dataclass(frozen=True)
class Agreed:
    """value None: undefined, for nothing was rated twice or everybody used one value throughout."""

    value: float | None
    low: float | None
    high: float | None
    units: int


def alpha_of_numbers(units: Sequence[Mapping[str, float]]) -> float | None:
    """Interval alpha over units (rater -> number). Units rated once do not count."""
    rated = [list(unit.values()) for unit in units if len(unit) >= 2]
    values = [value for unit in rated for value in unit]
    n = len(values)
    if n < 2:
        return None
    observed = sum(_apart(unit) / (len(unit) - 1) for unit in rated) / n
    expected = _apart(values) / (n * (n - 1))
    scale = max(abs(v) for v in values) ** 2 * 1e-12
    return None if expected <= scale else 1 - observed / expected


def agreed_on_numbers(units: Sequence[Mapping[str, float]]) -> Agreed:
    return _with_interval(units, alpha_of_numbers)


def agreed_on_kinds(units: Sequence[Mapping[str, Hashable]]) -> Agreed:
    """Nominal alpha, for `looks real` and the like."""
    return _with_interval(units, lambda drawn: krippendorff_alpha([dict(unit) for unit in drawn]))


def _with_interval(units: Sequence[Any], alpha: Callable[[Sequence[Any]], float | None]) -> Agreed:
    shared = [unit for unit in units if len(unit) >= 2]
    value = alpha(shared)
    if value is None or len(shared) < 3:
        return Agreed(value, None, None, len(shared))
    draw = random.Random(0)
    drawn = [alpha(draw.choices(shared, k=len(shared))) for _ in range(_DRAWS)]
    # A draw in which everybody says the same is full agreement, not no measurement.
    ordered = sorted(1.0 if one is None else one for one in drawn)
    return Agreed(
        value, ordered[int(0.025 * _DRAWS)], ordered[int(0.975 * _DRAWS) - 1], len(shared)
    )


def _apart(values: Sequence[float]) -> float:
    """Sum of squared distances over all ordered pairs."""
    n, total, squares = len(values), sum(values), sum(v * v for v in values)
    return 2 * (n * squares - total * total)


def alpha_figure(name: str, found: Agreed, about: str) -> Figure:
    """An alpha as a figure of a run file."""
    if found.value is None:
        note = "fewer than two rated the same, or all used one value throughout"
        return Figure.unmeasured(name, "alpha", about, note)
    return Figure(
        name=name,
        value=round(found.value, 4),
        unit="alpha",
        about=about,
        low=None if found.low is None else round(found.low, 4),
        high=None if found.high is None else round(found.high, 4),
        n=found.units,
    )
