"""How far a pull is, for the person in front: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_LOG_EVERY_S = 10.0


def progress_for(stream: TextIO) -> TerminalBar | LogLines:
    """A bar if a person watches `stream`, lines if it is a file or a pipe."""
    return TerminalBar() if stream.isatty() else LogLines(stream)


class TerminalBar:
    """A bar with size, speed and time left, on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TaskID,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task: TaskID | None = None

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    def begin(self, what: str, total: int | None, done: int) -> None:
        self.end()
        self._task = self._bar.add_task(what, total=total, completed=done)
        self._bar.start()

    def advance(self, count: int) -> None:
        if self._task is not None:
            self._bar.advance(self._task, count)

    def end(self) -> None:
        if self._task is not None:
            self._bar.stop()
            self._bar.remove_task(self._task)
            self._task = None


class LogLines:
    """A line when something begins, ends, and every ten seconds between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._what = ""
        self._total: int | None = None
        self._done = 0
        self._said_at = 0.0

    def say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def begin(self, what: str, total: int | None, done: int) -> None:
        self._what, self._total, self._done = what, total, done
        self._said_at = time.monotonic()
        already = f", {done / 1e6:.1f} MB of it already here" if done else ""
        self.say(f"{what}: {(total or 0) / 1e6:.1f} MB{already}" if total else f"{what}{already}")

    def advance(self, count: int) -> None:
        self._done += count
        if time.monotonic() - self._said_at >= _LOG_EVERY_S:
            self._said_at = time.monotonic()
            share = f" ({100 * self._done // self._total} %)" if self._total else ""
            self.say(f"{self._what}: {self._done / 1e6:.1f} MB{share}")

    def end(self) -> None:
        self._what = ""
