"""deescal review list | show | progress | utterance."""

from __future__ import annotations

import sys
from pathlib import Path

import click


class _ShowByDefault(click.Group):
    """`deescal review 3f9a` is `deescal review show 3f9a`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_ShowByDefault)
def review() -> None:
    """Open, list and export after-action reviews.

    \b
    Examples:
      deescal review list
      deescal review last
      deescal review 3f9a --html review.html
      deescal review progress "J. Kim" --html progress.html
    """


@review.command("list")
@click.option("--officer", help="Only this officer's sessions.")
def review_list(officer: str | None) -> None:
    """Every session on this device, newest first.

    \b
    Example:
      deescal review list --officer "J. Kim"
    """
    from simulator.records import Records

    rows = [r for r in Records().sessions() if officer in (None, r.officer)]
    for row in rows:
        state = row.band or row.ended or "not finished"
        click.echo(
            f"{row.id[:8]}  {row.began_at}  {row.turns:3d} turns  {state:14}  {row.scenario_id}"
            + (f"  {row.officer}" if row.officer else "")
        )
    if not rows:
        click.echo("No session yet: deescal play")


@review.command("show")
@click.argument("session")
@click.option("--html", type=click.Path(path_type=Path), help="Write the review as a page.")
@click.option("--json", "as_json", is_flag=True, help="The review as JSON.")
@click.option("--events", is_flag=True, help="The session's events, one JSON a line.")
@click.option("--xapi", type=click.Path(path_type=Path), help="Write xAPI statements, one a line.")
def review_show(
    session: str, html: Path | None, as_json: bool, events: bool, xapi: Path | None
) -> None:
    """One review. SESSION: the first characters of its id, or `last`.

    \b
    Examples:
      deescal review last
      deescal review 3f9a --html review.html --xapi learning.jsonl
    """
    from simulator.records import Records
    from simulator.review.assess import assess

    records = Records()
    found = records.events(records.find(session).id)
    if events:
        for event in found:
            click.echo(event.model_dump_json())
        return
    assessed = assess(found)
    if html:
        from simulator.review.report import write_report

        write_report(assessed, html)
        click.echo(f"Written to {html}")
    if xapi:
        from simulator.review.xapi import write_statements

        write_statements([assessed], xapi)
        click.echo(f"Written to {xapi}")
    if as_json:
        click.echo(assessed.model_dump_json(indent=1))
    elif not html and not xapi:
        from simulator.review.text import review_lines

        for line in review_lines(assessed):
            click.echo(line)


@review.command("progress")
@click.argument("officer")
@click.option("--html", type=click.Path(path_type=Path), required=True, help="The page to write.")
def review_progress(officer: str, html: Path) -> None:
    """One officer's sessions side by side, as a page; for that officer and their instructor.

    \b
    Example:
      deescal review progress "J. Kim" --html progress.html
    """
    from simulator.errors import BadSimulatorInput
    from simulator.records import Records
    from simulator.review.assess import assess
    from simulator.review.progress import progress, write_progress

    records = Records()
    rows = [r for r in records.sessions() if r.officer == officer and r.turns]
    if not rows:
        raise BadSimulatorInput(
            f"no session of '{officer}'; `deescal review list` shows whose there are"
        )
    write_progress(progress([assess(records.events(row.id)) for row in rows]), html)
    click.echo(f"Written to {html} ({len(rows)} sessions)")


@review.command("utterance")
def review_utterance() -> None:
    """What an officer's utterance does: lines of JSON in, lines of JSON out.

    \b
    Example:
      echo '{"text": "You sound scared. What happened?"}' | deescal review utterance
    """
    from models.embedder import Embedder
    from models.fetch import model_path
    from simulator.officer.skills import SkillRecogniser
    from simulator.officer.utterances import label_lines

    recogniser = SkillRecogniser(Embedder(model_path("embedder")))
    for line in label_lines(sys.stdin, recogniser):
        click.echo(line)
