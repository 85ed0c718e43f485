"""How far raters agree beyond chance: Cohen's kappa of two, Krippendorff's alpha of any number.

Cohen 1960; Krippendorff 2004, nominal data, values may be missing. Intervals are bootstraps over sources
(1,000 draws, seeded): on a dozen transcripts they are wide, and that is worth seeing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

from scenarios.corpus.review.opinions import Opinions

#: One thing that was rated: rater -> value.
Unit = dict[str, Hashable]
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Agreement:
    """`value` None: undefined, for everybody used one and the same value throughout."""

    what: str
    measure: str
    raters: tuple[str, ...]
    units: int
    same: float
    value: float | None
    low: float | None
    high: float | None

    def line(self) -> str:
        number = (
            "undefined (only one value was used)" if self.value is None else f"{self.value:.3f}"
        )
        spread = f" [{self.low:.2f}, {self.high:.2f}]" if self.low is not None else ""
        who = ", ".join(self.raters)
        return (
            f"{self.what}: {self.measure} = {number}{spread}; the same in {self.same:.0%} of "
            f"{self.units} ({who})"
        )


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Kappa of two raters over what both rated; None where chance alone would agree always."""
    n = len(pairs)
    if n == 0:
        return None
    observed = sum(a == b for a, b in pairs) / n
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[value] * second[value] for value in first) / n**2
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def krippendorff_alpha(units: Sequence[Unit]) -> float | None:
    """Nominal alpha; units with fewer than two values do not count."""
    coincidence: Counter[tuple[Hashable, Hashable]] = Counter()
    for unit in units:
        values = list(unit.values())
        if len(values) < 2:
            continue
        for i, a in enumerate(values):
            for j, b in enumerate(values):
                if i != j:
                    coincidence[a, b] += 1 / (len(values) - 1)  # type: ignore[assignment]
    totals: Counter[Hashable] = Counter()
    for (a, _), weight in coincidence.items():
        totals[a] += weight
    n = sum(totals.values())
    expected = n * n - sum(t * t for t in totals.values())
    if n <= 1 or expected == 0:
        return None
    observed = sum(weight for (a, b), weight in coincidence.items() if a != b)
    return 1 - (n - 1) * observed / expected


def agreements(opinions: Opinions) -> list[Agreement]:
    """Kappa of every two raters and alpha of all, on verdicts and on roles by speaker.

    Final words (said to settle a dispute, with the others' verdicts in view) do not count.
    """
    found: list[Agreement] = []
    for what, by_source in (("verdict", _verdicts(opinions)), ("role", _roles(opinions))):
        raters = sorted({rater for units in by_source for unit in units for rater in unit})
        for pair in combinations(raters, 2):
            shared = _of(by_source, pair)
            if shared:
                found.append(_measured(what, "Cohen's kappa", pair, shared, _kappa_of(pair)))
        shared = _of(by_source, None)
        if shared:
            found.append(
                _measured(what, "Krippendorff's alpha", tuple(raters), shared, krippendorff_alpha)
            )
    return found


def against_filter(opinions: Opinions, proposed: dict[str, bool]) -> list[Agreement]:
    """Kappa of every rater with the filter's own verdict."""
    by_source = _verdicts(opinions)
    sources = [source for source in sorted(opinions) if _verdict_unit(opinions, source)]
    found = []
    for rater in sorted({rater for units in by_source for unit in units for rater in unit}):
        units: list[list[Unit]] = []
        for source in sources:
            unit = _verdict_unit(opinions, source)
            if rater in unit and source in proposed:
                said = "accept" if proposed[source] else "reject"
                units.append([{rater: unit[rater], "the filter": said}])
        pair = (rater, "the filter")
        if units:
            found.append(_measured("verdict", "Cohen's kappa", pair, units, _kappa_of(pair)))
    return found


def _verdict_unit(opinions: Opinions, source: str) -> Unit:
    return {
        rater: opinion.verdict
        for rater, opinion in opinions[source].items()
        if opinion.verdict is not None and not opinion.final
    }


def _verdicts(opinions: Opinions) -> list[list[Unit]]:
    return [[unit] for source in sorted(opinions) if (unit := _verdict_unit(opinions, source))]


def _roles(opinions: Opinions) -> list[list[Unit]]:
    """By source, one unit per speaker."""
    found: list[list[Unit]] = []
    for source in sorted(opinions):
        rated = {r: o for r, o in opinions[source].items() if o.verdict and not o.final}
        labels = sorted({label for opinion in rated.values() for label in opinion.roles})
        found.append(
            [{r: o.roles[label] for r, o in rated.items() if label in o.roles} for label in labels]
        )
    return found


def _of(by_source: list[list[Unit]], raters: tuple[str, ...] | None) -> list[list[Unit]]:
    """Units that at least two (of these raters) have rated, by source."""
    found: list[list[Unit]] = []
    for units in by_source:
        cut = [{r: v for r, v in unit.items() if raters is None or r in raters} for unit in units]
        if kept := [unit for unit in cut if len(unit) >= 2]:
            found.append(kept)
    return found


def _kappa_of(pair: tuple[str, ...]) -> Callable[[Sequence[Unit]], float | None]:
    return lambda units: cohen_kappa([(unit[pair[0]], unit[pair[1]]) for unit in units])


def _measured(
    what: str,
    measure: str,
    raters: tuple[str, ...],
    by_source: list[list[Unit]],
    value_of: Callable[[Sequence[Unit]], float | None],
) -> Agreement:
    units = [unit for group in by_source for unit in group]
    same = sum(len(set(unit.values())) == 1 for unit in units) / len(units)
    value = value_of(units)
    low = high = None
    if value is not None and len(by_source) > 2:
        draw = random.Random(0)
        values = []
        for _ in range(_DRAWS):
            groups = draw.choices(by_source, k=len(by_source))
            drawn = value_of([unit for group in groups for unit in group])
            # A draw in which everybody says the same is full agreement, not no measurement.
            values.append(1.0 if drawn is None else drawn)
        values.sort()
        low, high = values[int(0.025 * _DRAWS)], values[int(0.975 * _DRAWS) - 1]
    return Agreement(what, measure, raters, len(units), same, value, low, high)
