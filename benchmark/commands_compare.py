"""deescal bench compare | report | suite."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from benchmark.commands_options import THREADS

_PLACES = click.argument(
    "places", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER..."
)
_BASELINE = click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="A folder (or run file) to hold the runs to.",
)
_SLOWER = click.option(
    "--slower",
    type=click.FloatRange(0, 100),
    default=5.0,
    show_default=True,
    help="Per cent of speed or memory that may be lost.",
)
_WORSE = click.option(
    "--worse",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    help="Per cent of quality that may be lost.",
)


@click.command()
@_PLACES
@_BASELINE
@click.option("--gate", is_flag=True, help="Exit 1 where something is worse than the baseline.")
@_SLOWER
@_WORSE
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "markdown", "json"]),
    default="table",
    show_default=True,
)
def compare(
    places: tuple[Path, ...],
    baseline: Path | None,
    gate: bool,
    slower: float,
    worse: float,
    form: str,
) -> None:
    """Run files of one or many devices as a leaderboard, or held to a baseline.

    What was asked differently is refused, with the reason (exit 2). With --gate, exit 1 where a
    figure is worse by more than is allowed and chance does not explain it.

    \b
    Examples:
      deescal bench compare runs-laptop/ runs-jetson/
      deescal bench compare runs/ --baseline runs-of-main/ --gate
      deescal bench compare runs/ --format csv > board.csv
    """
    from benchmark.compare import read_folders
    from benchmark.compare_gate import Tolerance, changes
    from benchmark.errors import BadBenchmarkInput
    from benchmark.report.content import make_report
    from benchmark.report.tables import as_csv, as_markdown, show_board, show_changes
    from benchmark.table import console_for_tables

    if gate and baseline is None:
        raise BadBenchmarkInput("--gate needs a --baseline to hold the runs to")
    found = read_folders(places)
    if baseline is None:
        report = make_report(found)
        if form == "csv":
            click.echo(as_csv(report), nl=False)
        elif form == "markdown":
            click.echo(as_markdown(report))
        elif form == "json":
            click.echo(json.dumps([asdict(row) for row in report.board.rows], indent=1))
        else:
            show_board(report, console_for_tables())
        return
    allowed = Tolerance(speed=slower / 100, quality=worse / 100)
    moved, alone = changes(found, read_folders([baseline]), allowed)
    if form == "json":
        click.echo(json.dumps({"changes": [asdict(c) for c in moved], "alone": alone}, indent=1))
    elif form == "table":
        show_changes(moved, alone, console_for_tables())
    else:
        raise BadBenchmarkInput(
            f"--format {form} is for a leaderboard; with --baseline give table or json"
        )
    if gate and any(change.verdict == "worse" for change in moved):
        sys.exit(1)


@click.command()
@_PLACES
@_BASELINE
@_SLOWER
@_WORSE
@click.option("--title", default="Benchmark", show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for report.html, board.csv and board.md.  [default: the first FOLDER's report/]",
)
def report(
    places: tuple[Path, ...],
    baseline: Path | None,
    slower: float,
    worse: float,
    title: str,
    out: Path | None,
) -> None:
    """Run files as a page with plots that needs nothing beside it, and as CSV and Markdown.

    \b
    Example:
      deescal bench report runs-laptop/ runs-jetson/ --out report/
    """
    from benchmark.compare import read_folders
    from benchmark.compare_gate import Tolerance, changes
    from benchmark.report.content import make_report
    from benchmark.report.write import write_report

    found = read_folders(places)
    made = make_report(found)
    if baseline is not None:
        allowed = Tolerance(speed=slower / 100, quality=worse / 100)
        made.changes, made.alone = changes(found, read_folders([baseline]), allowed)
    first = places[0] if places[0].is_dir() else places[0].parent
    for path in write_report(made, out or first / "report", title):
        click.echo(path)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of models, replies, run files and report.  [default: bench/suite/]",
)
@click.option(
    "--civilian",
    default="",
    help="A float GGUF to quantise.  [default: the shipped civilian; without one, the base]",
)
@click.option(
    "--quantisations",
    default="Q8_0,Q5_0,Q4_K_M,Q4_0",
    show_default=True,
    help="Made of the float GGUF with llama.cpp's own quantiser.",
)
@click.option(
    "--turns",
    type=click.IntRange(0, 10_000),
    default=80,
    show_default=True,
    help="Held-out turns that each model answers; 0: no quality.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.1, 1440),
    default=14.0,
    show_default=True,
    help="After these nothing new is begun; the same command goes on with the rest.",
)
@THREADS
def suite(
    out: Path | None, civilian: str, quantisations: str, turns: int, minutes: float, threads: int
) -> None:
    """The standard suite on this machine: the base and the civilian in several quantisations, and a page.

    Latency, replayed conversations and replies to held-out turns. What has its run file is not done
    again: stopped or killed, the same command goes on.

    \b
    Examples:
      deescal bench suite
      deescal bench suite --out suite/ --quantisations Q8_0,Q4_K_M,Q4_0 --turns 100 --minutes 60
      taskset -c 0 deescal bench suite --out suite-one-core/
    """
    from benchmark.commands import progress_bar
    from benchmark.suite import Options, bench_suite
    from models.places import data_dir

    options = Options(
        out or data_dir() / "bench" / "suite",
        civilian,
        [kind.strip() for kind in quantisations.split(",") if kind.strip()],
        turns,
        minutes,
        threads,
    )
    try:
        with progress_bar(False) as progress:
            done = bench_suite(options, progress)
    except KeyboardInterrupt:
        click.echo(
            f"stopped; what was measured is in {options.out}, the same command goes on", err=True
        )
        raise
    for path in done.paths:
        click.echo(path)
    new = f"{done.measured} of {done.found} runs measured now" if done.measured else "all was there"
    click.echo(f"{new}, {done.seconds / 60:.1f} minutes")
    for name in done.left:
        click.echo(f"left for want of time: {name}", err=True)
    if done.left:
        click.echo("the same command goes on with them", err=True)
