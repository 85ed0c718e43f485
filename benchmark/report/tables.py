"""The leaderboard as CSV, as Markdown and on the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmark.compare_gate import Change
from benchmark.report.content import Report, cell, number, settings_in_words


def as_csv(report: Report) -> str:
    """Every row with full numbers and intervals; the paper's rows are not in it, for they were not measured."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["device", "model", "quantisation", "megabytes", "sha256"]
    settings = ["threads", "slice_tokens", "flash_attention", "gpu_layers", "lora"]
    figures = [f"{c.name}{end}" for c in report.columns for end in ("", "_low", "_high")]
    writer.writerow([*head, *settings, *figures, "front", "gate", "gate_why", "runs"])
    for row in report.board.rows:
        numbers: list[object] = []
        for column in report.columns:
            low, high = row.intervals.get(column.name, ("", ""))
            value = row.values.get(column.name)
            numbers += ["" if value is None else value, low, high]
        writer.writerow(
            [
                *(row.device, row.model, row.quantisation, row.megabytes, row.sha256),
                *(row.settings.get(name) for name in settings),
                *numbers,
                *(int(row.front), row.gate, row.why, " ".join(row.runs)),
            ]
        )
    return out.getvalue()


def as_markdown(report: Report) -> str:
    """The leaderboard and the paper's rows, for a readme or a pull request."""
    columns = report.columns
    head = ["", "model", "MB", *(f"{c.heading}{f' ({c.unit})' if c.unit else ''}" for c in columns)]
    lines = []
    for name in dict.fromkeys(row.device for row in report.board.rows):
        lines += [
            f"### {name}",
            "",
            _row([*head, "accuracy gate"]),
            _row(["---"] * (len(head) + 1)),
        ]
        for row in report.board.rows:
            if row.device == name:
                told = f"{row.model}<br>{settings_in_words(row)}"
                cells = [cell(row, column) for column in columns]
                mark = "★" if row.front else ""
                lines.append(_row([mark, told, number(row.megabytes), *cells, row.gate]))
        lines.append("")
    if report.board.objectives:
        lines += [f"★ nobody on the same device is better in all of: {_told(report)}.", ""]
    published = report.published
    lines += [
        f"### Published, not measured here: {published.source.strip()}",
        "",
        _row([c.replace("_", " ") for c in published.columns]),
        _row(["---"] * len(published.columns)),
        *(_row(row) for row in published.rows),
        "",
        published.note.strip(),
        "",
    ]
    return "\n".join(lines)


def show_board(report: Report, console: Console) -> None:
    for name in dict.fromkeys(row.device for row in report.board.rows):
        table = Table(title=name, title_justify="left")
        table.add_column("")
        table.add_column("model", overflow="fold", min_width=16)
        for column in report.columns:
            table.add_column(f"{column.heading}\n{column.unit}", justify="right", overflow="fold")
        table.add_column("gate")
        for row in report.board.rows:
            if row.device == name:
                gate = {"passes": "[green]passes[/]", "fails": "[red]FAILS[/]"}.get(
                    row.gate, row.gate
                )
                table.add_row(
                    "★" if row.front else "",
                    f"{row.model}\n{settings_in_words(row)}",
                    *(cell(row, column) for column in report.columns),
                    gate,
                )
        console.print(table)
    for line in dict.fromkeys(
        f"{r.model}: {r.why}" for r in report.board.rows if r.gate in ("fails", "not told")
    ):
        console.print(line, highlight=False, soft_wrap=True)
    if report.board.objectives:
        console.print(f"★ not beaten on its device in all of: {_told(report)}", highlight=False)


def show_changes(changes: Sequence[Change], alone: Sequence[str], console: Console) -> None:
    """What became worse or better; what stayed the same is only counted."""
    for change in changes:
        if change.verdict in ("worse", "better", "not sure"):
            colour = {"worse": "red", "better": "green"}.get(change.verdict, "yellow")
            console.print(change.line(), style=colour, highlight=False, soft_wrap=True)
    same = sum(change.verdict == "the same" for change in changes)
    console.print(
        f"{same} of {len(changes)} figures are the same within what is allowed.", highlight=False
    )
    for name in alone:
        console.print(f"only in the baseline: {name}", highlight=False, soft_wrap=True)


def _told(report: Report) -> str:
    return ", ".join(name.replace("_", " ") for name in report.board.objectives)


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(one).replace("|", "\\|") for one in cells) + " |"
