"""Events of an answer to words that may not be all: held back until that is certain, or forgotten."""

from __future__ import annotations

from collections.abc import Callable

from simulator.events import Event


class Gate:
    """Publishes to `through`; while it is shut, events wait. Used from the session's thread only.

    at_once: told of every event at once, shut or not: the voice speaks ahead of certainty.
    """

    def __init__(self, through: Callable[[Event], None], at_once: Callable[[Event], None]) -> None:
        self._through = through
        self._at_once = at_once
        self._shut = False
        self._waiting: list[Event] = []

    def __call__(self, event: Event) -> None:
        if self._shut:
            self._waiting.append(event)
        else:
            self._through(event)
        self._at_once(event)

    @property
    def shut(self) -> bool:
        return self._shut

    def close(self) -> None:
        self._shut = True

    def open(self) -> None:
        """It is certain: everything that waited is published, in its order."""
        self._shut = False
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self._through(event)

    def forget(self) -> None:
        """None of it happened."""
        self._shut, self._waiting = False, []
