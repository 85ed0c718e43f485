"""The encounter: talk or type, and see how the civilian stands."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input

from simulator.cast import Choice
from simulator.events import (
    CivilianSpoke,
    SessionEnded,
    TurnTimed,
)
from simulator.records import Records
from simulator.screens.encounter import Encounter, Resumption
from simulator.screens.encounter_view import EncounterView
from simulator.screens.hands_free import HandsFreeSettings
from simulator.screens.latency import level_meter
from simulator.screens.load_line import LoadLine
from simulator.screens.loading import Loader
from simulator.screens.messages import (
    HandsFreeTurned,
    Happened,
    HeardSoFar,
    Remarked,
    SoundOpened,
    Stage,
    StageMoved,
    TakeBegan,
    TakeEnded,
)
from simulator.screens.officer_input import OfficerInput
from simulator.screens.questions import Ask, Help
from simulator.screens.talk_key import TalkKey

HELP = """In the session

Type what you say and press Enter. Or talk:

F2      talk: press, speak, press again; or hold it while you speak.
Space   the same, while the line is empty.
        While the civilian speaks, it interrupts them.
F3      say nothing: silence is a turn too.
F4      talk without a key: just speak, and stop when you have finished.
        Speak while they speak and they fall silent; "mm-hm" does not
        interrupt. Meant for a headset; else start with --no-headset.
Esc     end the session, or keep it for later.
^c      leave the program; the session is kept and can be resumed.
Tab     to the transcript (arrow keys scroll) and back.

You may also type /silence, /help, /quit.

