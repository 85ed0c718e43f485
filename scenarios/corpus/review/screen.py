"""The review queue on a terminal: the transcript, what was proposed of it and why, and one key per act."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from scenarios.corpus.review.agreement import agreements
from scenarios.corpus.review.desk import Desk
from scenarios.corpus.review.opinions import opinions_of
from scenarios.corpus.review.trail import Verdict
from scenarios.corpus.review.waiting import Item
from scenarios.corpus.transcript import ROLES, Role, Turn

_COLOURS: dict[Role, str] = {
    "officer": "bright_blue", "civilian": "yellow", "other_civilian": "green",
    "dispatcher": "magenta", "narrator": "grey62", "unknown": "red",
}  # fmt: skip
_SHORT: dict[Role, str] = {
    "officer": "officer", "civilian": "civilian", "other_civilian": "other civ.",
    "dispatcher": "dispatcher", "narrator": "narrator", "unknown": "unknown",
}  # fmt: skip


class ReviewApp(App[None]):
    """One rater at the queue. Everything is on the disk as soon as its key is pressed."""

    CSS_PATH = Path(__file__).with_name("review.tcss")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accept')", "Accept"),
        Binding("r", "decide('reject')", "Reject"),
        *(
            Binding(str(number), f"role('{role}')", _SHORT[role], show=False)
            for number, role in enumerate(ROLES[1:], 2)
        ),
        Binding("1", f"role('{ROLES[0]}')", "Role of this speaker", key_display="1-6"),
        Binding("m", "note", "Note"),
        Binding("z", "undo", "Undo"),
        Binding("n", "go(1)", "Next"),
        Binding("p", "go(-1)", "Previous"),
        Binding("f", "quote", "Next quote"),
        Binding("full_stop", "same_speaker(1)", "Speaker's next"),
        Binding("comma", "same_speaker(-1)", "before", show=False),
        Binding("i", "panel", "Proposal", show=False),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._quotes: list[int] = []

    def compose(self) -> ComposeResult:
        yield Static(id="where")
        with Horizontal(id="body"):
            yield OptionList(id="said")
            with VerticalScroll(id="proposed", can_focus=False):
                yield Static(id="about")
        yield Input(placeholder="A note on this transcript; Enter keeps it, Esc leaves", id="note")
        yield Footer()

    def on_mount(self) -> None:
        self._show()
        self.said.focus()

    @property
    def said(self) -> OptionList:
        return self.query_one("#said", OptionList)

    # -- acts

    def action_decide(self, verdict: Verdict) -> None:
        self.desk.decide(verdict)
        self._show()
        if self.desk.done == len(self.desk.items):
            self.notify("\n".join(["Everything is reviewed.", *self._agreement()]), timeout=15)

    def action_role(self, role: Role) -> None:
        turn = self._turn()
        if turn is not None and self.desk.fix(turn.speaker, role):
            self._show(keep=self.said.highlighted)

    def action_note(self) -> None:
        note = self.query_one("#note", Input)
        note.add_class("open")
        note.focus()

    @on(Input.Submitted, "#note")
    def _noted(self, event: Input.Submitted) -> None:
        self._close_note()  # first: what is typed while a slow disk writes is keys again
        if text := " ".join(event.value.split()):
            self.desk.note(text)
        self._show(keep=self.said.highlighted)

    def key_escape(self) -> None:
        self._close_note()

    def _close_note(self) -> None:
        note = self.query_one("#note", Input)
        note.value = ""
        note.remove_class("open")
        self.said.focus()

    def action_undo(self) -> None:
        act = self.desk.undo()
        if act is None:
            self.notify("There is nothing to take back.", severity="warning")
            return
        what = act.action if act.action != "role" else f"{act.label} as {act.role}"
        self.notify(f"Taken back: {what}, {act.source}")
        self._show()

    # -- moving

    def action_go(self, step: int) -> None:
        self.desk.go(self.desk.at + step)
        self._show()

    def action_quote(self) -> None:
        """To the next turn that a feature quotes."""
        at = self.said.highlighted or 0
        after = [q for q in self._quotes if q > at] or self._quotes
        if after:
            self.said.highlighted = after[0]

    def action_same_speaker(self, step: int) -> None:
        turns, at = self.desk.transcript.turns, self.said.highlighted or 0
        there = range(at + 1, len(turns)) if step > 0 else range(at - 1, -1, -1)
        for index in there:
            if turns[index].speaker == turns[at].speaker:
                self.said.highlighted = index
                return

    def action_panel(self) -> None:
        self.screen.toggle_class("panel")

    @on(OptionList.OptionHighlighted, "#said")
    def _moved(self) -> None:
        self._show_about()

    # -- showing

    def _turn(self) -> Turn | None:
        at = self.said.highlighted
        return None if at is None else self.desk.transcript.turns[at]

    def _show(self, keep: int | None = None) -> None:
        desk = self.desk
        self._quotes = self._quoted()
        said = self.said
        said.clear_options()
        said.add_options([Option(self._line(turn)) for turn in desk.transcript.turns])
        said.highlighted = keep if keep is not None else (0 if desk.transcript.turns else None)
        how = "settling" if desk.settling else "rater"
        self.query_one("#where", Static).update(
            f"{desk.item.source}   {desk.at + 1} of {len(desk.items)}, {desk.done} done   "
            f"{how} {desk.rater}"
        )
        self._show_about()

    def _line(self, turn: Turn) -> Text:
        role = self.desk.role_of(turn.speaker)
        minutes, seconds = divmod(int(turn.start_s or 0), 60)
        time = "  -  " if turn.start_s is None else f"{minutes:02}:{seconds:02}"
        line = Text(f"{time} ", style="dim")
        line.append(f"{turn.speaker} ", style=f"bold {_COLOURS[role]}")
        line.append(turn.text, style="")
        if turn.flags:
            line.append(f"  ({', '.join(turn.flags)})", style="dim italic")
        return line

    def _show_about(self) -> None:
        self.query_one("#about", Static).update(Group(*self._about()))

    def _about(self) -> list[RenderableType]:
        desk, item = self.desk, self.desk.item
        parts: list[RenderableType] = []
        mine = desk.opinion
        if mine.verdict is not None:
            parts.append(Text(f"You said: {mine.verdict}", style="bold reverse"))
            if desk.changed_since:
                parts.append(Text("The text has changed since: look again.", style="bold red"))
        for rater, opinion in desk.others().items():
            parts.append(Text(f"{rater} said: {opinion.verdict}", style="bold"))
        word = "accept" if item.accepted else "reject"
        parts.append(Text(f"Proposed: {word}", style="bold green" if item.accepted else "bold red"))
        parts += [Text(reason) for reason in item.reasons]
        for name, yes in item.judges.items():
            parts.append(Text(f"Judge {name}: {'accept' if yes else 'reject'}"))
        parts += [Text(f"uncertain {item.uncertainty:.2f}{_nearness(item)}", style="dim")]
        parts += [
            Text(
                "\n1 officer  2 civilian  3 other civ.\n4 dispatcher  5 narrator  6 unknown", "dim"
            )
        ]
        parts += [self._speakers()]
        for opinion_notes in [mine.notes, *(o.notes for o in desk.others().values())]:
            parts += [Text(f"note: {note}", style="italic") for note in opinion_notes]
        for group, members in item.features.items():
            parts.append(Text(f"\n{group.replace('_', '-')} {item.scores[group]}", style="bold"))
            for name, quote in members.items():
                if quote is None:
                    parts.append(Text(f"  {name.replace('_', ' ')}", style="dim strike"))
                else:
                    parts.append(Text(f"+ {name.replace('_', ' ')}", style="green"))
                    parts.append(Text(f"    {quote}", style="dim"))
        return parts

    def _speakers(self) -> Table:
        here = self._turn()
        table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
        for speaker in self.desk.speakers():
            now = Text(_SHORT[speaker.role], style=_COLOURS[speaker.role])
            if speaker.role != speaker.proposed:
                now.append(f" (was {_SHORT[speaker.proposed]})", style="dim")
            elif speaker.unsure:
                now.append(" unsure", style="red")
            mark = ">" if here is not None and here.speaker == speaker.label else " "
            table.add_row(
                mark, Text(speaker.label[:18]), now, Text(str(speaker.turns), style="dim")
            )
        return table

    def _quoted(self) -> list[int]:
        """Turns that hold a quote, in order."""
        quotes = [
            quote.strip("…")
            for members in self.desk.item.features.values()
            for quote in members.values()
            if quote
        ]
        turns = enumerate(self.desk.transcript.turns)
        return [at for at, turn in turns if any(q.strip() in turn.text for q in quotes)]

    def _agreement(self) -> list[str]:
        return [one.line() for one in agreements(opinions_of(self.desk.trail.acts()))]


def _nearness(item: Item) -> str:
    if item.flips is None:
        return ""
    return f": {item.flips} feature{'s' * (item.flips > 1)} from the other verdict"
