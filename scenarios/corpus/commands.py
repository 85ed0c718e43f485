"""`deescal corpus`: raw transcripts and recordings to DeEscalWild."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scenarios.corpus.review.commands import review

if TYPE_CHECKING:
    from scenarios.corpus.publish import Published
    from scenarios.corpus.run import Kept, Run, Stage

_SOURCE = click.argument("source", type=click.Path(path_type=Path))
_RUN = click.argument("run_folder", metavar="DIR", type=click.Path(path_type=Path))
_OUT = click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the run.",
)
_SEED = click.option("--seed", default=0, show_default=True, help="Seed of surrogates and splits.")
_FILTER = click.option(
    "--filter",
    "filter_file",
    type=click.Path(path_type=Path),
    help="Your own copy of filter.yaml.",
)
_BUDGET = click.option(
    "--budget",
    default=1024,
    show_default=True,
    type=click.IntRange(min=128),
    help="Tokens of a chat row, at most.",
)


@click.group()
def corpus() -> None:
    """Raw transcripts and recordings -> DeEscalWild.

    \b
    Start here:
      deescal corpus build transcripts/ --out run/     everything, resumable
      less run/report.md                               what was left out, and why
      deescal corpus publish run/                      again, after people have reviewed
    """


corpus.add_command(review)


@corpus.command()
@_SOURCE
@_OUT
@_SEED
@_FILTER
@_BUDGET
@click.option(
    "--workers",
    type=click.IntRange(1, 16),
    default=None,
    help="Processes; 2 where there are two cores.",
)
def build(
    source: Path, out: Path, seed: int, filter_file: Path | None, budget: int, workers: int | None
) -> None:
    """Run the whole pipeline on SOURCE: a folder, an archive (tar, zip) or a file.

    Files that have not changed since the last run are not done again. Nothing leaves this machine.

    \b
    Example:
      deescal corpus build train.tar.xz --out run/
    """
    from scenarios.corpus.pipeline import build as build_all

    began = time.monotonic()
    _check(source)
    run = _opened(out, seed, filter_file)
    with _locked(run), _bar("files") as (step, tally):
        build_all(source, out, _teller(step, tally), workers)
    _say_tally(tally)
    _publish(run, budget, began)


@corpus.command()
@_SOURCE
@_OUT
@_SEED
@_FILTER
def read(source: Path, out: Path, seed: int, filter_file: Path | None) -> None:
    """Stage 1: read SOURCE into the run DIR.

    \b
    Example:
      deescal corpus read logs/ --out run/
    """
    from scenarios.corpus.pipeline import read_only

    _check(source)
    run = _opened(out, seed, filter_file)
    with _locked(run), _bar("files") as (step, tally):
        read_only(source, out, _teller(step, tally))
    _say_tally(tally)


@corpus.command()
@_RUN
@click.option(
    "--accuracy", is_flag=True, help="Only measure on the hand-labelled files of the run."
)
def roles(run_folder: Path, accuracy: bool) -> None:
    """Stage 2: who is the officer, the civilian, somebody else.

    \b
    Example:
      deescal corpus roles run/ --accuracy
    """
    if not accuracy:
        _stage(run_folder, "roles")
        return
    from scenarios.corpus.role_accuracy import as_text, measure
    from scenarios.corpus.role_labels import hand_labels
    from scenarios.corpus.run import Run

    run = Run.open(run_folder)
    labelled = sorted(set(run.sources("read")) & set(hand_labels()))
    transcripts = (run.transcript("read", source) for source in labelled)
    text = as_text(measure(t for t in transcripts if t is not None))
    click.echo(text or "none of the hand-labelled files is in this run")


@corpus.command()
@_RUN
def clean(run_folder: Path) -> None:
    """Stage 3: narration, advertisements, repeats and the recogniser's loops go.

    \b
    Example:
      deescal corpus clean run/
    """
    _stage(run_folder, "clean")


@corpus.command()
@_RUN
def deidentify(run_folder: Path) -> None:
    """Stage 4: names and numbers give way to natural surrogates.

    \b
    Example:
      deescal corpus deidentify run/
    """
    _stage(run_folder, "deidentify")


@corpus.command("filter")
@_RUN
@_FILTER
def filter_(run_folder: Path, filter_file: Path | None) -> None:
    """Stage 5: which transcripts are encounters worth learning from, each with reasons and quotes.

    \b
    Example:
      deescal corpus filter run/ --filter mine.yaml
    """
    if filter_file is not None:
        from scenarios.corpus.run import Run

        _opened(run_folder, Run.open(run_folder).settings.seed, filter_file)
    _stage(run_folder, "filter")


@corpus.command()
@_RUN
@_BUDGET
def publish(run_folder: Path, budget: int) -> None:
    """Stage 6: near-duplicates out, splits, chat rows, card. Takes in what people decided in the
    review.

    \b
    Example:
      deescal corpus publish run/
    """
    from scenarios.corpus.run import Run

    run = Run.open(run_folder)
    _publish(run, budget, time.monotonic())


@corpus.command()
@_RUN
def stats(run_folder: Path) -> None:
    """The table of what was published, and where it lies.

    \b
    Example:
      deescal corpus stats run/
    """
    from scenarios.corpus.run import Run
    from scenarios.errors import BadScenario

    run = Run.open(run_folder)
    path = run.published / "statistics.md"
    if not path.is_file():
        raise BadScenario(f"{run_folder}: nothing is published yet; run `deescal corpus publish`")
    click.echo(path.read_text(encoding="utf-8"))
    click.echo(f"{run.published}")


@corpus.command()
@_RUN
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="train")
@click.option("--row", default=0, show_default=True, type=click.IntRange(min=0), help="Which one.")
def show(run_folder: Path, split: str, row: int) -> None:
    """Print one chat row; what counts for the loss is marked.

    \b
    Example:
      deescal corpus show run/ --row 12
    """
    import json
    from itertools import islice

    from scenarios.corpus.run import Run
    from scenarios.errors import BadScenario

    path = Run.open(run_folder).published / "chat" / f"{split}.jsonl"
    if not path.is_file():
        raise BadScenario(f"{run_folder}: nothing is published yet; run `deescal corpus publish`")
    with path.open(encoding="utf-8") as stream:
        line = next(islice(stream, row, None), None)
    if line is None:
        raise BadScenario(f"{path}: has no row {row}")
    record = json.loads(line)
    click.echo(f"{record['id']}  {record['counterpart']}  {record['tokens']} tokens")
    for message, trains in zip(record["messages"], record["trains"], strict=True):
        click.echo(f"{'learn' if trains else '     '} {message['role']:>9}: {message['content']}")


@corpus.command()
@_RUN
@click.option(
    "--model", default="civilian", show_default=True, help="Local model: id or GGUF file."
)
@click.option(
    "--endpoint", metavar="URL", help="OpenAI-compatible server, in place of a local model."
)
@click.option("--endpoint-model", default="", help="Name of the model there.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many transcripts.")
@click.option(
    "--context",
    type=click.IntRange(min=1536),
    help="Tokens of its context: how much of a long transcript it is shown. 2048; endpoint 8192.",
)
@click.option("--timeout", default=120.0, show_default=True, help="Seconds to wait for an answer.")
def annotate(
    run_folder: Path,
    model: str,
    endpoint: str | None,
    endpoint_model: str,
    limit: int | None,
    context: int | None,
    timeout: float,
) -> None:
    """A model as judge of the filter's features, and how far it agrees with the detectors.

    Answers are kept by content: stopped, it goes on where it was. With --endpoint the de-identified
    transcripts are sent to that server, and nowhere else; its key comes from DEESCAL_JUDGE_KEY.

    \b
    Example:
      deescal corpus annotate run/ --limit 20
      deescal corpus annotate run/ --endpoint http://127.0.0.1:8000/v1
    """
    import os

    from scenarios.corpus.annotate import annotate as annotate_run
    from scenarios.corpus.judge import EndpointJudge, LocalJudge
    from scenarios.corpus.run import Run
    from scenarios.errors import ScenarioError

    run = Run.open(run_folder)
    judge: EndpointJudge | LocalJudge
    if endpoint:
        key = os.environ.get("DEESCAL_JUDGE_KEY", "")
        judge = EndpointJudge(endpoint, endpoint_model, key, timeout, context or 8192)
    else:
        from models.store import model_path

        path = model_path(model)
        judge = LocalJudge(path, path.stem, context or 2048)
    with _locked(run), judge, _bar("annotated") as (step, _):
        result = annotate_run(run, judge, limit, lambda source: step())
    click.echo(
        f"asked about {result.done}, kept from before {result.cached}, failed {len(result.failed)}"
    )
    for source, why in result.failed.items():
        click.echo(f"  {source}: {why}", err=True)
    for name, row in result.agreement.get("kappa", {}).items():
        shown = "  -  " if row["kappa"] is None else f"{row['kappa']:5.2f}"
        click.echo(
            f"{name:32} kappa {shown}  agree {row['agree']:4.0%}  "
            f"yes: detectors {row['detectors_yes']}, judge {row['judge_yes']} of {row['n']}"
        )
    if result.agreement.get("files"):
        click.echo(f"{result.folder / 'agreement.json'}")
    if result.failed:
        raise ScenarioError(
            f"{len(result.failed)} transcripts have no answer: run again to ask about them"
        )


def _check(source: Path) -> None:
    """A source that is none is told before a folder is made for it."""
    from scenarios.corpus.sources import files_in
    from scenarios.errors import BadScenario

    if next(files_in(source), None) is None:
        raise BadScenario(f"{source}: there is no file in it")


def _opened(out: Path, seed: int, filter_file: Path | None) -> Run:
    from scenarios.corpus.filters import load_rules
    from scenarios.corpus.run import Run, Settings

    load_rules(filter_file)  # a mistake in it is told before anything is done
    name = str(filter_file.resolve()) if filter_file else None
    return Run.open(out, Settings(seed, name), create=True)


def _stage(run_folder: Path, stage: Stage) -> None:
    from scenarios.corpus.pipeline import stage_only
    from scenarios.corpus.run import Run

    run = Run.open(run_folder)
    with _locked(run), _bar("files") as (step, tally):
        stage_only(run_folder, stage, _teller(step, tally))
    _say_tally(tally)


def _publish(run: Run, budget: int, began: float) -> None:
    from scenarios.corpus.publish import publish as publish_run
    from scenarios.corpus.report import write_report
    from scenarios.errors import ScenarioError

    published: Published | None = None
    try:
        with _locked(run), _bar("published") as (step, _):
            published = publish_run(run, budget, lambda source: step())
    except ScenarioError:
        write_report(run, None, time.monotonic() - began)  # the reasons are in it
        raise
    data = write_report(run, published, time.monotonic() - began)
    click.echo(published.statistics.as_markdown())
    if data["role_accuracy"]:
        click.echo(data["role_accuracy"])
    leaks = data["suspected_leaks"]
    unknown = sum(leak["kind"] == "capital, in no list" for leak in leaks)
    click.echo(
        f"near-duplicates dropped: {len(published.replaced_by)}; suspected leaks: {len(leaks) - unknown}, and "
        f"{unknown} words with a capital that are in no list (read {run.folder / 'leaks.md'}); "
        f"{data['seconds']} s, memory {data['peak_memory_mb']} MB"
    )
    click.echo(f"{run.published}  (report: {run.folder / 'report.md'})")


def _teller(step: Callable[[], None], tally: Counter[str]) -> Callable[[Kept], None]:
    def tell(kept: Kept) -> None:
        tally[f"left out at '{kept.stage}'" if kept.skip is not None else "gone through"] += 1
        step()

    return tell


def _say_tally(tally: Counter[str]) -> None:
    click.echo("; ".join(f"{name}: {number}" for name, number in tally.most_common()), err=True)


@contextmanager
def _locked(run: Run) -> Iterator[None]:
    from filelock import FileLock, Timeout

    from scenarios.errors import BadScenario

    try:
        with FileLock(run.folder / "run.lock", timeout=0):
            run.sweep()
            yield
    except Timeout:
        raise BadScenario(f"{run.folder}: another process works on this run") from None


@contextmanager
def _bar(what: str) -> Iterator[tuple[Callable[[], None], Counter[str]]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield (lambda: progress.advance(task)), Counter()
