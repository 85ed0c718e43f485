"""A clock for sound that is heard by nobody: it jumps over what would only be waited for."""

from __future__ import annotations

import time


class VirtualClock:
    """Runs with the real time, so that computing costs what it costs, and is put ahead by what is only heard."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def ahead(self, seconds: float) -> None:
        self._ahead += seconds

    def until(self, at: float) -> None:
        """Jump to a moment; nothing where it has passed."""
        self._ahead += max(0.0, at - self())
