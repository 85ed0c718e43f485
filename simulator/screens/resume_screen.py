"""Sessions that were never ended: go on, look at the review, end one, or leave them for later."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from models.errors import DeescalError
from scenarios.loader import load
from simulator.events import SessionEnded
from simulator.records import Records, SessionRow
from simulator.screens.load_line import LoadLine
from simulator.screens.questions import Ask


class ResumeScreen(Screen[None]):
    BINDINGS = [
        Binding("enter", "go_on", "Go on", tooltip="Resume where it stopped"),
        Binding("r", "review", "Review", tooltip="What there is of it"),
        Binding("e", "end", "End it", tooltip="Count it as left; it is offered no more"),
        Binding("escape,n", "app.pop_screen", "Leave for later", tooltip="To the scenarios"),
    ]

    @dataclass
    class GoOn(Message):
        session_id: str

    @dataclass
    class ReviewAsked(Message):
        session_id: str

    def __init__(self, records: Records, rows: list[SessionRow]) -> None:
        super().__init__()
        self._records = records
        self._rows = rows

    def compose(self) -> ComposeResult:
        yield LoadLine("Sessions that were not finished")
        yield Static(
            "Nothing said was lost. Enter goes on with one, Escape leaves them for later.",
            classes="dim",
        )
        yield OptionList(
            *(Option(_row_text(row), id=row.id) for row in self._rows), id="unfinished"
        )
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.focus()
        options.highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_go_on()

    def _current(self) -> SessionRow | None:
        at = self.query_one(OptionList).highlighted
        return None if at is None else self._rows[at]

    def action_go_on(self) -> None:
        row = self._current()
        if row is not None:
            self.post_message(self.GoOn(row.id))

    def action_review(self) -> None:
        row = self._current()
        if row is not None:
            self.post_message(self.ReviewAsked(row.id))

    def action_end(self) -> None:
        row = self._current()
        if row is None:
            return

        def answered(answer: str | None) -> None:
            if answer == "end":
                self._end(row)

        self.app.push_screen(
            Ask(
                f"End the session of {row.began_at[:10]} as left by the officer? It stays in the record.",
                [("end", "End it"), ("no", "Leave it")],
            ),
            answered,
        )

    def _end(self, row: SessionRow) -> None:
        try:
            with self._records.hold(row.id):
                at_s = max(event.at_s for event in self._records.events(row.id))
                ended = SessionEnded(turn=row.turns, reason="officer_left", at_s=at_s)
                self._records.append(row.id, ended)
        except DeescalError as problem:
            self.notify(str(problem), severity="error", markup=False)
            return
        at = self._rows.index(row)
        del self._rows[at]
        options = self.query_one(OptionList)
        options.remove_option_at_index(at)
        if not self._rows:
            self.app.pop_screen()
        else:
            options.highlighted = min(at, len(self._rows) - 1)


def _row_text(row: SessionRow) -> Text:
    try:
        title = load(row.scenario_id).scenario.title
    except DeescalError:
        title = f"{row.scenario_id} (its scenario is not here any more)"
    turns = "1 turn" if row.turns == 1 else f"{row.turns} turns"
    when = row.began_at[:16].replace("T", " ")
    who = f"  {row.officer}" if row.officer else ""
    return Text(f"{title}\n  {when} UTC  {turns}{who}  {row.id[:8]}")
