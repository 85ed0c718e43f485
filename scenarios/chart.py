"""The lint's plot: reply lengths of the library beside the corpus's, as an SVG written by hand."""

from __future__ import annotations

from html import escape

from scenarios.statistics import ReplyStatistics

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 860, 470, 60, 96, 70
_OURS, _THEIRS = "#1d5b8f", "#e0963b"


def reply_chart(ours: ReplyStatistics, corpus: ReplyStatistics) -> str:
    """Bars of the share of replies by length in words, and the figures above them."""
    names = list(ours.lengths)
    highest = max([*ours.lengths.values(), *corpus.lengths.values()])
    top = (int(highest * 20) + 1) / 20  # the next 5 % above
    plot_height = _HEIGHT - _TOP - _BOTTOM
    step = (_WIDTH - _LEFT - 20) / len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13" role="img">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="28" font-size="17" font-weight="bold">'
        "How long civilians' replies are</text>",
        _legend(52, _OURS, "this library", ours),
        _legend(74, _THEIRS, "DeEscalWild", corpus),
    ]
    for tick in range(round(top * 20) + 1):
        y = _TOP + plot_height * (1 - tick / 20 / top)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick * 5} %</text>'
        )
    for place, name in enumerate(names):
        left = _LEFT + place * step
        for offset, colour, share in (
            (0.12, _OURS, ours.lengths[name]),
            (0.50, _THEIRS, corpus.lengths.get(name, 0.0)),
        ):
            tall = plot_height * share / top
            parts.append(
                f'<rect x="{left + offset * step:.1f}" y="{_TOP + plot_height - tall:.1f}" '
                f'width="{step * 0.36:.1f}" height="{tall:.1f}" fill="{colour}">'
                f"<title>{escape(name)} words: {share:.1%}</title></rect>"
            )
        parts.append(
            f'<text x="{left + step / 2:.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">'
            f"{escape(name)}</text>"
        )
    parts.append(
        f'<text x="{_LEFT + (_WIDTH - _LEFT) / 2}" y="{_HEIGHT - 22}" text-anchor="middle">'
        "words in the reply (0: silence)</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _legend(y: int, colour: str, name: str, statistics: ReplyStatistics) -> str:
    distinct = "–" if statistics.distinct_2 is None else f"{statistics.distinct_2:.2f}"
    text = (
        f"{name}: {statistics.replies:,} replies, {statistics.mean_words:.1f} words in the mean, "
        f"distinct-2 {distinct}, ten commonest {statistics.top_10_share:.1%} of all"
    )
    return (
        f'<rect x="{_LEFT}" y="{y - 11}" width="12" height="12" fill="{colour}"/>'
        f'<text x="{_LEFT + 20}" y="{y}">{escape(text)}</text>'
    )
