"""After the session: how it ended and why, what was done, what was said."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from models.errors import DeescalError
from models.places import data_dir
from simulator.records import Records
from simulator.review.assess import Review, Seen, Suggestion, assess
from simulator.review.report import write_report
from simulator.screens.agitation_plot import AgitationPlot
from simulator.screens.load_line import LoadLine


class ReviewScreen(Screen[None]):
    BINDINGS = [
        Binding("h", "html", "Write as a page", tooltip="An HTML file on this device"),
        Binding("t", "transcript", "Transcript", tooltip="Jump to what was said"),
        Binding("home", "top", "Top", show=False),
        Binding("escape,enter", "app.pop_screen", "To the scenarios"),
    ]

    def __init__(self, records: Records, session_id: str) -> None:
        super().__init__()
        self._records = records
        self._session_id = session_id
        self._review: Review | None = None

    def compose(self) -> ComposeResult:
        yield LoadLine("After-action review")
        yield VerticalScroll(id="review")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#review").focus()
        self._assess()

    @work(thread=True, group="review")
    def _assess(self) -> None:
        try:
            review = assess(self._records.events(self._session_id))
        except DeescalError as problem:
            self.app.call_from_thread(self._refused, str(problem))
            return
        self.app.call_from_thread(self._show, review)

    def _refused(self, problem: str) -> None:
        self.query_one("#review").mount(Static(problem, markup=False))

    def _show(self, review: Review) -> None:
        self._review = review
        self.query_one(LoadLine).retitle(f"After-action review: {review.title}")
        self.query_one("#review").mount_all(
            [
                Static(_outcome(review)),
                Static(Content.styled("Agitation, turn by turn", "bold underline")),
                AgitationPlot([point.agitation for point in review.curve]),
                Static(_talk(review), markup=False),
                Static(_turning_points(review)),
                Static(_seen("What you did well", review.skills)),
                Static(_seen("What made it harder", review.faults)),
                Static(_suggestions("Keep", review.keep)),
                Static(_suggestions("Try next time", review.to_try)),
                Static(_lessons(review)),
                Static(Content.styled("Transcript", "bold underline"), id="transcript-title"),
                Static(_transcript(review)),
            ]
        )

    def action_html(self) -> None:
        if self._review is None:
            return
        path = data_dir() / "reviews" / f"{self._review.scenario_id}-{self._session_id[:8]}.html"
        self._write(self._review, path)

    @work(thread=True, group="page", exclusive=True)
    def _write(self, review: Review, path: Path) -> None:
        try:
            write_report(review, path)
        except OSError as problem:
            line, severity = f"{path}: cannot be written ({problem.strerror})", "error"
        else:
            line, severity = f"Written to {path}", "information"
        self.app.call_from_thread(self._written, line, severity)

    def _written(self, line: str, severity: str) -> None:
        # On the page too: a path of some length does not fit into a notification, and that one goes away.
        for old in self.query(".written"):
            old.remove()
        self.query_one("#review").mount(Static(line, markup=False, classes="written"), before=0)
        self.query_one("#review").scroll_home(animate=False)
        self.notify(line, severity="error" if severity == "error" else "information", markup=False)

    def action_transcript(self) -> None:
        for title in self.query("#transcript-title"):
            self.query_one("#review").scroll_to_widget(title, top=True, animate=False)

    def action_top(self) -> None:
        self.query_one("#review").scroll_home(animate=False)


def _section(title: str, lines: list[Content]) -> Content:
    if not lines:
        return Content("")
    return Content("\n").join([Content.styled(title, "bold underline"), *lines, Content("")])


def _outcome(review: Review) -> Content:
    state = "" if review.finished else "  (not finished)"
    lines = [
        Content.assemble((f"{review.band_name}", "bold"), f"  {review.points} of 100{state}"),
        Content(review.outcome),
        *(Content(f"• {reason}") for reason in review.reasons),
        Content(
            f"{review.civilian}, {review.subject_type}; difficulty {review.difficulty} of 5; "
            f"{review.minutes:g} minutes"
        ),
        Content(""),
    ]
    return Content("\n").join(lines)


def _talk(review: Review) -> str:
    talk = review.talk
    median = talk.response_median_s
    answered = "" if median is None else f" They answered after {median:.1f} s (median)."
    return (
        f"You spoke {talk.officer_share:.0%} of the words (rule of thumb: 20%). Open questions: "
        f"{talk.open_questions}, others: {talk.other_questions}, silences: {talk.silences}.{answered}\n"
    )


def _turning_points(review: Review) -> Content:
    lines = []
    for point in review.turning_points:
        why = ", ".join(cause.about for cause in point.causes)
        lines.append(
            Content.assemble(
                f"• turn {point.turn}: agitation {point.agitation_change:+d}, "
                f"trust {point.trust_change:+d} ({why}): ",
                (f"“{point.said}”", "italic"),
            )
        )
    return _section("Turning points", lines)


def _seen(title: str, seen: list[Seen]) -> Content:
    lines = []
    for each in seen:
        lines.append(
            Content.assemble(
                "• ", (each.name, "bold"), f" × {len(each.quotes)}  [{each.instrument}]"
            )
        )
        lines += [
            Content.assemble(f"    turn {turn}: ", (f"“{words}”", "italic"))
            for turn, words in each.quotes[:4]
        ]
        if len(each.quotes) > 4:
            lines.append(Content(f"    and {len(each.quotes) - 4} more"))
    return _section(title, lines)


def _suggestions(title: str, suggestions: list[Suggestion]) -> Content:
    lines = []
    for number, each in enumerate(suggestions, start=1):
        where = f" (turn {each.turn}: “{each.quote}”)" if each.turn is not None else ""
        after = f", as to “{each.after}”" if each.after else ""
        say = f" Say{after}: “{each.say}”" if each.say else ""
        lines.append(Content(f"{number}. {each.about}{where}{say}"))
    return _section(title, lines)


def _lessons(review: Review) -> Content:
    lines = [Content(f"• {lesson}") for lesson in review.key_lessons]
    for each in review.questions:
        lines += [Content(f"? {line}") for line in (each.why, each.consequences, each.reflection)]
    return _section("To think about", lines)


def _transcript(review: Review) -> Table:
    """Speaker, words, and below the officer's words what was recognised in them."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", width=10, no_wrap=True, overflow="ellipsis")
    grid.add_column(ratio=1, overflow="fold")
    name = review.civilian.split()[0]
    for said in review.transcript:
        who = {"officer": "You", "civilian": name}.get(said.speaker, "~")
        words = Text(said.text or "(says nothing)", style="italic" if who == "~" else "")
        if said.cut_off:
            words.append(" — (you cut in)")
        if said.behaviours:
            marks = ", ".join(
                f"{'−' if fault else '+'} {what}" for what, fault, _ in said.behaviours
            )
            words.append(f"\n{marks}", style="dim")
        if said.speaker == "civilian":
            words.append(f"\nagitation {said.agitation}, trust {said.trust}", style="dim")
        grid.add_row(Text(who, style="bold"), words)
    return grid
