"""When a run began and how long it took, though somebody sets the clock in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: Network time moves a clock by less than this; a person or a board without a battery for its clock by more.
_JUMP_S = 2.0


class RunClock:
    """Durations by the monotonic clock; the wall clock only says when, and is watched."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._wall_at, self._steady_at = wall(), steady()
        began = datetime.fromtimestamp(self._wall_at, UTC)
        self.began_at = began.isoformat(timespec="seconds")

    @property
    def seconds(self) -> float:
        return self._steady() - self._steady_at

    def notes(self) -> list[str]:
        """What a reader must know of the clock: nothing, or that it was set during the run."""
        jump = (self._wall() - self._wall_at) - self.seconds
        if abs(jump) < _JUMP_S:
            return []
        way = "forward" if jump > 0 else "back"
        return [
            f"The clock was set {way} by {abs(jump):.0f} s during the run. Durations hold (they are taken by a clock "
            "that nobody sets); when it began is by the clock before."
        ]
