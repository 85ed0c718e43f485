"""The top line: where we are, and how far loading is."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static


class LoadLine(Static):
    """A title at the left; at the right what is still being loaded, if anything."""

    loading_line: reactive[str] = reactive("")

    def __init__(self, title: str) -> None:
        super().__init__(classes="top")
        self._title = title

    def on_mount(self) -> None:
        self.watch(self.app, "loading_line", self._moved)

    def on_resize(self) -> None:
        self._draw()

    def retitle(self, title: str) -> None:
        self._title = title
        self._draw()

    def _moved(self, line: str) -> None:
        self.loading_line = line
        self._draw()

    def _draw(self) -> None:
        right = f"{self.loading_line} …" if self.loading_line else ""
        room = max(8, self.content_size.width - len(right) - 1)
        title = self._title if len(self._title) <= room else self._title[: room - 1] + "…"
        self.update(Content.assemble((title.ljust(room), "bold"), " ", right))
