"""Two small screens over the others: a question with answers, and help."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Ask(ModalScreen[str | None]):
    """A question and its answers, by key or by pointer. Gives the id of the answer; None for Escape."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("up,left", "app.focus_previous", show=False),
        Binding("down,right", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, answers: list[tuple[str, str]]) -> None:
        super().__init__()
        self._question = question
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Static(self._question, markup=False)
            for id_, label in self._answers:
                yield Button(label, id=id_, compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)


class Help(ModalScreen[None]):
    """Text to read; any of its keys closes it."""

    BINDINGS = [Binding("escape,f1,enter,q", "dismiss", "Close")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(self._text, markup=False)
            yield Static("Escape closes this.", classes="dim")
