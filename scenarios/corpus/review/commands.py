"""`deescal corpus review`: people look at what the pipeline proposed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run_folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--rater", metavar="NAME", help="Who you are; the same name goes on where it stopped."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Only the N most uncertain: the same N for every rater.",
)
@click.option(
    "--only",
    type=click.Choice(["accepted", "rejected"]),
    help="Only what the filter accepted, or rejected.",
)
@click.option("--settle", is_flag=True, help="Only what raters differ on; your word is final.")
@click.option("--agreement", is_flag=True, help="Print how far the raters agree, and stop.")
def review(
    run_folder: Path,
    rater: str | None,
    limit: int | None,
    only: str | None,
    settle: bool,
    agreement: bool,
) -> None:
    """A person looks: transcript, roles, verdict and quotes; the most uncertain first.

    Each rater judges alone. Every act is kept in DIR/review/trail.jsonl; what raters decide together goes
    into DIR/review/decisions.json, which `deescal corpus publish DIR` obeys.

    \b
    Examples:
      deescal corpus review run/ --rater anna --limit 50
      deescal corpus review run/ --rater ben --limit 50
      deescal corpus review run/ --agreement
      deescal corpus review run/ --rater carla --settle
    """
    from models.errors import BadInput
    from scenarios.corpus.review.waiting import waiting
    from scenarios.corpus.run import Run

    run = Run.open(run_folder)
    if agreement:
        _print_agreement(run_folder)
        return
    if rater is None:
        raise BadInput("--rater is missing: say who you are, so that raters can be told apart")
    with click.progressbar(length=len(run.sources("filter")), label="reading the queue") as bar:
        items = waiting(run, lambda done, of: bar.update(1))
    if only is not None:
        items = [item for item in items if item.accepted == (only == "accepted")]
        if not items:
            raise BadInput(f"--only {only}: the filter {only} nothing")

    from scenarios.corpus.review.desk import Desk
    from scenarios.corpus.review.screen import ReviewApp

    desk = Desk(run, items if settle else items[:limit], rater, settle)
    ReviewApp(desk).run()
    click.echo(f"{desk.rater}: {desk.done} of {len(desk.items)} reviewed; {desk.trail.path}")


def _print_agreement(run_folder: Path) -> None:
    from scenarios.corpus.review.agreement import against_filter, agreements
    from scenarios.corpus.review.opinions import joint, opinions_of
    from scenarios.corpus.review.trail import Trail
    from scenarios.corpus.run import Run
    from scenarios.errors import BadScenario

    run, trail = Run.open(run_folder), Trail(run_folder)
    opinions = opinions_of(trail.acts())
    if not opinions:
        raise BadScenario(f"{trail.path}: nobody has reviewed anything yet")
    proposed = {}
    for source in opinions:
        kept = run.kept("filter", source)
        if kept is not None and "accepted" in kept.facts:
            proposed[source] = bool(kept.facts["accepted"])
    lines = [one.line() for one in agreements(opinions)]
    click.echo("\n".join(lines) or "No source has two raters yet.")
    click.echo("\n".join(one.line() for one in against_filter(opinions, proposed)))
    together = {source: joint(by_rater) for source, by_rater in opinions.items()}
    decided = {source: one for source, one in together.items() if one is not None}
    disputed = [source for source, one in sorted(decided.items()) if one.disputed]
    click.echo(f"{len(decided)} sources decided, {len(disputed)} in dispute (--settle)")
    for source in disputed:
        click.echo(f"  {source}: {', '.join(decided[source].disputed)}")
