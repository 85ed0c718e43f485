"""A run as a table for a person, and as the flat JSON for a script."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark.runfile import Figure, RunFile


def console_for_tables() -> Console:
    """Not narrower than the tables where the output goes to a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else 150)


def show_device(device: dict[str, Any], runtime: dict[str, Any]) -> None:
    """The machine, a line for each thing that it tells; what it does not tell is said too."""
    table = Table(show_header=False, title=device["in_words"], title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in (*device.items(), *runtime.items()):
        if name != "in_words":
            table.add_row(name.replace("_", " "), _in_words(value))
    console_for_tables().print(table)


def _in_words(value: Any) -> str:
    if value is None or value in ([], (), {}, ""):
        return "not told"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)


def show(run: RunFile, path: Path, console: Console) -> None:
    """Print every figure with its threshold and whether it holds."""
    table = Table(title=f"{run.kind} on {run.device['in_words']}", title_justify="left")
    for column, justify in (
        ("figure", "left"),
        ("value", "right"),
        ("95 %", "right"),
        ("n", "right"),
        ("asked", "right"),
        ("holds", "left"),
        ("what it is", "left"),
    ):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for figure in run.figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for figure in run.figures:
        if figure.value is None or figure.note:
            console.print(f"{figure.name}: {figure.note}", highlight=False, soft_wrap=True)
    for note in run.notes:
        console.print(note, highlight=False, soft_wrap=True)
    console.print(f"Run file: {path}", highlight=False, soft_wrap=True)


def flat(run: RunFile, path: Path) -> dict[str, Any]:
    """Figures by name on the top, then where everything else is."""
    return {
        **{figure.name: figure.value for figure in run.figures},
        "thresholds": {
            figure.name: {"asked": figure.threshold, "better": figure.better, "holds": figure.holds}
            for figure in run.figures
            if figure.threshold is not None
        },
        "not_measured": {f.name: f.note for f in run.figures if f.value is None},
        "run_file": str(path),
        "schema_version": run.schema_version,
    }


def _cells(figure: Figure) -> tuple[str, ...]:
    asked = ""
    if figure.threshold is not None:
        asked = f"{'≥' if figure.better == 'higher' else '≤'} {_number(figure.threshold)}"
    holds = {None: "", True: "[green]yes[/]", False: "[red]NO[/]"}[figure.holds]
    interval = "" if figure.low is None else f"{_number(figure.low)} … {_number(figure.high)}"
    value = "not measured" if figure.value is None else f"{_number(figure.value)} {figure.unit}"
    return figure.name, value, interval, str(figure.n), asked, holds, figure.about


def _number(value: float | None) -> str:
    if value is None:
        return ""
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 20 else 3
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
