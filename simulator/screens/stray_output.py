"""Keeps what C libraries print off the screen: ALSA, JACK and ONNX write to file descriptor 2 as they like."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stray_output_to(log: Path) -> Iterator[None]:
    """While inside, descriptor 2 is `log`; Textual, which draws on `sys.__stderr__`, gets the terminal.

    The terminal is taken from standard output, so that `2>file` does not hide the screens either.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    kept_stderr = os.dup(2)
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    drawn_on = sys.__stderr__
    sys.__stderr__ = terminal  # type: ignore[misc]
    os.dup2(file, 2)
    os.close(file)
    try:
        yield
    finally:
        os.dup2(kept_stderr, 2)
        os.close(kept_stderr)
        sys.__stderr__ = drawn_on  # type: ignore[misc]
        terminal.close()
