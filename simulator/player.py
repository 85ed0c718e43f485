"""What a session asks of whoever finds the civilian's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from simulator.civilian.answers import Reply
from simulator.civilian.disclosure import Disclosure
from simulator.events import Behaviour


class Player(Protocol):
    """Who finds the civilian's words: simulator.civilian.reply.CivilianPlayer."""

    def opened(self, words: str) -> None: ...
    def hear(self, words: str) -> None: ...
    def reply(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
        note: str = "",
        on_clause: Callable[[str], None] | None = None,
        hurry: bool = False,
    ) -> Reply: ...
    def rehearse(
        self,
        words: str,
        behaviours: list[Behaviour],
        agitation: int,
        trust: int,
        disclosure: Disclosure,
    ) -> bool: ...
    def mark(self) -> Any: ...
    def take_back(self, mark: Any) -> None: ...
    def settle(self, heard: str) -> None: ...
    def cut_off(self, heard: str) -> None: ...
    def next_turn(self) -> int: ...
