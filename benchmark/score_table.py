"""Scores as a table for a person: the model beside the real civilians; of two models, what changed and how surely."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmark.runfile import Figure, RunFile
from benchmark.score_paired import Paired
from benchmark.table import _number as number


def show_score(run: RunFile, console: Console) -> None:
    """One run: each figure with its interval, and the real civilians' beside it where they have one."""
    who = " + ".join(model.id for model in run.models)
    settings = run.settings
    title = f"{who}: {settings['setting']}, {settings['mode']}, {run.workload.name}"
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 %", justify="right")
    table.add_column("real", justify="right")
    table.add_column("n", justify="right")
    table.add_column("what it is", overflow="fold")
    by_name = {figure.name: figure for figure in run.figures}
    for figure in run.figures:
        if figure.name.startswith("real_") and figure.name.removeprefix("real_") in by_name:
            continue
        real = by_name.get(f"real_{figure.name}")
        table.add_row(
            figure.name,
            _value(figure),
            _interval(figure),
            _value(real) if real else "",
            str(figure.n),
            figure.about,
        )
    console.print(table)
    for figure in run.figures:
        if figure.value is None:
            console.print(f"{figure.name}: {figure.note}", highlight=False, soft_wrap=True)
    for note in run.notes:
        console.print(note, highlight=False, soft_wrap=True)


def show_paired(old: RunFile, new: RunFile, rows: Sequence[Paired], console: Console) -> None:
    """What changed from the first model to another, on the same turns."""
    title = f"{new.models[-1].id} against {old.models[-1].id}, the same turns"
    table = Table(title=title, title_justify="left")
    for column in ("figure", "first", "this", "difference", "95 %", "p", "n"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    table.add_column("so")
    for row in rows:
        table.add_row(
            row.name,
            number(row.old),
            number(row.new),
            f"{'' if row.unit == '×' else '+' if row.difference >= 0 else ''}{number(row.difference)} {row.unit}",
            f"{number(row.low)} … {number(row.high)}",
            f"{row.p:.4f}" if row.p >= 0.0001 else "< 0.0001",
            str(row.n),
            row.verdict,
        )
    console.print(table)


def _value(figure: Figure) -> str:
    return (
        "not measured" if figure.value is None else f"{number(figure.value)} {figure.unit}".strip()
    )


def _interval(figure: Figure) -> str:
    return "" if figure.low is None else f"{number(figure.low)} … {number(figure.high)}"
