"""What the lint found, on the terminal: problems, tables, and the replies beside the corpus's."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scenarios.lint import Lint
from scenarios.statistics import ReplyStatistics, lengths_apart


def print_lint(console: Console, found: Lint, with_notes: bool) -> None:
    """Everything but the notes, unless they are asked for."""
    whole = found.as_json()
    console.print(_table("Balance", _pairs(whole["balance"]), ("of", "how many")))
    labels = [(name.replace("_", " "), str(count)) for name, count in whole["labels"].items()]
    console.print(_table("Officer lines with each behaviour", labels, ("behaviour", "lines")))
    if found.replies:
        console.print(_replies(found.replies, found.corpus))
        often = ", ".join(f"{reply!r} {times}×" for reply, times in found.commonest if times > 1)
        console.print(Text(f"said more than once: {often or 'nothing'}"))
    if with_notes:
        for note in found.notes:
            console.print(Text(f"note: {note}"), soft_wrap=True)
    for line in found.refused:
        console.print(Text(line), soft_wrap=True)
    for problem in found.problems:
        console.print(Text(str(problem)), soft_wrap=True)
    counts = ", ".join(
        f"{whole[name]:,} {name.replace('_', ' ')[: None if whole[name] != 1 else -1]}"
        for name in ("scenarios", "dialogues", "replies", "officer_lines")
    )
    wrong = len(whole["problems"])
    console.print(
        f"{counts}: {wrong or 'no'} problem{'s' * (wrong != 1)}, {len(found.notes)} notes"
        + ("" if with_notes or not found.notes else " (--notes)")
    )


def _pairs(balance: dict[str, dict[str, int]]) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), ", ".join(f"{k.replace('_', ' ')} {n}" for k, n in row.items()))
        for name, row in balance.items()
    ]


def _replies(ours: ReplyStatistics, corpus: ReplyStatistics) -> Table:
    rows = [("replies", f"{ours.replies:,}", f"{corpus.replies:,}")]
    rows.append(("mean words", f"{ours.mean_words:.1f}", f"{corpus.mean_words:.1f}"))
    rows += [
        (f"{name} words", f"{share:.1%}", f"{corpus.lengths.get(name, 0.0):.1%}")
        for name, share in ours.lengths.items()
    ]
    rows.append(("lengths apart", f"{lengths_apart(ours, corpus):.1%}", ""))
    rows.append(("distinct-2", _share(ours.distinct_2), _share(corpus.distinct_2)))
    rows.append(("ten commonest, share", f"{ours.top_10_share:.1%}", f"{corpus.top_10_share:.1%}"))
    return _table("Civilians' replies", rows, ("", "this library", "DeEscalWild"))


def _share(value: float | None) -> str:
    return "too few" if value is None else f"{value:.3f}"


def _table(title: str, rows: Sequence[tuple[str, ...]], names: tuple[str, ...]) -> Table:
    from rich import box

    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place and len(names) > 2 else "left")
    for row in rows:
        table.add_row(*row)
    return table
