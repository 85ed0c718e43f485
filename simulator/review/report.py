"""The review as one page: no script, no network, readable in print and on a phone."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader

from scenarios.schema import BAND_NAMES
from simulator.review.assess import Review


def write_report(review: Review, path: Path) -> None:
    """Write the page; it appears whole or not at all."""
    environment = Environment(
        loader=PackageLoader("simulator.review", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("review.html").render(
        review=review, band_names=list(BAND_NAMES.values()), chart=_chart(review)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)


_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 200, 34, 12


def _chart(review: Review) -> dict[str, object]:
    """Points of the plot of agitation and trust, in the units of an SVG of 640 × 240."""
    last = max(1, review.curve[-1].turn)

    def x(turn: int) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - 10) * turn / last, 1)

    def y(value: int) -> float:
        return round(_TOP + _HEIGHT * (1 - value / 100), 1)

    turning = {point.turn: point for point in review.turning_points}
    return {
        "agitation": " ".join(f"{x(p.turn)},{y(p.agitation)}" for p in review.curve),
        "trust": " ".join(f"{x(p.turn)},{y(p.trust)}" for p in review.curve),
        "dots": [
            {
                "x": x(p.turn),
                "y": y(p.agitation),
                "turn": p.turn,
                "change": turning[p.turn].agitation_change,
            }
            for p in review.curve
            if p.turn in turning
        ],
        "grid": [(value, y(value)) for value in (0, 25, 50, 75, 100)],
        "turns": [(p.turn, x(p.turn)) for p in review.curve if last <= 16 or p.turn % 5 == 0],
        "bottom": _TOP + _HEIGHT,
    }
