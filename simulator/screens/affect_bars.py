"""Agitation and trust as bars with numbers, and how agitation went."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from simulator.review.text import sparkline

_LABEL, _NUMBERS = 10, 9
_WIDEST_BAR = 40


def bar(value: int, width: int) -> str:
    """0-100 as `width` characters, readable without colour."""
    filled = round(max(0, min(100, value)) * width / 100)
    return "█" * filled + "░" * (width - filled)


class AffectBars(Static):
    """Two lines. `move` adds a turn's state; the first one is where the session began."""

    def __init__(self) -> None:
        super().__init__()
        self.agitation: list[int] = []
        self.trust: list[int] = []
        self._turn = -1

    def move(self, turn: int, agitation: int, trust: int) -> None:
        """The state in a turn; several steps of one turn count as one."""
        if turn == self._turn and self.agitation:
            self.agitation[-1], self.trust[-1] = agitation, trust
        else:
            self.agitation.append(agitation)
            self.trust.append(trust)
        self._turn = turn
        self.update(self._rendered())

    def on_resize(self) -> None:
        self.update(self._rendered())

    def _rendered(self) -> Content:
        if not self.agitation:
            return Content("")
        width = self.content_size.width or 60
        curve_width = min(24, max(0, (width - _LABEL - _NUMBERS) // 3))
        room = min(_WIDEST_BAR, width - _LABEL - _NUMBERS - curve_width - 2)
        lines = [
            self._line("Agitation", self.agitation, room, curve_width, "$warning"),
            self._line("Trust", self.trust, room, curve_width, "$success"),
        ]
        return Content("\n").join(lines)

    def _line(
        self, name: str, values: list[int], room: int, curve_width: int, colour: str
    ) -> Content:
        change = values[-1] - values[-2] if len(values) > 1 else 0
        return Content.assemble(
            f"{name:<{_LABEL}}",
            (bar(values[-1], max(4, room)), colour),
            (f"{values[-1]:4d}", "bold"),
            f" {change:+d}".ljust(_NUMBERS - 4) if change else " " * (_NUMBERS - 4),
            (sparkline(values[-curve_width:]) if curve_width >= 4 else "", colour),
        )
