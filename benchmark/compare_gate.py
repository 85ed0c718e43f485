"""Against a baseline: what has become worse by more than is allowed, beyond what chance explains."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.compare import Found, differences, settings_key
from benchmark.errors import BadBenchmarkInput
from benchmark.runfile import Figure
from benchmark.score_paired import paired

_DRAWS = 2000
#: Kinds whose samples are one value an item, the same items in every run of a workload.
_QUALITY = ("score", "judge", "human")
#: Without samples of its own (a maximum, a count): no interval can be taken, the value alone decides.
_CAPACITY = ("peak_mb", "session_peak_mb")

Verdict = Literal["worse", "better", "the same", "not sure"]


@dataclass(frozen=True)
class Tolerance:
    """What may be lost, as a share of the baseline: of speed and memory, and of quality."""

    speed: float = 0.05
    quality: float = 0.01
    length: float = 0.10  # words a reply: the accuracy gate's rule


@dataclass(frozen=True)
class Change:
    """One figure then and now. change: share of the baseline, positive where it became better."""

    kind: str
    device: str
    model: str
    figure: str
    unit: str
    before: float
    after: float
    change: float
    low: float | None
    high: float | None
    verdict: Verdict

    def line(self) -> str:
        spread = "" if self.low is None else f" [{self.low:+.1%}, {self.high:+.1%}]"
        return (
            f"{self.verdict}: {self.kind} {self.figure} of {self.model} on {self.device}: "
            f"{self.before:g} -> {self.after:g} {self.unit} ({self.change:+.1%}{spread})"
        )


def changes(
    now: Sequence[Found], baseline: Sequence[Found], tolerance: Tolerance
) -> tuple[list[Change], list[str]]:
    """Every figure with a good direction, then and now; and the baseline's runs that nothing answers to.

    Raises BadBenchmarkInput where a pair is unlike (with the reason) or nothing can be paired.
    """
    found: list[Change] = []
    alone: list[str] = []
    pairs = 0
    for old in baseline:
        new = _partner(old, now, baseline)
        if new is None:
            alone.append(f"{old.path.name}: {old.kind} of {old.model} on {old.device}")
            continue
        apart = differences(old.run, new.run)
        if apart:
            raise BadBenchmarkInput(f"{new.path} cannot be held to {old.path}: {'; '.join(apart)}")
        pairs += 1
        of_pair = _of_scores if old.kind == "score" else _of_pair
        found += of_pair(old, new, tolerance)
    if not pairs:
        raise BadBenchmarkInput(
            "nothing to hold to the baseline: no run of the same kind, device, model and settings in both"
        )
    return found, alone


def _partner(old: Found, now: Sequence[Found], baseline: Sequence[Found]) -> Found | None:
    """The newest run that answers the same question; where each side has one of that kind, that one."""
    of_kind = [new for new in now if new.kind == old.kind]
    same = [new for new in of_kind if _question(new) == _question(old)]
    if not same and len(of_kind) == 1 == sum(one.kind == old.kind for one in baseline):
        same = of_kind if of_kind[0].device == old.device or old.kind in _QUALITY else []
    return max(same, key=lambda one: one.run.began_at) if same else None


def _question(one: Found) -> tuple[str, ...]:
    model = one.run.models[0] if one.run.models else None
    named = (model.name or model.id, model.quantisation) if model else ("", "")
    if one.kind in _QUALITY:
        return named
    return (*named, one.device, settings_key(one.run))


def _of_pair(old: Found, new: Found, tolerance: Tolerance) -> list[Change]:
    found = []
    for before in old.run.figures:
        try:
            after = new.run.figure(before.name)
        except KeyError:
            continue
        if before.value and after.value is not None and before.better:
            found.append(_change(old, new, before, after, before.better == "higher", tolerance))
    return found


def _of_scores(old: Found, new: Found, tolerance: Tolerance) -> list[Change]:
    """Scores are compared turn by turn, and replies must not become short."""
    found = []
    for row in paired(old.run, new.run):
        better = row.better or ("higher" if row.name == "reply_words" else None)
        if better is None or not row.old:
            continue
        sign = 1 if better == "higher" else -1
        ratio = row.unit == "×"  # of perplexities: 1 is no change
        low, high = sorted(
            sign * (bound - 1 if ratio else bound / abs(row.old)) for bound in (row.low, row.high)
        )
        change = sign * (row.new - row.old) / abs(row.old)
        allowed = tolerance.length if row.name == "reply_words" else tolerance.quality
        verdict = _verdict(change, low, high, allowed)
        if row.name == "reply_words" and verdict == "better":
            verdict = "the same"  # longer is not better
        found.append(
            Change(
                kind="score",
                device=new.device,
                model=new.model,
                figure=row.name,
                unit="" if ratio else row.unit,
                before=round(row.old, 4),
                after=round(row.new, 4),
                change=change,
                low=low,
                high=high,
                verdict=verdict,
            )
        )
    return found


def _verdict(change: float, low: float | None, high: float | None, allowed: float) -> Verdict:
    """Worse (or better) by more than is allowed, with the whole interval on that side of no change."""
    if change < -allowed:
        return "worse" if high is None or high < 0 else "not sure"
    if change > allowed:
        return "better" if low is None or low > 0 else "not sure"
    return "the same"


def _change(
    old: Found, new: Found, before: Figure, after: Figure, higher: bool, tolerance: Tolerance
) -> Change:
    assert before.value is not None
    assert after.value is not None
    sign = 1 if higher else -1
    change = sign * (after.value - before.value) / abs(before.value)
    low, high = _interval(old, new, before.name, sign)
    allowed = tolerance.quality if old.kind in _QUALITY else tolerance.speed
    verdict = _verdict(change, low, high, allowed)
    return Change(
        kind=old.kind,
        device=new.device,
        model=new.model,
        figure=before.name,
        unit=before.unit,
        before=before.value,
        after=after.value,
        change=change,
        low=low,
        high=high,
        verdict=verdict,
    )


def _interval(old: Found, new: Found, name: str, sign: int) -> tuple[float | None, float | None]:
    """95 % of the relative change by bootstrap: paired and by scenario where items are the same, or not."""
    one, other = old.run.samples.get(name, []), new.run.samples.get(name, [])
    if name in _CAPACITY or len(one) < 3 or len(other) < 3:
        return None, None
    clusters = old.run.clusters
    if old.kind in _QUALITY and len(one) == len(other) and clusters == new.run.clusters:
        # -1: the measure does not apply to this item (benchmark/score_figures.py).
        kept = [i for i in range(len(one)) if one[i] >= 0 and other[i] >= 0]
        one, other = [one[i] for i in kept], [other[i] for i in kept]
        clusters = [clusters[i] for i in kept] if clusters else clusters
        if len(one) < 3:
            return None, None
    draw = random.Random(f"{name} {len(one)} {len(other)}")
    if (
        old.kind in _QUALITY
        and len(one) == len(other)
        and old.run.clusters == new.run.clusters
        and clusters
    ):
        drawn = _paired(one, other, clusters, draw)
    else:
        drawn = _apart(one, other, draw)
    values = sorted(sign * drawn() for _ in range(_DRAWS))
    return values[round(0.025 * _DRAWS)], values[round(0.975 * _DRAWS) - 1]


def _paired(
    one: list[float], other: list[float], clusters: list[str], draw: random.Random
) -> Callable[[], float]:
    members: dict[str, list[int]] = {}
    for index, cluster in enumerate(clusters[: len(one)]):
        members.setdefault(cluster, []).append(index)
    groups = list(members.values())
    base = abs(statistics.mean(one)) or 1.0

    def drawn() -> float:
        chosen = [i for group in draw.choices(groups, k=len(groups)) for i in group]
        return sum(other[i] - one[i] for i in chosen) / len(chosen) / base

    return drawn


def _apart(one: list[float], other: list[float], draw: random.Random) -> Callable[[], float]:
    def drawn() -> float:
        before = statistics.median(draw.choices(one, k=len(one)))
        after = statistics.median(draw.choices(other, k=len(other)))
        return (after - before) / abs(before) if before else 0.0

    return drawn
