"""Which encounter: a list that filters as you type, and what the highlighted one is about."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, get_args

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Select, Static

from models.errors import DeescalError
from scenarios.behaviours import BEHAVIOURS
from scenarios.loader import Loaded, load, scenario_paths
from scenarios.schema import Category, SubjectType
from simulator.screens.load_line import LoadLine
from simulator.screens.questions import Help

Order = Literal["title", "difficulty", "minutes"]

HELP = """Which encounter?

Type to filter: words of the title, the summary, the category, the skills.
Up and Down move, Enter opens the briefing, Tab goes to the next field.

F2   surprise me: one of those listed
F3   category
F4   order: by title, difficulty or length
F5   subject: how the civilian is today. "Surprise" draws it when the session begins.
Esc  empties the filter
^q   leave the program
^p   commands: themes, a picture of the screen

●●●○○ is difficulty, 1 to 5. Content warnings stand with each scenario."""


#: Width of the title where the warnings stand beside it; the longest one of the library fits.
_TITLE = 38


def dots(level: int) -> str:
    """Difficulty as it is read without colour: 3 is ●●●○○."""
    return "●" * level + "○" * (5 - level)


def category_name(category: str) -> str:
    return category.replace("_", " ")


def fitting(
    scenarios: list[Loaded], words: str, category: Category | None, order: Order
) -> list[Loaded]:
    """Those in which every word occurs, of the category, in order."""
    wanted = words.lower().split()
    found = [
        each
        for each in scenarios
        if (category is None or each.scenario.category == category)
        and all(word in _text_of(each) for word in wanted)
    ]

    def key(each: Loaded) -> tuple[int, str]:
        s = each.scenario
        first = {"title": 0, "difficulty": s.difficulty.level, "minutes": s.minutes}[order]
        return first, s.title.lower()

    return sorted(found, key=key)


def _text_of(each: Loaded) -> str:
    s = each.scenario
    skills = (BEHAVIOURS[skill].name for skill in s.skills)
    return " ".join(
        (each.id, s.title, s.summary, category_name(s.category), *s.tags, *skills)
    ).lower()


class ScenarioTable(DataTable[str]):
    """Rows of scenarios; the title takes what width there is. Typing goes to the filter."""

    def __init__(self) -> None:
        super().__init__(cursor_type="row", show_row_labels=False)
        self.shown: list[Loaded] = []
        self._drawn_at = 0

    def show(self, scenarios: list[Loaded], keep: str | None = None) -> None:
        """Fill the table. keep: the id of the row to stand on, where it is still there."""
        self.shown = scenarios
        self._draw()
        ids = [each.id for each in scenarios]
        self.move_cursor(row=ids.index(keep) if keep in ids else 0, animate=False)

    def current(self) -> Loaded | None:
        return self.shown[self.cursor_row] if 0 <= self.cursor_row < len(self.shown) else None

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width != self._drawn_at:
            here = self.current()
            self.show(self.shown, here.id if here else None)

    def _draw(self) -> None:
        width = self._drawn_at = self.size.width
        category = 14 if width >= 56 else 0
        room = width - 16 - (category and category + 2)  # level, minutes, their padding, scroll bar
        warnings = room - _TITLE - 2 if room >= _TITLE + 24 else 0
        title = _TITLE if warnings else max(20, room)
        self.clear(columns=True)
        self.add_column("Title", width=title)
        if category:
            self.add_column("Category", width=category)
        self.add_column("Level", width=5)
        self.add_column("Min", width=3)
        if warnings:
            self.add_column("Content warnings", width=warnings)
        for each in self.shown:
            s = each.scenario
            cells = [_cut(s.title, title)]
            if category:
                cells.append(category_name(s.category))
            cells += [dots(s.difficulty.level), f"{s.minutes:3d}"]
            if warnings:
                cells.append(_cut("; ".join(s.content.warnings), warnings))
            self.add_row(*cells, key=each.id)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


class Picker(Screen[None]):
    BINDINGS = [
        Binding("f1", "help", "Help", tooltip="What the keys do"),
        Binding("f2", "surprise", "Surprise me", tooltip="One of those listed"),
        Binding("f3", "open('category')", "Category", tooltip="Only one kind of encounter"),
        Binding("f4", "open('order')", "Order", tooltip="By title, difficulty or length"),
        Binding("f5", "open('subject')", "Subject", tooltip="How the civilian is today"),
        Binding("escape", "clear", "Clear", show=False),
    ]

    @dataclass
    class Picked(Message):
        """subject_type None: to be drawn."""

        loaded: Loaded
        subject_type: SubjectType | None

    def __init__(self) -> None:
        super().__init__()
        self.scenarios: list[Loaded] = []

    def compose(self) -> ComposeResult:
        yield LoadLine("DeEscalWild Simulator")
        yield Input(placeholder="Type to filter", id="filter", compact=True, select_on_focus=False)
        with Horizontal(id="choices"):
            categories = [(category_name(c), c) for c in get_args(Category)]
            yield Select(categories, prompt="all categories", id="category", compact=True)
            orders = [
                ("by title", "title"),
                ("by difficulty", "difficulty"),
                ("by length", "minutes"),
            ]
            yield Select(orders, value="title", allow_blank=False, id="order", compact=True)
            subjects = [
                ("subject: surprise", ""),
                *((f"subject: {s}", s) for s in get_args(SubjectType)),
            ]
            yield Select(subjects, value="", allow_blank=False, id="subject", compact=True)
        with Horizontal(id="pick"):
            yield ScenarioTable()
            with VerticalScroll(id="about"):
                yield Static("", id="about-text", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(ScenarioTable).focus()
        self._read_library()

    @work(thread=True, group="library")
    def _read_library(self) -> None:
        found: list[Loaded] = []
        for path in scenario_paths().values():
            try:
                found.append(load(path))
            except DeescalError as problem:
                line = str(problem).splitlines()[0]
                self.app.call_from_thread(
                    self.notify, line, title="Left out", severity="warning", markup=False
                )
        self.app.call_from_thread(self._have, found)

    def _have(self, found: list[Loaded]) -> None:
        self.scenarios = found
        self._filter()

    # -- filtering

    @on(Input.Changed, "#filter")
    @on(Select.Changed, "#category")
    @on(Select.Changed, "#order")
    def _filter(self) -> None:
        table = self.query_one(ScenarioTable)
        here = table.current()
        category = self.query_one("#category", Select).value
        order: Order = self.query_one("#order", Select).value  # type: ignore[assignment]
        shown = fitting(
            self.scenarios,
            self.query_one("#filter", Input).value,
            None if category is Select.NULL else category,  # type: ignore[arg-type]
            order,
        )
        table.show(shown, here.id if here else None)
        self._describe()

    def on_key(self, event: events.Key) -> None:
        """Typing on the table filters; up and down in the filter move on the table."""
        table, words = self.query_one(ScenarioTable), self.query_one("#filter", Input)
        if self.focused is table and event.is_printable and event.character:
            self.set_focus(words)  # at once: the next key is already on its way
            words.insert_text_at_cursor(event.character)
        elif self.focused is table and event.key == "backspace" and words.value:
            self.set_focus(words)
            words.action_delete_left()
        elif self.focused is words and event.key in ("down", "up", "pagedown", "pageup"):
            self.set_focus(table)
            self._move_on_table(event.key)
        else:
            return
        event.stop()

    def _move_on_table(self, key: str) -> None:
        table = self.query_one(ScenarioTable)
        page = max(1, table.size.height - 2)
        rows = {"down": 1, "up": -1, "pagedown": page, "pageup": -page}[key]
        last = max(0, len(table.shown) - 1)
        table.move_cursor(row=max(0, min(last, table.cursor_row + rows)), animate=False)

    @on(Input.Submitted, "#filter")
    def _open_from_filter(self) -> None:
        self._open(self.query_one(ScenarioTable).current())

    def action_clear(self) -> None:
        self.query_one("#filter", Input).value = ""
        self.query_one(ScenarioTable).focus()

    # -- the highlighted one

    @on(DataTable.RowHighlighted)
    def _describe(self) -> None:
        table = self.query_one(ScenarioTable)
        each = table.current()
        text = self.query_one("#about-text", Static)
        if each is None:
            text.update("Nothing fits. Escape empties the filter." if self.scenarios else "")
            return
        s = each.scenario
        skills = ", ".join(BEHAVIOURS[skill].name for skill in s.skills)
        warnings = "; ".join(s.content.warnings) or "none"
        because = "; ".join(s.difficulty.because)
        draft = " (draft: not reviewed yet)" if s.status == "draft" else ""
        text.update(
            Content("\n").join(
                [
                    Content.assemble((s.title, "bold"), draft),
                    Content(s.summary),
                    Content.assemble(("Content  ", "bold"), f"{s.content.level}; {warnings}"),
                    Content.assemble(("Trains  ", "bold"), skills),
                    Content.assemble(("Level  ", "bold"), f"{dots(s.difficulty.level)} {because}"),
                    Content(f"{len(table.shown)} of {len(self.scenarios)} scenarios"),
                ]
            )
        )
        self.query_one("#about", VerticalScroll).scroll_home(animate=False)

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        self._open(self.query_one(ScenarioTable).current())

    def action_surprise(self) -> None:
        shown = [each for each in self.query_one(ScenarioTable).shown if not each.is_draft]
        if shown:
            self._open(random.SystemRandom().choice(shown))

    def action_open(self, which: str) -> None:
        select = self.query_one(f"#{which}", Select)
        select.focus()
        select.action_show_overlay()

    def action_help(self) -> None:
        self.app.push_screen(Help(HELP))

    def _open(self, loaded: Loaded | None) -> None:
        if loaded is None:
            return
        subject: SubjectType | None = self.query_one("#subject", Select).value or None  # type: ignore[assignment]
        self.post_message(self.Picked(loaded, subject))
