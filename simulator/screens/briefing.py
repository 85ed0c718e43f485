"""What the officer has before the first word."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Footer, Static

from scenarios.schema import Scenario
from simulator.cast import Choice
from simulator.screens.load_line import LoadLine
from simulator.screens.picker import category_name, dots


def briefing_text(scenario: Scenario) -> Content:
    """The briefing in sections, each under its name."""
    briefing, person = scenario.briefing, scenario.civilian
    sections = [
        ("Content warnings", [*scenario.content.warnings]),
        ("Dispatch", [briefing.dispatch]),
        ("Where you are", [scenario.setting]),
        ("You see", [f"{person.appearance} ({person.role})"]),
        ("You know", briefing.officer_knows),
        ("Objectives", briefing.objectives),
        ("Policy", briefing.policy_notes),
    ]
    lines: list[Content] = []
    for name, items in sections:
        if not items:
            continue
        lines.append(Content.styled(name, "bold underline"))
        mark = "• " if len(items) > 1 or name in ("Objectives", "Policy") else ""
        lines += [Content(f"{mark}{item}") for item in items]
        lines.append(Content(""))
    return Content("\n").join(lines)


class BriefingScreen(Screen[None]):
    BINDINGS = [
        Binding("s,f2", "start", "Start", tooltip="Begin the session"),
        Binding("escape", "app.pop_screen", "Back", tooltip="To the list"),
        Binding("up", "scroll(-1)", "Scroll", show=False),
        Binding("down", "scroll(1)", "Scroll", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
    ]

    @dataclass
    class Started(Message):
        choice: Choice

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self._choice = choice

    def compose(self) -> ComposeResult:
        s = self._choice.loaded.scenario
        yield LoadLine(s.title)
        subject = self._choice.subject_type or "surprise, drawn when you start"
        facts = f"{category_name(s.category)}  {dots(s.difficulty.level)}  {s.minutes} min  subject: {subject}"
        yield Static(facts, id="facts", markup=False)
        with VerticalScroll(id="briefing", can_focus=False):
            yield Static(briefing_text(s))
        with Horizontal(classes="buttons"):
            yield Button("Start", id="start", variant="primary", compact=True)
            yield Button("Back", id="back", compact=True)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#start", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "start":
            self.action_start()
        else:
            self.app.pop_screen()

    def action_start(self) -> None:
        self.post_message(self.Started(self._choice))

    def action_scroll(self, lines: int) -> None:
        self.query_one("#briefing").scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        body = self.query_one("#briefing")
        body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)
