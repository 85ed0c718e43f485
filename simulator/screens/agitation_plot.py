"""Agitation over the turns as a plot of block characters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_AXIS = 5


def plot_lines(values: Sequence[int], width: int, height: int) -> list[str]:
    """Values 0-100, one a turn, as columns under an axis; the axis is the last line.

    width, height: of the whole, in cells. Where there are more turns than columns, each column is the highest
    of the turns that share it.
    """
    room = max(1, width - _AXIS)
    rows = max(1, height - 1)
    columns = _shared(values, room)
    each = max(1, min(6, room // max(1, len(columns))))
    bar = max(1, each - 1)
    lines = []
    for row in range(rows, 0, -1):
        cells = ""
        for value in columns:
            eighths = round(value * rows * 8 / 100) - (row - 1) * 8
            cells += _EIGHTHS[max(0, min(8, eighths))] * bar + " " * (each - bar)
        label = {rows: "100", (rows + 1) // 2: "50"}.get(row, "")
        lines.append(f"{label:>3} │{cells.rstrip()}")
    return [*lines, _axis(len(values), len(columns), each, width)]


def _shared(values: Sequence[int], room: int) -> list[int]:
    if len(values) <= room:
        return list(values)
    bounds = [round(i * len(values) / room) for i in range(room + 1)]
    return [max(values[a:b]) for a, b in itertools.pairwise(bounds)]


def _axis(turns: int, columns: int, each: int, width: int) -> str:
    """Turn numbers below the columns, as many as fit; turn 0 is where it began."""
    line = "  0 └"
    cells = [" "] * (columns * each + 4)
    free_from = 0
    for column in range(columns):
        label = str(round(column * turns / columns))
        at = column * each
        if at >= free_from and len(line) + at + len(label) <= width:
            cells[at : at + len(label)] = label
            free_from = at + len(label) + max(1, 4 - each)
    return (line + "".join(cells).rstrip())[:width]


class AgitationPlot(Static):
    """As wide as there is room, nine lines high."""

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__()
        self._values = list(values)

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.content_size.width or 60
        self.update(Content("\n".join(plot_lines(self._values, width, 9))))
