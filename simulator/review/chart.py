"""Where the lines of agitation and trust run: the geometry of the review's plot, for a narrow and a wide page."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.review.model import Review

_TOP, _LEFT, _NAME_GAP = 16.0, 34.0, 15.0


@dataclass(frozen=True)
class Dot:
    """A turn with a turning point, on the line of agitation. change: of agitation, over the whole turn."""

    turn: int
    x: float
    y: float
    label_x: float
    label_y: float
    change: int


@dataclass(frozen=True)
class Chart:
    """Coordinates in the units of an SVG of width × height."""

    width: int
    height: int
    left: float
    right: float
    bottom: float
    agitation: str
    trust: str
    dots: list[Dot]
    grid: list[tuple[int, float]]
    turns: list[tuple[int, float]]
    agitation_name: str
    agitation_name_y: float
    trust_name: str
    trust_name_y: float


def chart(review: Review, width: int, height: int, name_room: int = 108) -> Chart:
    """The plot in this size. name_room: units kept free on the right for the names of the lines."""
    right, bottom = float(width - name_room), float(height - 44)
    last = max(1, review.curve[-1].turn)

    def x(turn: int) -> float:
        return round(_LEFT + (right - _LEFT) * turn / last, 1)

    def y(value: int) -> float:
        return round(_TOP + (bottom - _TOP) * (1 - value / 100), 1)

    turning = {point.turn for point in review.turning_points}
    changes = {
        after.turn: after.agitation - before.agitation
        for before, after in zip(review.curve, review.curve[1:], strict=False)
        if after.turn in turning
    }
    end = review.curve[-1]
    agitation_y, trust_y = _apart(y(end.agitation), y(end.trust))
    step = _every(last, right - _LEFT)
    return Chart(
        width=width,
        height=height,
        left=_LEFT,
        right=right,
        bottom=bottom,
        agitation=" ".join(f"{x(p.turn)},{y(p.agitation)}" for p in review.curve),
        trust=" ".join(f"{x(p.turn)},{y(p.trust)}" for p in review.curve),
        dots=[
            Dot(
                turn=p.turn,
                x=x(p.turn),
                y=y(p.agitation),
                label_x=min(x(p.turn), right - 12),
                label_y=_label_y(y(p.agitation), changes[p.turn], bottom),
                change=changes[p.turn],
            )
            for p in review.curve
            if p.turn in changes
        ],
        grid=[(value, y(value)) for value in (0, 25, 50, 75, 100)],
        turns=[(turn, x(turn)) for turn in range(0, last + 1, step)],
        agitation_name=f"agitation {end.agitation}",
        agitation_name_y=agitation_y + 4,
        trust_name=f"trust {end.trust}",
        trust_name_y=trust_y + 4,
    )


def _label_y(y: float, change: int, bottom: float) -> float:
    """A rise is written above its point, a fall below it, and inside the plot."""
    above = (change > 0 and y - 10 > _TOP + 6) or y + 20 > bottom - 2
    return y - 10 if above else y + 20


def _every(last: int, room: float) -> int:
    """Turns between two numbers on the axis, so that they do not touch (26 units each)."""
    for step in (1, 2, 5, 10, 20, 50, 100):
        if last / step * 26 <= room:
            return step
    return last


def _apart(one: float, other: float) -> tuple[float, float]:
    """Heights of two names that do not write over each other."""
    gap = abs(one - other)
    if gap >= _NAME_GAP:
        return one, other
    push = (_NAME_GAP - gap) / 2
    return (one - push, other + push) if one <= other else (one + push, other - push)
