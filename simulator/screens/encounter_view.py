"""What is seen of a session: the transcript, the reminders, the civilian's state, the last answer's time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from scenarios.reactions import AS_WORDS
from scenarios.schema import BAND_NAMES, Scenario
from simulator.events import (
    AffectMoved,
    CivilianCutOff,
    CivilianReacted,
    CivilianSpoke,
    ClauseReady,
    EndingReached,
    Event,
    InjectHappened,
    Noticed,
    OfficerSpoke,
    SessionStarted,
    TurnTimed,
)
from simulator.screens.affect_bars import AffectBars
from simulator.screens.encounter import Resumption
from simulator.screens.latency import latency_line
from simulator.screens.transcript_view import TranscriptView
from simulator.transcript import transcript


class EncounterView(Vertical):
    """Shows events as they come; asks nothing and knows nothing of keys."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self._scenario = scenario
        self._replied: CivilianSpoke | None = None
        self._stage = Static("", id="stage", markup=False)
        self._stage_line = ""

    def compose(self) -> ComposeResult:
        with Horizontal(id="middle"):
            yield TranscriptView(self._scenario.civilian.name.split()[0])
            with VerticalScroll(id="reminders"):
                yield Static(self._reminders())
        with Vertical(id="state"):
            yield AffectBars()
            yield self._stage
            yield Static("", id="latency", markup=False)

    def _reminders(self) -> Content:
        briefing, person = self._scenario.briefing, self._scenario.civilian
        parts = [Content.styled("Objectives", "bold underline")]
        parts += [Content(f"• {line}") for line in briefing.objectives]
        parts += [Content(""), Content.styled("You see", "bold underline")]
        parts += [Content(person.appearance), Content("")]
        if briefing.officer_knows:
            parts.append(Content.styled("You know", "bold underline"))
            parts += [Content(f"• {line}") for line in briefing.officer_knows]
        return Content("\n").join(parts)

    def lay_down(self, play: Resumption) -> None:
        """What was said before the session was interrupted."""
        view, bars = self.query_one(TranscriptView), self.query_one(AffectBars)
        view.lay_down(transcript(play.events))
        view.note("resumed: this is what was said so far")
        for event in play.events:
            if isinstance(event, SessionStarted):
                bars.move(0, event.agitation, event.trust)
            elif isinstance(event, AffectMoved):
                bars.move(event.turn, event.agitation, event.trust)

    def show(self, event: Event) -> None:
        view, bars = self.query_one(TranscriptView), self.query_one(AffectBars)
        match event:
            case SessionStarted():
                bars.move(0, event.agitation, event.trust)
            case OfficerSpoke():
                view.officer(event.text, event.turn)
            case AffectMoved():
                bars.move(event.turn, event.agitation, event.trust)
            case InjectHappened():
                view.scene(event.what)
            case CivilianReacted():
                name = self._scenario.civilian.name.split()[0]
                view.scene(f"{name} {AS_WORDS[event.sound]}.")
            case ClauseReady():
                view.clause(event.text, event.turn, first=event.index == 0)
            case CivilianSpoke():
                self._replied = event
                view.settle(event.text, event.turn)
            case CivilianCutOff():
                view.cut_off(event.heard, event.turn)
            case TurnTimed():
                line = latency_line(event, self._replied)
                self.query_one("#latency", Static).update(line)
            case Noticed():
                view.note(event.what)
            case EndingReached():
                view.note(f"{BAND_NAMES[event.band]}. {event.outcome}")
            case _:
                pass

    def remark(self, line: str) -> None:
        self.query_one(TranscriptView).note(line)

    def stage(self, line: str) -> None:
        """Asked ten times a second: drawn only where it changed."""
        if line != self._stage_line:
            self._stage_line = line
            self._stage.update(line)