Agitation and trust go from 0 to 100; the number after them is the change in the last turn. The line below
them tells where the time of the last answer went, in seconds."""

_STAGES: dict[str, str] = {
    "loading": "◌ getting ready",
    "ready": "○ ready: your turn",
    "recording": "● recording",
    "recognising": "… recognising",
    "answering": "… answering",
    "speaking": "♪ speaking",
    "listening": "◉ listening: speak",
    "hearing": "● hearing you",
    "waiting": "… have you finished?",
    "ended": "■ ended: Enter for the review",
    "failed": "■ stopped: Enter goes back; the session is kept",
}

_HINT_S = 4.0


class SessionScreen(Screen[None]):
    BINDINGS = [
        Binding("f1", "help", "Help"),
        Binding("f2", "talk", "Talk", tooltip="Press to talk, press to stop; or hold"),
        Binding("f3", "silence", "Say nothing", tooltip="A turn without words"),
        Binding("f4", "free", "Hands free", tooltip="Talk without a key, or with it again"),
        Binding("enter", "go_on", show=False),
        Binding("escape", "end", "End", tooltip="End it, or keep it for later"),
    ]

    @dataclass
    class Finished(Message):
        """review: whether to show it; else the session was kept, or could not go on."""

        session_id: str
        review: bool

    def __init__(
        self,
        play: Choice | Resumption,
        loader: Loader,
        records: Records,
        before: Encounter | None = None,
        hands_free: HandsFreeSettings | None = None,
        free: bool = False,
    ) -> None:
        super().__init__()
        self._play = play
        self._scenario = play.loaded.scenario
        self._civilian = self._scenario.civilian.name.split()[0]
        self.stage: Stage = "loading"
        self._key = TalkKey()
        self._can_talk = False
        self._left = False
        self._hinted = ("", 0.0)
        self._so_far = ("", 0.0)
        self._free = free  # wanted by the officer; whether it works, the encounter says
        self.encounter = Encounter(loader, records, self.post_message, play, before, hands_free)

    def compose(self) -> ComposeResult:
        person = self._scenario.civilian
        yield LoadLine(f"{person.name}, {person.role}")
        yield EncounterView(self._scenario)
        yield OfficerInput(placeholder="Type what you say, then Enter")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(OfficerInput).focus()
        self._tick()
        self.call_after_refresh(self._begin)  # by then everything that shows events stands

    def _begin(self) -> None:
        if isinstance(self._play, Resumption):
            self.query_one(EncounterView).lay_down(self._play)
        self.set_interval(0.1, self._tick)
        self.encounter.start()

    def on_unmount(self) -> None:
        self.encounter.keep()

    # -- what happened

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        event = message.event
        self.query_one(EncounterView).show(event)
        match event:
            case CivilianSpoke() if event.turn == 0:
                self._answered_all()
            case TurnTimed():
                self._answered_all()
            case SessionEnded() if event.reason != "ending":
                self._finish(review=True)
            case _:
                pass

    def _answered_all(self) -> None:
        """The officer may go on: what the model still computes for the next turn, the thread sees to."""
        if self.stage in ("loading", "answering"):
            self.stage = "ready"

    @on(Remarked)
    def _remarked(self, message: Remarked) -> None:
        if message.lasting:
            self.query_one(EncounterView).remark(message.line)
        else:
            self._hint(message.line)

    @on(HeardSoFar)
    def _heard_so_far(self, message: HeardSoFar) -> None:
        self._so_far = (message.words, time.monotonic() + _HINT_S)

    @on(HandsFreeTurned)
    def _hands_free_turned(self, message: HandsFreeTurned) -> None:
        self._free = message.on
        self._tick()

    @on(StageMoved)
    def _stage_moved(self, message: StageMoved) -> None:
        self.stage = message.stage
        if message.stage in ("ended", "failed"):
            self.query_one(OfficerInput).placeholder = "Enter goes on"
        self._tick()

    # -- the state line

    def _tick(self) -> None:
        sound = self.encounter.sound
        now = time.monotonic()
        full = sound is not None and sound.microphone is not None and sound.microphone.full
        if self._key.tick(now) == "stop" or (self._key.recording and full):
            self._stop_take()
        line = _STAGES[self._shown_stage()]
        if self._shown_stage() == "recording" and sound and sound.microphone:
            meter = level_meter(sound.microphone.level())
            line += f" {sound.microphone.recorded_s:4.1f} s {meter}  press again to stop"
        elif self.stage == "ready" and self._can_talk and self._shown_stage() == "ready":
            line += ", type or talk (F2)"
        elif self._shown_stage() in ("hearing", "listening") and sound and sound.microphone:
            words, shown_until = self._so_far
            line += f" {level_meter(sound.microphone.level())}"
            line += f"  {words}" if words and now < shown_until else ""
        hint, until = self._hinted
        self.query_one(EncounterView).stage(f"! {hint}" if now < until else line)

    def _hint(self, words: str) -> None:
        """A few words to the officer, for a few seconds, where they look anyway."""
        self._hinted = (words, time.monotonic() + _HINT_S)
        self._tick()

    def _shown_stage(self) -> str:
        if self._key.recording:
            return "recording"
        free = self.encounter.hands_free
        heard = free.state if free and self.stage == "ready" and self._can_talk else "listening"
        if heard == "hearing":
            return heard  # also while they speak: whoever talks over somebody wants to see it
        if self.stage in ("ready", "answering") and self._is_speaking():
            return "speaking"  # not where it ended: there Enter is what is to be said
        return heard if free and self.stage == "ready" and self._can_talk else self.stage

    def _is_speaking(self) -> bool:
        sound = self.encounter.sound
        return sound is not None and sound.playing

    # -- typing

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        words = event.value.strip()
        if self.stage in ("ended", "failed"):
            self._finish(review=self.stage == "ended")
        elif words in ("/help", "/?"):
            event.input.clear()
            self.action_help()
        elif words == "/quit":
            event.input.clear()
            self.action_end()
        elif words == "/silence":
            if self._may_speak():
                event.input.clear()
                self.action_silence()
        elif words and self._may_speak():
            event.input.clear()
            self._say(words)

    def _may_speak(self) -> bool:
        """Whether it is the officer's turn; says so where it is not."""
        if self.stage == "ready" and not self._key.recording:
            return True
        if self.stage in ("recognising", "answering"):
            self._hint(f"{self._civilian} is answering; what you typed stays")
        elif self.stage == "loading":
            self._hint("not ready yet; what you typed stays")
        elif self._key.recording:
            self._hint("recording: press F2 to stop first")
        return False

    def _say(self, words: str) -> None:
        # What is typed over a voice does not take words back: they were on the screen.
        if self._is_speaking() and self.encounter.sound:
            self.encounter.sound.hush()
        self.stage = "answering"
        self.encounter.say(words)

    def action_silence(self) -> None:
        if self._may_speak():
            self._say("")

    @on(OfficerInput.Cut)
    def _cut(self, message: OfficerInput.Cut) -> None:
        self._hint(f"too long to say: {message.characters} characters were cut")

    # -- talking

    def action_free(self) -> None:
        """Talk without a key from now on, or with it again."""
        if self.stage in ("ended", "failed"):
            return
        if not self._can_talk:
            self._hint("no microphone here: type, then Enter")
            return
        self._free = not self._free
        self.encounter.talk_freely(self._free)

    @on(OfficerInput.TalkPressed)
    def action_talk(self) -> None:
        if not self._can_talk:
            if self.stage not in ("loading", "ended", "failed"):
                self._hint("no microphone here: type, then Enter")
            return
        if self.encounter.hands_free and not self._key.recording:
            self._hint("just speak: no key is needed (F4 turns that off)")
            return
        free = self.stage == "ready" or self._is_speaking()
        if not self._key.recording and not free:
            return
        act = self._key.press(time.monotonic())
        sound = self.encounter.sound
        if act == "start" and sound:
            sound.press()
        elif act == "stop":
            self._stop_take()
        self._tick()

    def _stop_take(self) -> None:
        self._key.reset()
        if self.encounter.sound:
            self.encounter.sound.let_go()

    @on(SoundOpened)
    def _sound_opened(self, message: SoundOpened) -> None:
        self._can_talk = message.can_talk
        if self._free and message.can_talk and self.encounter.hands_free is None:
            self.encounter.talk_freely(True)

    @on(TakeBegan)
    def _take_began(self, message: TakeBegan) -> None:
        if message.interrupted_after_s is not None:
            self.encounter.cut_off(message.interrupted_after_s)

    @on(TakeEnded)
    def _take_ended(self, message: TakeEnded) -> None:
        self._key.reset()
        if message.take is not None:
            self.stage = "recognising"
            self.encounter.hear(message.take, message.ended_at)

    # -- leaving

    def action_help(self) -> None:
        self.app.push_screen(Help(HELP))

    def action_end(self) -> None:
        if self.stage in ("ended", "failed"):
            self._finish(review=self.stage == "ended")
            return
        answers = [
            ("on", "Go on"),
            ("end", "End it and see the review"),
            ("keep", "Keep it for later"),
        ]
        self.app.push_screen(Ask("End the session?", answers), self._answered)

    def _answered(self, answer: str | None) -> None:
        if answer == "end":
            self.encounter.leave()
        elif answer == "keep":
            self._finish(review=False)

    def action_go_on(self) -> None:
        """Enter outside the input line, once it is over."""
        if self.stage in ("ended", "failed"):
            self._finish(review=self.stage == "ended")

    def _finish(self, review: bool) -> None:
        if not self._left:
            self._left = True
            if self.encounter.sound:
                self.encounter.sound.hush()
            self.post_message(self.Finished(self.encounter.session_id, review))
