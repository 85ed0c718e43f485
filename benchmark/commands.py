"""deescal bench engine | voice."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.commands_compare import compare, report, suite
from benchmark.commands_options import CHECK, JSON, MODEL, OUT, THREADS
from benchmark.commands_people import human, judge
from benchmark.commands_quality import generate, score
from benchmark.commands_speed import device, dialogue, latency

if TYPE_CHECKING:
    from benchmark.runfile import RunFile


@click.group()
def bench() -> None:
    """Measure latency and quality on this machine.

    \b
    Examples:
      deescal bench suite             the standard suite on this machine, ending in a page
      deescal bench engine            the engine against a bare llama.cpp loop, start, cache, memory
      deescal bench voice             a spoken session: every stage, hearing, memory
      deescal bench latency --threads 1,2 --batch 64,128 --out runs/
      deescal bench compare runs-laptop/ runs-jetson/
      deescal bench compare runs/ --baseline runs-of-main/ --gate
    """


bench.add_command(generate)
bench.add_command(score)

for _command in (device, latency, dialogue, compare, report, suite, judge, human):
    bench.add_command(_command)


@bench.command()
@MODEL
@THREADS
@click.option(
    "--repetitions",
    type=click.IntRange(2, 1000),
    default=5,
    show_default=True,
    help="Pairs of prefills at least; three times as many of the shorter decodes.",
)
@OUT
@JSON
@CHECK
def engine(
    model: str, threads: int, repetitions: int, out: Path | None, as_json: bool, check: bool
) -> None:
    """The engine: decode and prefill against a bare llama.cpp loop in turn, warm start, cache, memory.

    \b
    Examples:
      deescal bench engine
      deescal bench engine --model qwen2.5-0.5b-instruct-q4_k_m --json --out runs/
    """
    from benchmark.engine_bench import Repetitions, bench_engine
    from models.engine import EngineSettings

    pairs = Repetitions(repetitions, 3 * repetitions, max(2, min(repetitions, 5)))
    with progress_bar(as_json) as progress:
        run = bench_engine(model, EngineSettings(threads=threads), pairs, progress)
    _finish(run, out, as_json, check)


@bench.command()
@MODEL
@THREADS
@click.option("--quick", is_flag=True, help="One conversation, few utterances: a look, no measure.")
@click.option(
    "--soak",
    type=click.FloatRange(1, 600),
    help="Instead: one session of so many minutes of talk; does it grow?",
)
@click.option(
    "--interruptions",
    type=click.IntRange(1, 10_000),
    help="Instead: talk in which so many replies are interrupted.",
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a turn's timeline here as SVG; of a long session its memory.",
)
@OUT
@JSON
@CHECK
def voice(
    model: str,
    threads: int,
    quick: bool,
    soak: float | None,
    interruptions: int | None,
    picture: Path | None,
    out: Path | None,
    as_json: bool,
    check: bool,
) -> None:
    """Recorded conversations through the voice loop: each stage, voice to voice, hearing, memory.

    The officer's voices are made on the fly, with noise, pauses, interruptions and coughs. The ratios are against the
    same parts one after another in the same run.

    \b
    Examples:
      deescal bench voice --picture turn.svg
      deescal bench voice --quick
      deescal bench voice --soak 30 --picture memory.svg
      deescal bench voice --interruptions 200
      deescal bench voice --json --out runs/
    """
    if soak and interruptions:
        raise click.UsageError("--soak and --interruptions are two sessions; give one")
    if quick and (soak or interruptions):
        raise click.UsageError("--quick is for the conversations; leave it out here")
    from benchmark.voice_bench import bench_voice
    from benchmark.voice_picture import write_picture
    from benchmark.voice_soak_bench import bench_soak, write_memory_picture

    with progress_bar(as_json) as progress:
        if soak or interruptions:
            run = bench_soak(model, threads, soak or 0.0, interruptions or 0, progress)
        else:
            run = bench_voice(model, threads, progress, quick)
    if picture:
        write = write_memory_picture if soak or interruptions else write_picture
        write(run, picture)
        click.echo(f"Written to {picture}", err=True)
    _finish(run, out, as_json, check)


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr where a person looks on; a line now and then in a log; nothing when quiet."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda _what, _share: None) if quiet else _log_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


def _log_lines(every_s: float = 20.0) -> Callable[[str, float], None]:
    import time

    told = time.monotonic()

    def tell(what: str, share: float) -> None:
        nonlocal told
        if time.monotonic() - told >= every_s:
            told = time.monotonic()
            click.echo(f"{share:4.0%} {what}", err=True)

    return tell


def _finish(run: RunFile, out: Path | None, as_json: bool, check: bool) -> None:
    from benchmark.runfile import write_run
    from benchmark.table import console_for_tables, flat, show
    from models.places import data_dir

    path = write_run(out or data_dir() / "bench", run)
    if as_json:
        click.echo(json.dumps(flat(run, path), indent=1))
    else:
        show(run, path, console_for_tables())
    if check and any(figure.holds is False for figure in run.figures):
        sys.exit(1)
