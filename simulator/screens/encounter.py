"""One session on a thread of its own: the screens ask, it answers with messages."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.message import Message

from models.errors import DeescalError
from scenarios.loader import Loaded, load
from simulator.cast import Cast, Choice, recorder
from simulator.errors import SimulatorError
from simulator.events import (
    AffectMoved,
    CivilianCutOff,
    CivilianSpoke,
    Event,
    Noticed,
    SessionStarted,
)
from simulator.records import Records
from simulator.screens.hands_free import HandsFree, HandsFreeSettings
from simulator.screens.loading import Loader
from simulator.screens.messages import HandsFreeTurned, Happened, Remarked, StageMoved
from simulator.screens.sound import Sound
from simulator.session import Session, SoundTimes
from simulator.voice.supposed import Gate

if TYPE_CHECKING:
    from simulator.voice.talk import Ears, Mouth
    from simulator.voice.wav import Audio


@dataclass(frozen=True)
class Resumption:
    """A recorded session that is to go on."""

    session_id: str
    started: SessionStarted
    loaded: Loaded
    events: tuple[Event, ...]


def resumption(records: Records, session_id: str) -> Resumption:
    """What there is of a session. Raises SimulatorError, or BadScenario where its scenario is gone."""
    events = records.events(session_id)
    started = events[0]
    if not isinstance(started, SessionStarted):
        raise SimulatorError(f"session {session_id[:8]}: its record has no beginning")
    return Resumption(session_id, started, load(started.scenario_id), tuple(events))


class Encounter:
    """Starts on `start`; every other method may be called from any thread and returns at once.

    post: takes the messages (a screen's `post_message`). before: the encounter whose model this one goes on
    with; it is waited for.
    """

    def __init__(
        self,
        loader: Loader,
        records: Records,
        post: Callable[[Message], object],
        play: Choice | Resumption,
        before: Encounter | None = None,
        hands_free: HandsFreeSettings | None = None,
    ) -> None:
        self.session_id = play.session_id if isinstance(play, Resumption) else ""
        self.sound: Sound | None = None
        self._loader = loader
        self._records = records
        self._post = post
        self._play = play
        self._before = before
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)
        self._session: Session | None = None
        self._hands_free_settings = hands_free or HandsFreeSettings()
        self._hands_free: HandsFree | None = None
        self._gate = Gate(self._to_record, self._speak)
        self._ears: Ears | None = None
        self._mouth: Mouth | None = None
        self._last_reply = ""

    # -- what the screen asks

    def start(self) -> None:
        self._thread.start()

    def say(self, words: str) -> None:
        """Typed words; none are a silence."""
        self._jobs.put(lambda: self._say(words))

    def hear(self, take: Audio, ended_at: float) -> None:
        """A recording of the officer. ended_at: `time.monotonic` when the key was let go."""
        self._jobs.put(lambda: self._hear(take, ended_at))

    def talk_freely(self, on: bool) -> None:
        """Listen all the time from now on, or only while the key asks for it."""
        self._jobs.put(lambda: self._talk_freely(on))

    @property
    def hands_free(self) -> HandsFree | None:
        """There while the officer talks without a key."""
        return self._hands_free

    def cut_off(self, played_s: float) -> None:
        """The officer interrupted when so much of the reply had been heard."""
        self._jobs.put(lambda: self._cut_off(played_s))

    def notice(self, line: str) -> None:
        """Put a line into the record and onto the screen."""
        self._jobs.put(lambda: self._record_notice(Noticed(what=line)))

    def leave(self) -> None:
        """The officer ends the session."""
        self._jobs.put(self._leave)

    def keep(self) -> None:
        """Stop here; the session can be resumed. A reply that is being found is still recorded."""
        self._jobs.put(None)
        if self.sound:
            self.sound.hush()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the thread has ended; False where it has not after `timeout_s`."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- the thread

    def _run(self) -> None:
        stage: StageMoved = StageMoved("ended")
        try:
            if self._before is not None:
                self._before.join()
                self._before = None
            self._encounter(self._loader.cast.result())
        except DeescalError as problem:
            self._post(Remarked(str(problem)))
            stage = StageMoved("failed")
        except Exception as problem:
            traceback.print_exc()
            self._post(Remarked(f"the session stopped: {type(problem).__name__}: {problem}"))
            stage = StageMoved("failed")
        finally:
            if self._hands_free:
                self._hands_free.stop()
            if self.sound:
                self.sound.close()
            self._post(stage)

    def _encounter(self, cast: Cast) -> None:
        play = self._play
        loaded = play.loaded
        times = SoundTimes()
        problems = self._open_sound(loaded, times)
        if isinstance(play, Resumption):
            session = cast.session_again(play.started, loaded, self._gate, times)
        else:
            heard = self.sound is not None and self.sound.works
            choice = replace(play, voice=heard)
            session, started = cast.session(choice, self._gate, sound=times)
            self.session_id = started.session_id
        self._session = session
        with self._records.hold(self.session_id):
            if isinstance(play, Resumption):
                self._go_on(session, play)
            else:
                session.begin(started)
            for problem in problems:
                self._record_notice(Noticed(what=problem))
            self._turns(session)
            if session.ended and self.sound:
                self._post(StageMoved("ended"))
                self.sound.finish()

    def _go_on(self, session: Session, play: Resumption) -> None:
        if play.loaded.sha256 != play.started.scenario_sha256:
            self._post(Remarked("the scenario's file was changed since this session began"))
        for event in play.events:
            if isinstance(event, CivilianSpoke):
                self._last_reply = event.text
            elif self._mouth and isinstance(event, SessionStarted | AffectMoved):
                self._mouth.on_event(event)
        session.resume(play.events)

    def _turns(self, session: Session) -> None:
        while not session.ended:
            self._post(StageMoved("ready"))
            job = self._jobs.get()
            if job is None:
                return
            job()

    def _open_sound(self, loaded: Loaded, times: SoundTimes) -> list[str]:
        """Voice where there is one; returns what is missing, a line each."""
        parts = self._loader.voice.result()
        if not (parts.ears or parts.speaker):
            return list(parts.missing)
        from simulator.voice.casting import cast_voice
        from simulator.voice.talk import Mouth

        sound = self.sound = Sound(parts, self._post, self.notice)
        problems = sound.open()
        if sound.microphone:
            self._ears = parts.ears
        if sound.loudspeaker and parts.speaker:
            own = cast_voice(loaded.scenario.civilian)
            try:
                speaker = self._loader.speaker(own.model)
            except DeescalError as problem:
                problems.append(f"{problem}: the usual voice speaks instead")
                speaker = parts.speaker
            self._mouth = Mouth(speaker, own.voice, self._sink, times)
        return problems

    # -- jobs

    def _talk_freely(self, on: bool) -> None:
        if on == (self._hands_free is not None):
            return
        if self._hands_free:
            self._hands_free.stop()
            self._hands_free = None
        elif self._ears and self._mouth and self.sound:
            try:
                free = HandsFree(
                    self._live(),
                    self._loader.cast.result().engine,
                    self._ears,
                    self._mouth,
                    self.sound,
                    self._gate,
                    self._hands_free_settings,
                    self._post,
                    self._jobs.put,
                )
            except SimulatorError as problem:
                self._post(Remarked(str(problem)))
                return
            free.start()
            self._hands_free = free
        else:
            what = "a microphone" if self._ears is None else "a loudspeaker and a voice"
            self._post(Remarked(f"to talk without a key {what} is needed", lasting=False))
        self._post(HandsFreeTurned(self._hands_free is not None))

    def _sink(self, audio: Audio, first: bool) -> None:
        if self._hands_free:
            self._hands_free.conversing.sound(audio, first)
        elif self.sound:
            self.sound.play(audio, first)

    def _leave(self) -> None:
        if self._hands_free:
            self._hands_free.conversing.give_way()
        self._live().leave()

    def _say(self, words: str) -> None:
        if self._hands_free:
            self._hands_free.conversing.give_way()
        self._post(StageMoved("answering"))
        self._live().officer_says(words)

    def _hear(self, take: Audio, ended_at: float) -> None:
        from simulator.voice.talk import say_to_session

        session = self._live()
        if self._hands_free:
            self._hands_free.conversing.give_way()
        if self._ears is None:
            return
        # The session's own clock, at the moment the key was let go.
        take_end_s = session.seconds() - (time.monotonic() - ended_at)
        self._post(StageMoved("recognising"))
        heard = self._ears.hear(take)
        if not heard.text:
            why = heard.refused or "no words"
            self._post(
                Remarked(f"nothing was recognised: {why}; press and say it again", lasting=False)
            )
            return
        self._post(StageMoved("answering"))
        say_to_session(session, heard, "microphone", take_end_s)

    def _cut_off(self, played_s: float) -> None:
        if self._mouth is None or not any(map(str.isalnum, self._last_reply)):
            return  # a silence cannot be cut off
        heard = self._mouth.heard_until(played_s)
        if heard.split() != self._last_reply.split():
            self._live().cut_off(heard)

    def _live(self) -> Session:
        assert self._session is not None
        return self._session

    # -- events

    def _to_record(self, event: Event) -> None:
        """To the record, then to the screen. The voice is told by the gate, last: words are seen before heard."""
        recorder(self._records, self.session_id, self._show)(event)

    def _record_notice(self, notice: Noticed) -> None:
        """Not through the gate: it happened, whatever becomes of an answer that is not certain yet."""
        self._to_record(notice.model_copy(update={"at_s": self._live().seconds()}))

    def _show(self, event: Event) -> None:
        if isinstance(event, CivilianSpoke):
            self._last_reply = event.text
        elif isinstance(event, CivilianCutOff):
            self._last_reply = event.heard
        self._post(Happened(event))

    def _speak(self, event: Event) -> None:
        mouth, sound = self._mouth, self.sound
        if mouth is None or sound is None or sound.loudspeaker is None:
            return
        try:
            mouth.on_event(event)
        except SimulatorError as problem:
            self._mouth = None
            self.notice(f"the voice failed, text goes on: {problem}")
            return
        if isinstance(event, CivilianSpoke) and not self._gate.shut:
            sound.wait_for_first_sound()
            started_at = mouth.words_began_at(sound.playout.output.started_at)
            mouth.times.playback_start_at = started_at
