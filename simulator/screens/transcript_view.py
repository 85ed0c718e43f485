"""What was said so far. Who speaks is told by a name in its own column, so that colour is not needed."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from simulator.transcript import Turn

OFFICER, SCENE = "You", "~"
_NAME_AT_MOST = 10


class Utterance(Static):
    """One speaker's words. kind is also its style class: officer, civilian, scene or note."""

    def __init__(self, kind: str, name: str, words: str, turn: int = 0) -> None:
        super().__init__(classes=kind)
        self.kind = kind
        self.turn = turn
        self.words = words
        self._who = name
        self.update(self._rendered())

    def add(self, words: str) -> None:
        """The next words of the same reply."""
        self.rewrite(f"{self.words} {words}".strip())

    def rewrite(self, words: str) -> None:
        self.words = words
        self.update(self._rendered())

    def _rendered(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", width=_NAME_AT_MOST, no_wrap=True, overflow="ellipsis")
        grid.add_column(ratio=1, overflow="fold")
        italic = "italic" if self.kind in ("scene", "note") else ""
        grid.add_row(Text(self._who, style="bold"), Text(self.words, style=italic))
        return grid


class TranscriptView(VerticalScroll):
    """Keeps to the newest line until the reader scrolls up, and again when they come back."""

    can_focus = True

    def __init__(self, civilian: str) -> None:
        super().__init__()
        self._civilian = civilian
        self._early: list[
            Utterance
        ] = []  # said before the screen stood: a warm cache is that quick

    def on_mount(self) -> None:
        self.anchor()
        early, self._early = self._early, []
        self.mount_all(early)

    def _lay(self, said: Utterance) -> None:
        if self._early or not self.is_attached:
            self._early.append(said)
        else:
            self.mount(said)

    def officer(self, words: str, turn: int) -> None:
        self._lay(Utterance("officer", OFFICER, words or "(says nothing)", turn))

    def scene(self, what: str) -> None:
        self._lay(Utterance("scene", SCENE, what))

    def note(self, line: str) -> None:
        self._lay(Utterance("note", "note", line))

    def clause(self, words: str, turn: int, first: bool) -> None:
        """The civilian's next words."""
        last = self._last_reply(turn)
        if first or last is None:
            self._lay(Utterance("civilian", self._civilian, words, turn))
        else:
            last.add(words)

    def settle(self, words: str, turn: int) -> None:
        """The whole reply, as the record has it."""
        last = self._last_reply(turn)
        if last is None:
            self.clause(words, turn, first=True)
        elif last.words != words:
            last.rewrite(words)

    def cut_off(self, heard: str, turn: int) -> None:
        """Only this much of the reply was heard."""
        last = self._last_reply(turn)
        if last is not None:
            last.rewrite(f"{heard} — (you cut in)".strip())

    def lay_down(self, turns: list[Turn]) -> None:
        """A whole transcript at once."""
        for said in turns:
            if said.speaker == "officer":
                self.officer(said.text, said.turn)
            elif said.speaker == "scene":
                self.scene(said.text)
            else:
                if said.reaction:
                    self.scene(f"{self._civilian} {said.reaction}.")
                self.clause(said.text, said.turn, first=True)
                if said.cut_off:
                    self.cut_off(said.text, said.turn)

    def _last_reply(self, turn: int) -> Utterance | None:
        for each in reversed([*self.query(Utterance), *self._early]):
            if each.kind == "civilian":
                return each if each.turn == turn else None
        return None
