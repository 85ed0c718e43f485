"""The opinions of several judges as one run file: points, agreement, and what is wrong with the judges themselves."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmark.agreement import agreed_on_kinds, agreed_on_numbers, alpha_figure
from benchmark.generate_record import Generation
from benchmark.judge import JudgeSpec, Opinion, Progress, ask_judge
from benchmark.judge_dialogues import Dialogue, generated, real
from benchmark.judge_rubric import VERSION, rubric_hash
from benchmark.metrics.intervals import mean_interval, spearman
from benchmark.run_clock import RunClock
from benchmark.runfile import Figure, RunFile, new_run_id

_FAMILIES = (
    *("smollm", "qwen", "llama", "gemma", "granite", "falcon", "phi", "mistral", "gemini", "gpt"),
    *("claude", "deepseek", "olmo"),
)


def bench_judge(
    generation: Generation,
    judges: Sequence[JudgeSpec],
    against: Generation | None,
    cache: Path,
    key: str,
    most_turns: int,
    most_dialogues: int,
    progress: Progress,
) -> RunFile:
    """Ask every judge about everything and make a run of it. Raises BenchmarkError, BadBenchmarkInput."""
    clock = RunClock()
    ours = generated(generation, most_turns)[:most_dialogues]
    ids = {dialogue.id for dialogue in ours}
    really = [d for d in real(generation, most_turns) if d.id in ids]
    others = [d for d in generated(against, most_turns) if d.id in ids] if against else []
    opinions = []
    for number, spec in enumerate(judges):

        def tell(what: str, share: float, number: int = number) -> None:
            progress(what, (number + share) / len(judges))

        opinions.append(ask_judge(spec, ours, really, others, cache, key, tell))
    manifest = generation.manifest
    samples, rated = _samples(ours, opinions)
    return RunFile(
        kind="judge",
        id=new_run_id(),
        began_at=clock.began_at,
        seconds=round(clock.seconds, 1),
        device=manifest.device,
        runtime=manifest.runtime,
        models=[manifest.model, *([manifest.adapter] if manifest.adapter else [])],
        workload=manifest.workload,
        settings={
            "setting": manifest.setting,
            "mode": manifest.mode,
            "decoding": manifest.decoding,
            "seed": manifest.seed,
            "judges": [spec.name for spec in judges],
            "rubric": f"{VERSION} {rubric_hash()}",
            "most_turns": most_turns,
        },
        samples=samples,
        figures=[
            *_points(ours, rated, opinions),
            *_judges(ours, really, opinions),
            *_order(opinions),
            *_failures(opinions),
        ],
        notes=[*_notes(opinions, ours), *clock.notes()],
        clusters=[dialogue.source for dialogue in rated],
    )


def _samples(
    ours: Sequence[Dialogue], opinions: Sequence[Opinion]
) -> tuple[dict[str, list[float]], list[Dialogue]]:
    """Mean over judges of each dialogue that every judge rated; each judge's own beside it."""
    rated = [d for d in ours if all(d.id in opinion.ratings for opinion in opinions)]
    samples: dict[str, list[float]] = {}
    for name in ("realism", "deescalation"):
        columns = [
            [float(getattr(opinion.ratings[d.id], name)) for d in rated] for opinion in opinions
        ]
        samples[name] = [statistics.mean(values) for values in zip(*columns, strict=True)]
        for opinion, column in zip(opinions, columns, strict=True):
            samples[f"{name}:{opinion.judge}"] = column
    samples["civilian_words"] = [float(d.words) for d in rated]
    return samples, rated


def _points(
    ours: Sequence[Dialogue], rated: Sequence[Dialogue], opinions: Sequence[Opinion]
) -> list[Figure]:
    sources = list(dict.fromkeys(d.source for d in ours))
    clusters = [sources.index(d.source) for d in rated]
    figures = []
    for name, about in (
        ("realism", "realism of the civilian, 100 less what was taken off; mean of the judges"),
        ("deescalation", "where the encounter ended up, 0 to 100; mean of the judges"),
    ):
        values = [
            statistics.mean(float(getattr(o.ratings[d.id], name)) for o in opinions) for d in rated
        ]
        if not values:
            note = "no dialogue was rated by every judge"
            figures.append(Figure.unmeasured(name, "points", about, note))
            continue
        found = mean_interval(values, clusters)
        figures.append(
            Figure(
                name=name,
                value=round(found.value, 2),
                unit="points",
                about=about,
                better="higher",
                low=round(found.low, 2),
                high=round(found.high, 2),
                n=found.n,
            )
        )
    return figures


