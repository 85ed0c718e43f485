"""`deescal play`: which screen follows which, and what they share."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from models.errors import BadInput, DeescalError
from models.fetch import model_path
from models.places import cache_dir
from simulator.cast import Choice
from simulator.records import Records
from simulator.screens.briefing import BriefingScreen
from simulator.screens.encounter import Encounter, Resumption, resumption
from simulator.screens.hands_free import HandsFreeSettings
from simulator.screens.loading import Loader
from simulator.screens.messages import LoadingFailed, LoadingMoved
from simulator.screens.picker import Picker
from simulator.screens.resume_screen import ResumeScreen
from simulator.screens.review_screen import ReviewScreen
from simulator.screens.session_screen import SessionScreen
from simulator.screens.stray_output import stray_output_to

#: An answer that is being found when the person leaves is waited for so long, then the process ends.
_LAST_ANSWER_S = 15.0


@dataclass(frozen=True)
class LaunchConfig:
    """What the command line said. choice None: pick; resume_id: the whole id of a session."""

    choice: Choice | None
    model: str = "civilian"
    officer: str = ""
    voice: bool = True
    input_device: str | None = None
    output_device: str | None = None
    resume_id: str | None = None
    free: bool = False  # talk without a key from the start
    hands_free: HandsFreeSettings = field(default_factory=HandsFreeSettings)


class SimulatorApp(App[None]):
    """The picker is always at the bottom; briefing, session and review follow on top of it."""

    TITLE = "DeEscalWild Simulator"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-middling"), (108, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (28, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", priority=True, tooltip="Leave; in a session, ask first"),
        Binding("ctrl+c", "leave_now", "Leave", show=False, priority=True),
    ]

    loading_line: reactive[str] = reactive("")

    def __init__(self, records: Records, config: LaunchConfig) -> None:
        super().__init__()
        self.animation_level = "none"  # a slow device has better to do
        self.records = records
        self.config = config
        self.loader = Loader(config.model, config.voice, config.input_device, config.output_device)
        self.encounter: Encounter | None = None
        self.problem: Exception | None = None

    def on_mount(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self.loader.start(self.post_message)
        self.push_screen(Picker())
        if self.config.resume_id:
            self._resume(self.config.resume_id)
        elif self.config.choice:
            self.push_screen(BriefingScreen(self.config.choice))
        else:
            unfinished = self.records.unfinished()
            if unfinished:
                self.push_screen(ResumeScreen(self.records, unfinished))

    # -- from screen to screen

    def on_picker_picked(self, message: Picker.Picked) -> None:
        self.push_screen(
            BriefingScreen(
                Choice(
                    message.loaded,
                    message.subject_type,
                    officer=self.config.officer,
                    voice=self.config.voice,
                )
            )
        )

    def on_briefing_screen_started(self, message: BriefingScreen.Started) -> None:
        self._begin(message.choice)

    def on_resume_screen_go_on(self, message: ResumeScreen.GoOn) -> None:
        self._resume(message.session_id)

    def on_resume_screen_review_asked(self, message: ResumeScreen.ReviewAsked) -> None:
        self.push_screen(ReviewScreen(self.records, message.session_id))

    def on_session_screen_finished(self, message: SessionScreen.Finished) -> None:
        if message.review and message.session_id:
            self.switch_screen(ReviewScreen(self.records, message.session_id))
        else:
            self.pop_screen()

    def _resume(self, session_id: str) -> None:
        try:
            self._begin(resumption(self.records, session_id))
        except DeescalError as problem:
            self.notify(str(problem), severity="error", markup=False, timeout=15)

    def _begin(self, play: Choice | Resumption) -> None:
        config = self.config
        session = SessionScreen(
            play, self.loader, self.records, self.encounter, config.hands_free, config.free
        )
        self.encounter = session.encounter
        if isinstance(self.screen, BriefingScreen | ResumeScreen):
            self.switch_screen(session)
        else:
            self.push_screen(session)

    # -- loading

    def on_loading_moved(self, message: LoadingMoved) -> None:
        self.loading_line = message.line

    def on_loading_failed(self, message: LoadingFailed) -> None:
        self.problem = message.problem
        self.exit()

    # -- leaving

    async def action_quit(self) -> None:
        """In a session, ask first."""
        if isinstance(self.screen, SessionScreen):
            self.screen.action_end()
        else:
            self.exit()

    def action_leave_now(self) -> None:
        """Ctrl-C: out at once; a session that runs is kept."""
        self.exit()

    def finish(self, wait_s: float | None = None) -> bool:
        """After `run`: let the last answer be recorded and give the model back.

        False where an answer was still being found after `wait_s`: the model is in use and not given back.
        """
        if self.encounter is not None:
            self.encounter.keep()
            if not self.encounter.join(wait_s):
                return False
        self.loader.close()
        return True

    @property
    def kept(self) -> str | None:
        """The id of the session that was left and can be gone on with."""
        encounter = self.encounter
        if encounter is None or not encounter.session_id:
            return None
        row = self.records.find(encounter.session_id)
        return row.id if row.ended is None else None


def run(records: Records, config: LaunchConfig) -> None:
    """The program from first screen to last. Raises DeescalError for what cannot work at all."""
    if not config.model.endswith(".gguf"):
        model_path(config.model)  # a model that is not here is better said before the screens come
    if config.voice and (config.input_device or config.output_device):
        _check_devices(config)
    app = SimulatorApp(records, config)
    with stray_output_to(cache_dir() / "play.log"):
        app.run()
        given_back = app.finish(_LAST_ANSWER_S)
    if app.problem is not None:
        raise app.problem
    if app.kept:
        print(f"The session is kept. To go on with it: deescal play --resume {app.kept[:8]}")
    if not given_back:
        # The model still computes and must not be taken from under it; every event is on disk.
        sys.stdout.flush()
        os._exit(0)


def _check_devices(config: LaunchConfig) -> None:
    """A device that was asked for by name and is not there is refused; no device at all is not."""
    from simulator.voice.devices import find_device
    from simulator.voice.sound_choice import SoundChoice, remember, remembered

    last = remembered()
    try:
        microphone = find_device("input", config.input_device).name
        loudspeaker = find_device("output", config.output_device).name
        another = config.input_device is not None and microphone != last.input
        chosen = SoundChoice(
            input=microphone if config.input_device else last.input,
            output=loudspeaker if config.output_device else last.output,
            usual_level_db=None if another else last.usual_level_db,
        )
        if chosen != last:
            remember(chosen)
    except BadInput:
        raise
    except DeescalError:
        return  # said once in the session: text goes on
