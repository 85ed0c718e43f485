"""Ratings and the key together: realism with intervals, how often people are taken in, and how far raters agree."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations

from benchmark.agreement import agreed_on_kinds, agreed_on_numbers, alpha_figure
from benchmark.errors import BadBenchmarkInput
from benchmark.human_pack import Key, Pack
from benchmark.human_rate import Ratings
from benchmark.metrics.intervals import mean_interval
from benchmark.runfile import Figure, RunFile, new_run_id, utc_now
from scenarios.corpus.review.agreement import cohen_kappa


def human_runs(pack: Pack, key: Key, given: Sequence[Ratings]) -> list[RunFile]:
    """One run for each model of the pack. Raises BadBenchmarkInput where key and pack, or raters, do not fit."""
    if key.pack != pack.id:
        raise BadBenchmarkInput(f"the key belongs to another pack ({key.pack}, this is {pack.id})")
    raters = [one.rater for one in given]
    doubled = {rater for rater in raters if raters.count(rater) > 1}
    if doubled:
        raise BadBenchmarkInput(f"two files are of the same rater: {', '.join(sorted(doubled))}")
    if not any(one.ratings for one in given):
        raise BadBenchmarkInput("nothing has been rated yet")
    return [_run(pack, key, given, number) for number in range(len(key.models))]


def _run(pack: Pack, key: Key, given: Sequence[Ratings], number: int) -> RunFile:
    order = [item.id for item in pack.items]
    realism = {
        item: {one.rater: float(r.realism) for one in given for r in one.ratings if r.item == item}
        for item in order
    }
    real = {
        item: {one.rater: r.real for one in given for r in one.ratings if r.item == item}
        for item in order
    }
    mine = [i for i in order if key.items[i].model == number and realism[i]]
    truth = [i for i in order if key.items[i].model is None and realism[i]]
    sources = sorted({one.source for one in key.items.values()})
    figures = [
        *_group("", "the model's replies", mine, realism, real, key, sources),
        *_group("real_", "real replies", truth, realism, real, key, sources),
        _told_apart(mine, truth, real),
        alpha_figure(
            "alpha_realism",
            agreed_on_numbers(list(realism.values())),
            "raters on realism, interval",
        ),
        alpha_figure(
            "alpha_real", agreed_on_kinds(list(real.values())), "raters on real or not, nominal"
        ),
        *_kappas(given, real),
    ]
    return RunFile(
        kind="human",
        id=new_run_id(),
        began_at=utc_now(),
        seconds=0.0,
        device=key.device,
        runtime={},
        models=[key.models[number]],
        workload=key.workload,
        settings={**key.settings, "pack": pack.id, "raters": len(given)},
        samples={
            "realism": [statistics.mean(realism[i].values()) for i in mine],
            "taken_for_real": [statistics.mean(map(float, real[i].values())) for i in mine],
        },
        figures=figures,
        notes=_notes(pack, given),
        clusters=[key.items[i].source for i in mine],
    )


def _group(
    prefix: str,
    who: str,
    items: Sequence[str],
    realism: dict[str, dict[str, float]],
    real: dict[str, dict[str, bool]],
    key: Key,
    sources: list[str],
) -> list[Figure]:
    where = [sources.index(key.items[i].source) for i in items]
    found = []
    means = [statistics.mean(realism[i].values()) for i in items]
    taken = [statistics.mean(map(float, real[i].values())) for i in items]
    for name, unit, about, values in (
        ("realism", "points", "realism 0-100, mean of the raters", means),
        ("taken_for_real", "share", "taken for a real person's", taken),
    ):
        told = f"{who}: {about}"
        if not values:
            found.append(Figure.unmeasured(prefix + name, unit, told, "none of them was rated"))
            continue
        spread = mean_interval(values, where)
        found.append(
            Figure(
                name=prefix + name,
                value=round(spread.value, 4),
                unit=unit,
                about=told,
                better=None if prefix else "higher",
                low=round(spread.low, 4),
                high=round(spread.high, 4),
                n=spread.n,
            )
        )
    return found


def _told_apart(
    mine: Sequence[str], truth: Sequence[str], real: dict[str, dict[str, bool]]
) -> Figure:
    """Balanced accuracy of the raters: 0.5 is guessing."""
    about = "raters' balanced accuracy at telling real from generated; 0.5 is guessing"
    if not mine or not truth:
        return Figure.unmeasured("told_apart", "share", about, "one of the two kinds was not rated")
    right_generated = statistics.mean(not said for i in mine for said in real[i].values())
    right_real = statistics.mean(said for i in truth for said in real[i].values())
    value = (right_generated + right_real) / 2
    n = sum(len(real[i]) for i in (*mine, *truth))
    return Figure(
        name="told_apart", value=round(value, 4), unit="share", about=about, better="lower", n=n
    )


def _kappas(given: Sequence[Ratings], real: dict[str, dict[str, bool]]) -> list[Figure]:
    found = []
    for one, other in combinations(sorted(rating.rater for rating in given), 2):
        pairs = [
            (said[one], said[other]) for said in real.values() if one in said and other in said
        ]
        kappa = cohen_kappa(pairs)
        name, about = f"kappa_real:{one}:{other}", "Cohen's kappa on real or not"
        if kappa is None:
            found.append(
                Figure.unmeasured(
                    name, "kappa", about, "no item in common, or one value throughout"
                )
            )
        else:
            found.append(
                Figure(name=name, value=round(kappa, 4), unit="kappa", about=about, n=len(pairs))
            )
    return found


def _notes(pack: Pack, given: Sequence[Ratings]) -> list[str]:
    notes = []
    for one in given:
        if len(one.ratings) < len(pack.items):
            notes.append(f"{one.rater} rated {len(one.ratings)} of {len(pack.items)}.")
    if len(given) < 2:
        notes.append("One rater: nothing says whether another would agree.")
    notes += [
        f"{one.rater} on {rating.item}: {rating.comment}"
        for one in given
        for rating in one.ratings
        if rating.comment
    ]
    return notes
