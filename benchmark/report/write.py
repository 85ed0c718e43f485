"""Writes a report's three files, each whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.report.content import Report
from benchmark.report.page import as_html
from benchmark.report.tables import as_csv, as_markdown


def write_report(report: Report, folder: Path, title: str) -> list[Path]:
    """report.html, board.csv, board.md in `folder`. Raises BenchmarkError where they cannot be written."""
    texts = {
        "report.html": as_html(report, title),
        "board.csv": as_csv(report),
        "board.md": as_markdown(report),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = folder / f".{name}.{os.getpid()}.part"
            part.write_text(text, encoding="utf-8")
            part.replace(folder / name)
    except OSError as problem:
        raise BenchmarkError(
            f"{folder}: the report cannot be written ({problem.strerror})"
        ) from None
    return [folder / name for name in texts]
