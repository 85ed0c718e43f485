"""The officer's microphone and the civilian's loudspeaker in one session, on a thread of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.message import Message

from simulator.errors import SimulatorError
from simulator.screens.loading import VoiceParts
from simulator.screens.messages import SoundOpened, TakeBegan, TakeEnded

if TYPE_CHECKING:
    from simulator.voice.loudspeaker import Loudspeaker
    from simulator.voice.microphone import Microphone
    from simulator.voice.wav import Audio

#: TurnTimed waits no longer than this for the first sound to leave the device.
_FIRST_SOUND_S = 0.5
_LONGEST_REPLY_S = 60.0


class Sound:
    """Opening a device and stopping one can take a moment, so `press` and `let_go` return at once.

    What came of them is posted: TakeBegan, TakeEnded, SoundOpened where a device went away. notice: takes a
    line for the record and the screen.
    """

    def __init__(
        self,
        parts: VoiceParts,
        post: Callable[[Message], object],
        notice: Callable[[str], None],
    ) -> None:
        self.microphone: Microphone | None = None
        self.loudspeaker: Loudspeaker | None = None
        self._parts = parts
        self._post = post
        self._notice = notice
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sound")
        self._gate = threading.Lock()
        self._muted = False  # the rest of this reply is not to be heard

    def open(self) -> list[str]:
        """Open what there is; returns what cannot be, a line each. Nothing is recorded yet."""
        from simulator.voice.loudspeaker import Loudspeaker
        from simulator.voice.microphone import Microphone

        problems = list(self._parts.missing)
        try:
            if self._parts.input:
                microphone = Microphone(self._parts.input)
                microphone.open()
                self.microphone = microphone
        except SimulatorError as problem:
            problems.append(str(problem))
        try:
            if self._parts.output:
                loudspeaker = Loudspeaker(self._parts.output)
                loudspeaker.open()
                self.loudspeaker = loudspeaker
        except SimulatorError as problem:
            problems.append(str(problem))
        self._tell_what_works()
        return problems

    def finish(self) -> None:
        """Wait until the last words were heard, or were hushed."""
        with suppress(SimulatorError):
            if self.loudspeaker:
                self.loudspeaker.wait(_LONGEST_REPLY_S)

    def close(self) -> None:
        """Fall silent and give the devices back."""
        self._thread.shutdown(wait=True)
        if self.microphone:
            self.microphone.close()
        if self.loudspeaker:
            self.loudspeaker.close()

    @property
    def works(self) -> bool:
        return self.microphone is not None or self.loudspeaker is not None

    # -- what the screen reads, ten times a second

    @property
    def recording(self) -> bool:
        return self.microphone is not None and self.microphone.recording

    @property
    def playing(self) -> bool:
        return self.loudspeaker is not None and self.loudspeaker.playing

    # -- the officer

    def press(self) -> None:
        """Record from now; a civilian who is speaking falls silent."""
        self._submit(self._begin_take)

    def let_go(self) -> None:
        """End the take."""
        self._submit(self._end_take)

    def hush(self) -> None:
        """Stop the civilian's voice; their words stay, for they stand on the screen."""
        self._submit(self._silence)

    def _submit(self, job: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # closed already: there is nothing to be done
            self._thread.submit(job)

    def _silence(self) -> float | None:
        """Seconds that were heard of what was being said; None where nobody spoke."""
        with self._gate:
            self._muted = True
            if self.loudspeaker is None or not self.loudspeaker.playing:
                return None
            return self.loudspeaker.stop()

    def _begin_take(self) -> None:
        heard_s = self._silence()
        try:
            if self.microphone is None:
                raise SimulatorError("there is no microphone; type instead")
            self.microphone.start()
        except SimulatorError as problem:
            self._lost(problem)
            return
        self._post(TakeBegan(heard_s))

    def _end_take(self) -> None:
        ended_at = time.monotonic()
        take: Audio | None = None
        try:
            if self.microphone is not None:
                take = self.microphone.stop()
        except SimulatorError as problem:
            self._lost(problem)
        self._post(TakeEnded(take, ended_at))

    def _lost(self, problem: SimulatorError) -> None:
        """The microphone is kept: the next press tries to open it again."""
        self._notice(str(problem))
        self._post(TakeEnded(None, time.monotonic()))

    # -- the civilian; called on the session's thread

    def play(self, audio: Audio, first: bool) -> None:
        """The next piece of a reply. A loudspeaker that went away is let go, and a line says so."""
        with self._gate:
            loudspeaker = self.loudspeaker
            if loudspeaker is None:
                return
            if first:
                self._muted = self.recording
                loudspeaker.begin()
            if self._muted:
                return
            try:
                loudspeaker.play(audio)
            except SimulatorError as problem:
                self.loudspeaker = None
                self._notice(str(problem))
                self._tell_what_works()

    def first_heard_at(self) -> float | None:
        """When the reply began to leave the device, on `time.monotonic`; waits a moment for it."""
        until = time.monotonic() + _FIRST_SOUND_S
        while self.loudspeaker and self.loudspeaker.playing and time.monotonic() < until:
            if self.loudspeaker.started_at is not None:
                break
            time.sleep(0.01)
        return self.loudspeaker.started_at if self.loudspeaker else None

    def _tell_what_works(self) -> None:
        self._post(SoundOpened(self.microphone is not None, self.loudspeaker is not None))
