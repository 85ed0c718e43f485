"""The line in which the officer types: takes any paste, and a space in an empty line is the talk key."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import Input

from simulator.session import LONGEST_UTTERANCE


def one_line(text: str) -> str:
    """Pasted text as it may stand in a line: line ends and tabs are spaces, control characters go."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class OfficerInput(Input):
    """Input that cuts at what a session takes in, and says so."""

    class TalkPressed(Message):
        """Space in the empty line."""

    class Cut(Message):
        """More was pasted than an utterance may be."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    def __init__(self, placeholder: str) -> None:
        super().__init__(
            placeholder=placeholder, max_length=LONGEST_UTTERANCE, select_on_focus=False
        )

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "space" and not self.value:
            event.stop()
            event.prevent_default()
            self.post_message(self.TalkPressed())

    def _on_paste(self, event: events.Paste) -> None:
        # Textual's own takes the first line only and lets control characters through.
        event.stop()
        event.prevent_default()
        text = one_line(event.text)
        room = LONGEST_UTTERANCE - len(self.value) + len(self.selected_text)
        if len(text) > room:
            self.post_message(self.Cut(len(text) - room))
        self.replace(text[:room], *self.selection)
