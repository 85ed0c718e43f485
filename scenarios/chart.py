"""The lint's plot as an SVG written by hand: reply lengths and the commonest replies, beside a corpus's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from scenarios.statistics import ReplyStatistics, lengths_apart

_WIDTH, _LEFT, _TOP = 860, 60, 112
_BARS, _UNDER = 304, 70  # height of the histogram, and of what is written under it
_ROW, _MOST = 20, 10
_OURS, _THEIRS, _GRID = "#1d5b8f", "#e0963b", "#ddd"


@dataclass(frozen=True)
class Side:
    """One side of the plot. commonest: (reply, times), the most frequent first; empty: not known."""

    name: str
    colour: str
    statistics: ReplyStatistics
    commonest: Sequence[tuple[str, int]] = ()


def reply_chart(
    ours: ReplyStatistics,
    corpus: ReplyStatistics,
    commonest: Sequence[tuple[str, int]] = (),
    corpus_commonest: Sequence[tuple[str, int]] = (),
) -> str:
    """Bars of the share of replies by length in words, the figures above, the commonest below.

    corpus_commonest: where they were counted now; the figures that ship are without words.
    """
    sides = (
        Side("this library", _OURS, ours, commonest[:_MOST]),
        Side("DeEscalWild", _THEIRS, corpus, corpus_commonest[:_MOST]),
    )
    rows = max(len(side.commonest) for side in sides)
    below = _TOP + _BARS + _UNDER
    height = below + (rows * _ROW + 50 if rows else 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13" role="img">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        _heading(_LEFT, 28, "How long civilians' replies are"),
        *(_legend(52 + 22 * number, side) for number, side in enumerate(sides)),
        f'<text x="{_LEFT + 20}" y="96">one reply in '
        f"{_one_in(lengths_apart(ours, corpus))} is of another length than there</text>",
        *_histogram(sides),
    ]
    if rows:
        parts += _commonest(sides, below)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _histogram(sides: tuple[Side, Side]) -> list[str]:
    names = list(sides[0].statistics.lengths)
    shares = [[side.statistics.lengths.get(name, 0.0) for name in names] for side in sides]
    top = (int(max(map(max, shares)) * 20) + 1) / 20  # the next 5 % above
    step = (_WIDTH - _LEFT - 20) / len(names)
    parts = []
    for tick in range(round(top * 20) + 1):
        y = _TOP + _BARS * (1 - tick / 20 / top)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick * 5} %</text>'
        )
    for place, name in enumerate(names):
        left = _LEFT + place * step
        for side, offset, row in zip(sides, (0.12, 0.50), shares, strict=True):
            tall = _BARS * row[place] / top
            parts.append(
                f'<rect x="{left + offset * step:.1f}" y="{_TOP + _BARS - tall:.1f}" '
                f'width="{step * 0.36:.1f}" height="{tall:.1f}" fill="{side.colour}">'
                f"<title>{escape(name)} words: {row[place]:.1%}</title></rect>"
            )
        middle, under = left + step / 2, _TOP + _BARS + 20
        parts.append(
            f'<text x="{middle:.1f}" y="{under}" text-anchor="middle">{escape(name)}</text>'
        )
    middle, under = _LEFT + (_WIDTH - _LEFT) / 2, _TOP + _BARS + 48
    parts.append(
        f'<text x="{middle}" y="{under}" text-anchor="middle">words in the reply (0: silence)</text>'
    )
    return parts


def _commonest(sides: tuple[Side, Side], top: int) -> list[str]:
    """Two columns: each side's commonest replies with their share of all its replies."""
    column = (_WIDTH - _LEFT - 20) / 2
    longest = max(times / side.statistics.replies for side in sides for _, times in side.commonest)
    parts = [_heading(_LEFT, top + 16, "Their commonest replies, and the share of all")]
    for number, side in enumerate(sides):
        left = _LEFT + number * column
        if not side.commonest:
            text = "not counted: give --corpus-turns"
            parts.append(f'<text x="{left}" y="{top + 44}" fill="#777">{text}</text>')
        for row, (reply, times) in enumerate(side.commonest):
            share, y = times / side.statistics.replies, top + 44 + row * _ROW
            wide = 150 * share / longest
            parts.append(
                f'<text x="{left + 130}" y="{y}" text-anchor="end">{escape(reply[:24])}</text>'
                f'<rect x="{left + 140}" y="{y - 11}" width="{wide:.1f}" height="13" '
                f'fill="{side.colour}"/>'
                f'<text x="{left + 146 + wide:.1f}" y="{y}">{share:.1%}</text>'
            )
    return parts


def _heading(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="17" font-weight="bold">{escape(text)}</text>'


def _legend(y: int, side: Side) -> str:
    statistics = side.statistics
    distinct = "–" if statistics.distinct_2 is None else f"{statistics.distinct_2:.2f}"
    text = (
        f"{side.name}: {statistics.replies:,} replies, {statistics.mean_words:.1f} words in the mean, "
        f"distinct-2 {distinct}, ten commonest {statistics.top_10_share:.1%} of all"
    )
    return (
        f'<rect x="{_LEFT}" y="{y - 11}" width="12" height="12" fill="{side.colour}"/>'
        f'<text x="{_LEFT + 20}" y="{y}">{escape(text)}</text>'
    )


def _one_in(share: float) -> str:
    return f"{1 / share:.0f}" if share > 0.001 else "a thousand and more"
