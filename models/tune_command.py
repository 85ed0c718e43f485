"""`deescal models tune`: how many threads, how much at once, which quantisation on this device."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.errors import BadInput

if TYPE_CHECKING:
    from models.tune import Say


@click.command()
@click.option("--model", default="civilian", show_default=True, help="A model id or a .gguf file.")
@click.option("--rounds", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option(
    "--quantisation/--no-quantisation",
    default=True,
    show_default=True,
    help="Also choose the civilian's quantisation again, where it was built on this device.",
)
@click.option("--dry-run", is_flag=True, help="Measure and tell; keep nothing.")
@click.option("--forget", is_flag=True, help="Take away what was tuned, measure nothing.")
@click.option("--json", "as_json", is_flag=True, help="What was found, as JSON on stdout.")
def tune(
    model: str, rounds: int, quantisation: bool, dry_run: bool, forget: bool, as_json: bool
) -> None:
    """Measure threads and slices for a turn of conversation here; `play` uses what is found.

    Do it once on a new device, with nothing else running. What was found is void on another
    machine, with other cores allowed, or after an update of llama.cpp.

    \b
    Examples:
      deescal models tune
      deescal models tune --dry-run --rounds 5
      deescal models tune --forget
    """
    from models import catalog
    from models.build import BUILT_ID
    from models.fetch import model_path
    from models.tune import tune as measure
    from models.tuned import keep, tuned_file

    if forget:
        there = tuned_file().exists()
        tuned_file().unlink(missing_ok=True)
        click.echo(f"{tuned_file()}: {'removed' if there else 'there was none'}")
        return
    path = Path(model) if model.endswith(".gguf") else model_path(model)
    if not path.is_file():
        raise BadInput(f"{path}: there is no such model file")
    busy = _busy()
    if busy:
        click.echo(busy, err=True)
    with _bar(as_json) as say:
        tuning = measure(path, rounds, say)
    found = tuning.found
    if not dry_run:
        keep(found)
    if as_json:
        trials = [asdict(trial) for trial in tuning.trials]
        click.echo(
            json.dumps({"found": asdict(found), "kept": not dry_run, "trials": trials}, indent=1)
        )
    else:
        for trial in sorted(tuning.trials, key=lambda one: (one.slice_tokens, one.threads)):
            mark = (
                "*"
                if (trial.threads, trial.slice_tokens) == (found.threads, found.slice_tokens)
                else " "
            )
            click.echo(
                f"{mark} {trial.threads:3d} threads, {trial.slice_tokens:3d} at once: a turn "
                f"{trial.middle_turn_s * 1000:6.0f} ms, a scenario's prompt {trial.middle_prompt_s * 1000:6.0f} ms"
            )
        gain = 1 - found.turn_s / found.default_turn_s
        click.echo(
            f"{found.threads} threads, {found.slice_tokens} at once: a turn in {found.turn_s * 1000:.0f} ms, "
            f"{gain:.0%} less than untuned"
            + ("; not kept (--dry-run)" if dry_run else f"; kept in {tuned_file()}")
        )
    if quantisation and not dry_run and model == "civilian":
        _choose_quantisation(catalog.default_for("civilian").id == BUILT_ID, as_json)


def _busy() -> str:
    """A word of warning where other programs want the cores."""
    try:
        load, have = os.getloadavg()[0], os.cpu_count() or 1
    except OSError:  # not told on this system
        return ""
    if load <= 0.5 * have:
        return ""
    return f"This machine is busy (load {load:.1f} on {have} cores): tune again when nothing else runs."


def _choose_quantisation(built: bool, quiet: bool) -> None:
    from models.build import build

    if not built:
        click.echo(
            "The quantisation stays: this civilian is one file as it was published. `deescal models build` makes "
            "one for this device and tries several.",
            err=quiet,
        )
        return
    done = build(again=True, say=lambda what: click.echo(what, err=True))
    click.echo(
        f"Of the quantisations {done.chosen} is the fastest here without visible loss.", err=quiet
    )


@contextmanager
def _bar(quiet: bool) -> Iterator[Say]:
    """A bar on stderr where a person looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("loading", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)