def _judges(
    ours: Sequence[Dialogue], really: Sequence[Dialogue], opinions: Sequence[Opinion]
) -> list[Figure]:
    """Agreement, and each judge's leanings: to real people, to length, to its own sums."""
    units = {d.id: {o.judge: o.ratings[d.id] for o in opinions if d.id in o.ratings} for d in ours}
    numbers = [{j: float(r.realism) for j, r in unit.items()} for unit in units.values()]
    kinds = [{j: r.looks_real for j, r in unit.items()} for unit in units.values()]
    figures = [
        alpha_figure(
            "alpha_realism", agreed_on_numbers(numbers), "judges on realism, Krippendorff, interval"
        ),
        alpha_figure(
            "alpha_looks_real",
            agreed_on_kinds(kinds),
            "judges on `looks real` (85 or more), nominal",
        ),
    ]
    for opinion in opinions:
        mine = [d for d in ours if d.id in opinion.ratings]
        truth = [
            opinion.ratings[f"real:{d.id}"] for d in really if f"real:{d.id}" in opinion.ratings
        ]
        points = [float(opinion.ratings[d.id].realism) for d in mine]
        name = opinion.judge
        if truth:
            value = statistics.mean(r.realism for r in truth)
            about = "realism that this judge gives to the real civilians"
            figures.append(_plain(f"real_realism:{name}", value, "points", about, len(truth)))
        if points:
            value = statistics.mean(points)
            figures.append(
                _plain(f"realism:{name}", value, "points", "realism by this judge", len(points))
            )
        if len(set(points)) > 1:
            rho = spearman(points, [float(d.words) for d in mine])
            about = "verbosity: rank correlation of realism with the civilian's words; 0 is none"
            figures.append(_plain(f"verbosity:{name}", rho, "rho", about, len(points)))
        else:
            note = "this judge gave one and the same score to all"
            figures.append(Figure.unmeasured(f"verbosity:{name}", "rho", "verbosity", note))
        own = [r for r in opinion.ratings.values() if r.own_total is not None]
        if own:
            wrong = sum(r.own_total != r.realism for r in own) / len(own)
            about = "how often this judge's own sum is not what its list gives"
            figures.append(_plain(f"wrong_sums:{name}", wrong, "share", about, len(own)))
    return figures


def _order(opinions: Sequence[Opinion]) -> list[Figure]:
    """Preferences asked twice with the order swapped: wins that hold both ways, and how often they do not."""
    figures = []
    for opinion in opinions:
        pairs = [said for said in opinion.preferred.values() if None not in said]
        if not opinion.preferred:
            continue
        if not pairs:
            note = "no pair was answered both ways"
            figures.append(
                Figure.unmeasured(f"order_holds:{opinion.judge}", "share", "order swapped", note)
            )
            continue
        held = [said for said in pairs if said[0] == said[1]]
        about = "pairs for which the answer stays when the order is swapped"
        figures.append(
            _plain(
                f"order_holds:{opinion.judge}", len(held) / len(pairs), "share", about, len(pairs)
            )
        )
        first = sum(opinion.first_chosen) / len(opinion.first_chosen)
        about = "position: how often the one that stands first is chosen; 0.5 is even"
        figures.append(
            _plain(
                f"first_chosen:{opinion.judge}", first, "share", about, len(opinion.first_chosen)
            )
        )
        if held:
            wins = sum(said[0] == "ours" for said in held) / len(held)
            about = "preferred to the other generation, of the pairs that hold both ways"
            figures.append(_plain(f"wins:{opinion.judge}", wins, "share", about, len(held)))
    return figures


def _failures(opinions: Sequence[Opinion]) -> list[Figure]:
    figures = []
    for opinion in opinions:
        for name, count, about in (
            (
                "unread",
                len(opinion.unread),
                "answers that were not in the rubric's form: counted, not guessed at",
            ),
            ("failed", len(opinion.failed), "questions that could not be asked"),
        ):
            share = count / opinion.asked if opinion.asked else 0.0
            figures.append(_plain(f"{name}:{opinion.judge}", share, "share", about, opinion.asked))
    return figures


def _notes(opinions: Sequence[Opinion], ours: Sequence[Dialogue]) -> list[str]:
    notes = []
    if len(opinions) < 2:
        notes.append(
            "One judge: nothing says whether another would agree. Give two of different families."
        )
    for opinion in opinions:
        if opinion.unread:
            notes.append(f"{opinion.judge}: first unreadable answer: {opinion.unread[0]}")
        if opinion.failed:
            notes.append(f"{opinion.judge}: first failure: {opinion.failed[0]}")
        if opinion.from_cache:
            notes.append(
                f"{opinion.judge}: {opinion.from_cache} of {opinion.asked} answers were kept from before."
            )
    lost = [d.id for d in ours if not all(d.id in opinion.ratings for opinion in opinions)]
    if lost:
        notes.append(f"{len(lost)} of {len(ours)} dialogues lack a judge and are in no mean.")
    return notes


def family_of(name: str) -> str:
    """The family that a model's name tells; the name itself where it tells none that is known."""
    low = name.lower()
    return next((family for family in _FAMILIES if family in low), low)


def self_preference(runs: Sequence[RunFile]) -> dict[str, float]:
    """How much more each judge gives to models of its own family than the other judges do, in points.

    runs: judge runs of models of several families by the same judges. A judge without a model of its own family,
    one of another, or another judge beside it, is left out.
    """
    leaning: dict[str, list[tuple[bool, float]]] = {}
    for run in runs:
        judges: list[str] = run.settings["judges"]
        for judge in judges:
            others = [j for j in judges if j != judge]
            mine = run.samples.get(f"realism:{judge}", [])
            theirs = [run.samples.get(f"realism:{j}", []) for j in others]
            if not mine or not others:
                continue
            gap = statistics.mean(mine) - statistics.mean(statistics.mean(t) for t in theirs)
            model = run.models[0]
            own = family_of(judge) == family_of(f"{model.name} {model.id} {model.file}")
            leaning.setdefault(judge, []).append((own, gap))
    found = {}
    for judge, gaps in leaning.items():
        own_gaps = [gap for own, gap in gaps if own]
        other_gaps = [gap for own, gap in gaps if not own]
        if own_gaps and other_gaps:
            found[judge] = statistics.mean(own_gaps) - statistics.mean(other_gaps)
    return found


def _plain(name: str, value: float, unit: str, about: str, n: int) -> Figure:
    return Figure(name=name, value=round(value, 4), unit=unit, about=about, n=n)
