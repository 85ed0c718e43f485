"""How far a long run is and how long it still takes: a bar for a person, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOG_EVERY_S = 20.0

#: Called after each step; its words are shown beside the bar.
Step = Callable[[str], None]


@contextmanager
def steps(what: str, total: int, done: int = 0) -> Iterator[Step]:
    """Counts steps on stderr, `done` of them made before."""
    if sys.stderr.isatty():
        yield from _bar(what, total, done)
    else:
        yield from _lines(what, total, done)


@contextmanager
def unwatched(total: int, done: int) -> Iterator[Step]:
    """Counts nothing: for callers that nobody watches."""
    yield lambda said: None


def _bar(what: str, total: int, done: int) -> Iterator[Step]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=done, said="")
        yield lambda said: bar.update(task, advance=1, said=said)


def _lines(what: str, total: int, done: int) -> Iterator[Step]:
    began = said_at = time.monotonic()
    made = 0

    def step(said: str) -> None:
        nonlocal made, said_at
        made += 1
        now = time.monotonic()
        if now - said_at < _LOG_EVERY_S and done + made < total:
            return
        said_at = now
        left = (now - began) / made * (total - done - made)
        print(
            f"{what}: {done + made} of {total}, about {left / 60:.1f} min left {said}".rstrip(),
            file=sys.stderr,
            flush=True,
        )

    yield step
