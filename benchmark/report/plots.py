"""Plots as SVG inside the page: no script, no font, no file beside it; every mark tells its number on hovering."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

#: Okabe and Ito's colours, told apart also by those who see few.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a7a7a", "#b8a600")
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 64, 16, 14, 44


@dataclass(frozen=True)
class Point:
    """ring: drawn with a ring, for the front. low, high: of y."""

    x: float
    y: float
    label: str
    series: int = 0
    ring: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    name: str
    points: Sequence[Point]
    joined: bool = True


@dataclass(frozen=True)
class Bar:
    label: str
    value: float
    low: float | None = None
    high: float | None = None
    series: int = 0


def chart(
    series: Sequence[Series], x_name: str, y_name: str, height: int = 300, named: bool = False
) -> str:
    """Points, joined or not, one colour a series. named: the label stands beside each point."""
    points = [p for one in series for p in one.points]
    if not points:
        return ""
    x_low, x_high = _range([p.x for p in points])
    y_low, y_high = _range(
        [*(p.y for p in points), *(b for p in points for b in (p.low, p.high) if b is not None)]
    )
    inner_w, inner_h = _WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + (x - x_low) / (x_high - x_low) * inner_w,
            _TOP + (1 - (y - y_low) / (y_high - y_low)) * inner_h,
        )

    parts = [_axes(x_low, x_high, y_low, y_high, x_name, y_name, height, at)]
    taken: list[tuple[float, float, float]] = []
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        placed = [(at(p.x, p.y), p) for p in one.points]
        if one.joined and len(placed) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for (x, y), _ in placed)
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            )
        for (x, y), p in placed:
            if p.low is not None and p.high is not None:
                (_, top), (_, bottom) = at(p.x, p.high), at(p.x, p.low)
                parts.append(
                    f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{colour}"/>'
                )
            if p.ring:
                parts.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{colour}"/>'
                )
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{escape(p.label)}</title></circle>'
            )
            if named:
                parts.append(_name(x, y, p.label, taken))
    return _svg(height, parts) + (_legend([one.name for one in series]) if len(series) > 1 else "")


def bars(found: Sequence[Bar], unit: str, series: Sequence[str] = ()) -> str:
    """Lying bars from zero, with whiskers where there is an interval."""
    if not found:
        return ""
    most = max(max(bar.value, bar.high or bar.value) for bar in found) or 1.0
    left, row = 250, 22
    height = row * len(found) + 34
    width = _WIDTH - left - 90
    parts = []
    for number, bar in enumerate(found):
        y = 6 + number * row
        long = max(0.0, bar.value / most * width)
        colour = COLOURS[bar.series % len(COLOURS)]
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(_cut(bar.label, 34))}'
            f"<title>{escape(bar.label)}</title></text>"
            f'<rect x="{left}" y="{y + 3}" width="{long:.1f}" height="{row - 7}" fill="{colour}">'
            f"<title>{escape(bar.label)}: {_tick(bar.value)} {escape(unit)}</title></rect>"
        )
        end = long
        if bar.low is not None and bar.high is not None:
            one, other = left + max(0.0, bar.low) / most * width, left + bar.high / most * width
            middle = y + 3 + (row - 7) / 2
            parts.append(
                f'<line class="whisker" x1="{one:.1f}" x2="{other:.1f}" y1="{middle}" y2="{middle}"/>'
            )
            end = max(long, other - left)
        parts.append(f'<text x="{left + end + 6:.1f}" y="{y + 14}">{_tick(bar.value)}</text>')
    parts.append(f'<text class="axis" x="{left}" y="{height - 6}">{escape(unit)}</text>')
    return _svg(height, parts) + (_legend(series) if len(series) > 1 else "")


def _axes(x_low, x_high, y_low, y_high, x_name, y_name, height, at) -> str:  # type: ignore[no-untyped-def]
    parts = []
    for y in _ticks(y_low, y_high):
        _, place = at(x_low, y)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{place:.1f}" y2="{place:.1f}"/>'
            f'<text class="axis" x="{_LEFT - 6}" y="{place + 4:.1f}" text-anchor="end">{_tick(y)}</text>'
        )
    for x in _ticks(x_low, x_high):
        place, _ = at(x, y_low)
        parts.append(
            f'<text class="axis" x="{place:.1f}" y="{height - _BOTTOM + 16}" text-anchor="middle">{_tick(x)}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text class="axis" x="{middle}" y="{height - 8}" text-anchor="middle">{escape(x_name)}</text>'
    )
    turn = f"rotate(-90 14 {height / 2 - 14:.0f})"
    parts.append(
        f'<text class="axis" x="14" y="{height / 2 - 14:.0f}" text-anchor="middle" transform="{turn}">'
        f"{escape(y_name)}</text>"
    )
    return "".join(parts)


def _name(x: float, y: float, label: str, taken: list[tuple[float, float, float]]) -> str:
    """The point's name beside it, moved down past names that stand there already. taken: left, right, baseline."""
    text = _cut(label)
    width = 6.4 * len(text)
    right = x + 12 + width < _WIDTH
    left = x + 12 if right else x - 12 - width
    place_y = y + 4
    while any(
        abs(place_y - at) < 13 and left < end and left + width > begin for begin, end, at in taken
    ):
        place_y += 13
    taken.append((left, left + width, place_y))
    return f'<text x="{left:.1f}" y="{place_y:.1f}">{escape(text)}</text>'


def _svg(height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _legend(names: Sequence[str]) -> str:
    keys = "".join(
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>{escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return f'<p class="legend">{keys}</p>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    """With a margin; from zero where that does not squeeze the rest."""
    low, high = min(values), max(values)
    if low >= 0 and low < 0.6 * high:
        low = 0.0
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return (low - margin if low != 0 else 0.0), high + margin


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    step = 10 ** math.floor(math.log10(rough))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= rough)
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step) + 1)]


def _tick(value: float) -> str:
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def _cut(label: str, most: int = 38) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
