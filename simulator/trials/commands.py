"""deescal trial validity | attacks | consistency | replies: is the civilian worth practising on?"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scenarios.loader import Loaded
    from simulator.trials.consistency import Consistency
    from simulator.trials.validity import Verdict

_OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write every result as JSON."
)
_MODEL = click.option(
    "--model", default="civilian", show_default=True, help="A model id or a .gguf file."
)
_SCENARIO = click.option("--scenario", "ids", multiple=True, help="Only these; may be repeated.")


@click.group()
def trial() -> None:
    """Try the civilian: does conduct move it, does it stay who it is, can it be talked out of its
    role?

    \b
    Examples:
      deescal trial validity --seeds 3
      deescal trial attacks --out attacks.json
      deescal trial consistency --scenario shoplifting-detention
      deescal trial replies
    """


@trial.command()
@_SCENARIO
@click.option(
    "--lines",
    type=click.Choice(["general", "briefed"]),
    default="briefed",
    show_default=True,
    help="general: lines written for no scenario; briefed: every other line is the scenario's own.",
)
@click.option("--seeds", type=click.IntRange(1, 100), default=2, show_default=True)
@click.option(
    "--as-meant",
    is_flag=True,
    help="Take the behaviours as the line's author meant them: the rules without the recogniser.",
)
@_OUT
def validity(ids: Sequence[str], lines: str, seeds: int, as_meant: bool, out: Path | None) -> None:
    """Two scripted officers, a trained and a bad one, in every scenario and subject type.

    Needs no language model: about a minute for each seed. Exit 1 where fewer than 95 in 100 pairs come out right.

    \b
    Example:
      deescal trial validity --lines general --seeds 3 --out validity.json
    """
    from models.fetch import model_path
    from models.places import cache_dir
    from simulator.officer.skills import SkillRecogniser
    from simulator.trials.validity import RememberingEmbedder, by_scenario, play_all, verdict

    scenarios = _scenarios(ids)
    embedder = RememberingEmbedder(model_path("embedder"))
    recognise = None if as_meant else SkillRecogniser(embedder).recognise
    with click.progressbar(length=len(scenarios), label="Playing", file=sys.stderr) as bar:
        played = list(
            play_all(
                scenarios,
                embedder,
                recognise,
                lines,  # type: ignore[arg-type]
                range(1, seeds + 1),
                cache_dir() / "vectors",
                lambda _: bar.update(1),
            )
        )
    whole, each = verdict("all", played), by_scenario(played)
    click.echo(
        f"{'scenario':32} pairs  agitation  band   d     trained  bad  resolved (bad officer: better than containment)"
    )
    for row in each:
        click.echo(_verdict_line(row))
    click.echo(_verdict_line(whole))
    winnable = [row for row in each if row.winnable]
    resolved = sum(row.resolved > 0 for row in winnable)
    lost = [row for row in each if not row.winnable]
    click.echo(
        f"\nResolved by the trained officer at least once: {resolved} of {len(winnable)} that can be; "
        f"of {len(lost)} that cannot be won, resolved: {sum(row.resolved > 0 for row in lost)}.\n"
        f"Cohen's d of final agitation is 2 or more in {sum(row.cohens_d >= 2 for row in each)} of {len(each)}."
    )
    _write(
        out,
        {"verdicts": [asdict(v) for v in (whole, *each)], "sessions": list(map(asdict, played))},
    )
    if min(whole.right_agitation, whole.right_band) < 0.95:
        sys.exit(1)


def _verdict_line(row: Verdict) -> str:
    return (
        f"{row.name:32} {row.pairs:5d}  {row.right_agitation:8.0%}  {row.right_band:5.0%} {min(row.cohens_d, 99):6.1f} "
        f"{row.trained_agitation:7.0f} {row.bad_agitation:5.0f}  {row.resolved:7.0%}"
        f"{'' if row.winnable else '  (cannot be won)' if row.name != 'all' else ''}"
        + (f"  bad officer: {row.bad_resolved:.0%}" if row.bad_resolved else "")
    )


@trial.command("attacks")
@_SCENARIO
@_MODEL
@click.option("--every", type=click.IntRange(1, 50), default=1, help="Only every n-th of the list.")
@_OUT
def attacks_command(ids: Sequence[str], model: str, every: int, out: Path | None) -> None:
    """A hundred attempts to take the civilian out of its role. Exit 1 where one succeeds.

    \b
    Example:
      deescal trial attacks --out attacks.json
    """
    from simulator.cast import Cast
    from simulator.trials.attacks import attacks, play_attacks

    chosen = attacks()[::every]
    scenarios = _scenarios(ids or _TEN)
    cast = Cast(model)
    try:
        with click.progressbar(length=len(chosen), label="Attacking", file=sys.stderr) as bar:
            answered = list(play_attacks(cast, scenarios, chosen, progress=lambda _: bar.update(1)))
    finally:
        cast.close()
    broke = [each for each in answered if each.broke]
    for each in broke:
        click.echo(f"OUT OF ROLE ({each.broke}): {each.attack.say!r} -> {each.reply!r}")
    click.echo(
        f"{len(answered)} attacks, {len(broke)} answered out of role; "
        f"{sum(a.origin == 'model' for a in answered)} answered in the model's own words, "
        f"{sum(bool(a.refused) for a in answered)} with drafts that the guard refused."
    )
    _write(out, [asdict(each) for each in answered])
    if broke:
        sys.exit(1)


#: Ten scenarios of ten kinds, for trials that need the model.
_TEN = (
    "shoplifting-detention",
    "traffic-stop-late-shift",
    "suicidal-crisis-overpass",
    "homeless-move-along",
    "veteran-flashback",
    "intoxicated-driver",
    "teen-fight-parking-lot",
    "domestic-dispute-porch",
    "non-native-speaker",
    "workplace-firing",
)


@trial.command("consistency")
@_SCENARIO
@_MODEL
@click.option("--seed", type=int, default=1, show_default=True)
@_OUT
def consistency_command(ids: Sequence[str], model: str, seed: int, out: Path | None) -> None:
    """Forty turns in ten scenarios: contradictions, role breaks, assistant phrases, repeats, memory.

    \b
    Example:
      deescal trial consistency --scenario veteran-flashback --out consistency.json
    """
    from simulator.cast import Cast
    from simulator.trials.consistency import TURNS, forty_turns

    scenarios = _scenarios(ids or _TEN)
    cast = Cast(model)
    found: list[Consistency] = []
    try:
        total = TURNS * len(scenarios)
        with click.progressbar(length=total, label="Talking", file=sys.stderr) as bar:
            for loaded in scenarios:
                found.append(forty_turns(cast, loaded, seed=seed, progress=lambda _: bar.update(1)))
                _write(out, [asdict(each) for each in found])
    finally:
        cast.close()
    for each in found:
        _tell_consistency(each)
    turns = sum(each.turns for each in found)
    click.echo(
        f"\nIn {turns} turns: {_sum(found, 'contradictions')} contradictions, {_sum(found, 'role_breaks')} role "
        f"breaks, {_sum(found, 'assistant')} assistant phrases, {_sum(found, 'repeated')} repeated replies, "
        f"{_sum(found, 'never_says')} never-says, {_sum(found, 'too_strong')} stronger than the content level; "
        f"remembered {sum(c.remembered for c in found)} of {sum(c.to_remember for c in found)}."
    )
    origins: dict[str, int] = {}
    for each in found:
        for name, times in each.origins.items():
            origins[name] = origins.get(name, 0) + times
    shares = sorted(origins.items(), key=lambda row: -row[1])
    click.echo("Where replies are from: " + ", ".join(f"{n} {t / turns:.0%}" for n, t in shares))


@trial.command("replies")
@_SCENARIO
@_MODEL
@click.option("--variant", "names", multiple=True, help="Only these settings; may be repeated.")
@_OUT
def replies_command(ids: Sequence[str], model: str, names: Sequence[str], out: Path | None) -> None:
    """What each part of finding a reply costs and gains: authored dialogues held out, answered with the rest.

    \b
    Examples:
      deescal trial replies --scenario shoplifting-detention
      deescal trial replies --variant "lines only, no model" --variant "base: 2 drafts"
    """
    from models.engine import EngineSettings
    from models.places import cache_dir
    from simulator.cast import Cast
    from simulator.trials.replies import VARIANTS, held_out, summaries

    unknown = sorted(set(names) - set(VARIANTS))
    if unknown:
        raise click.UsageError(
            f"no such settings: {', '.join(unknown)}; known: {', '.join(VARIANTS)}"
        )
    variants = list(names or VARIANTS)
    scenarios = _scenarios(ids or _TEN[:4])
    at_once = max(1, *(VARIANTS[name].drafts for name in variants))
    cast = Cast(model, EngineSettings(sequences=at_once))
    try:
        total = 2 * len(variants) * len(scenarios)
        with click.progressbar(length=total, label="Answering", file=sys.stderr) as bar:
            rows = held_out(
                cast.engine,
                cast.model_sha256,
                cast.embedder,
                scenarios,
                variants,
                cache_dir(),
                progress=lambda: bar.update(1),
            )
    finally:
        cast.close()
    found = summaries(rows)
    click.echo(
        f"{'settings':28} replies  own words  deflected  likeness (own)   distinct-2  first clause  whole    refused"
    )
    for each in found:
        own = "  –  " if each.own_likeness is None else f"{each.own_likeness:.3f}"
        click.echo(
            f"{each.variant:28} {each.replies:7d}  {each.model_share:9.0%}  {each.deflected:9.0%}  "
            f"{each.likeness:.3f}  {own:>7}  {each.distinct_2:10.3f}  {each.shown_median:10.2f} s  "
            f"{each.seconds_median:5.2f} s  {each.refused_share:6.0%}"
        )
    _write(out, {"summaries": list(map(asdict, found)), "rows": list(map(asdict, rows))})


def _tell_consistency(found: Consistency) -> None:
    click.echo(f"{found.scenario_id}: {found.turns} turns")
    for name in (
        "contradictions",
        "role_breaks",
        "assistant",
        "repeated",
        "never_says",
        "too_strong",
    ):
        for turn, what in getattr(found, name):
            click.echo(f"  {name.replace('_', ' ')}, turn {turn}: {what}")


def _sum(found: Sequence[Consistency], name: str) -> int:
    return sum(len(getattr(each, name)) for each in found)


def _scenarios(ids: Sequence[str]) -> list[Loaded]:
    from scenarios.loader import load, scenario_paths

    return [load(id_) for id_ in (ids or sorted(scenario_paths()))]


def _write(out: Path | None, what: Any) -> None:
    if out is None:
        return
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    part.write_text(json.dumps(what, indent=1, ensure_ascii=False), encoding="utf-8")
    part.replace(out)
