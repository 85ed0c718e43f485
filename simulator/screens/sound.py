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
from simulator.voice.playout import NoOutput, Playout

if TYPE_CHECKING:
    from simulator.voice.devices import Device
    from simulator.voice.loudspeaker import Loudspeaker
    from simulator.voice.microphone import Microphone
    from simulator.voice.wav import Audio

#: TurnTimed waits no longer than this for the first sound to leave the device.
_FIRST_SOUND_S = 1.0
_LONGEST_REPLY_S = 60.0
#: A device that went away is looked for again this often.
_LOOK_AGAIN_S = 2.0


class Sound:
    """Opening a device and stopping one can take a moment, so `press` and `let_go` return at once.

    What came of them is posted: TakeBegan, TakeEnded, SoundOpened where a device went away or came back. notice:
    takes a line for the record and the screen. A device that went away is looked for until it is back.
    """

    def __init__(
        self,
        parts: VoiceParts,
        post: Callable[[Message], object],
        notice: Callable[[str], None],
    ) -> None:
        self.microphone: Microphone | None = None
        self.loudspeaker: Loudspeaker | None = None
        self.playout = Playout(NoOutput(), self._lost_loudspeaker)
        #: Called on the sound's thread when a microphone is there again: whoever listened, listens again.
        self.on_microphone: Callable[[Microphone], None] = lambda microphone: None
        self._parts = parts
        self._post = post
        self._notice = notice
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sound")
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._watch_devices, name="devices", daemon=True)
        self._lost: set[str] = set()
        self._muted = False  # the rest of this reply is not to be heard

    def open(self) -> list[str]:
        """Open what there is; returns what cannot be, a line each. Nothing is recorded yet."""
        problems = list(self._parts.missing)
        for device, opened in (
            (self._parts.input, self._open_microphone),
            (self._parts.output, self._open_loudspeaker),
        ):
            try:
                if device:
                    opened(device)
            except SimulatorError as problem:
                problems.append(str(problem))
        self._watch.start()
        self._tell_what_works()
        return problems

    def _open_microphone(self, device: Device) -> None:
        from simulator.voice.microphone import Microphone

        microphone = Microphone(device)
        microphone.open()
        self.microphone = microphone

    def _open_loudspeaker(self, device: Device) -> None:
        from simulator.voice.loudspeaker import Loudspeaker

        loudspeaker = Loudspeaker(device)
        loudspeaker.open()
        self.loudspeaker = loudspeaker
        self.playout.output = loudspeaker

    def finish(self) -> None:
        """Wait until the last words were heard, or were hushed."""
        with suppress(SimulatorError):
            if self.loudspeaker:
                self.loudspeaker.wait(_LONGEST_REPLY_S)

    def close(self) -> None:
        """Fall silent and give the devices back."""
        self._closing.set()
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
        self._muted = True
        return self.playout.cut() if self.playout.speaking else None

    def _begin_take(self) -> None:
        heard_s = self._silence()
        try:
            if self.microphone is None:
                raise SimulatorError("there is no microphone; type instead")
            self.microphone.start()
        except SimulatorError as problem:
            self._lost_take(problem)
            return
        self._post(TakeBegan(heard_s))

    def _end_take(self) -> None:
        ended_at = time.monotonic()
        take: Audio | None = None
        try:
            if self.microphone is not None:
                take = self.microphone.stop()
        except SimulatorError as problem:
            self._lost_take(problem)
        self._post(TakeEnded(take, ended_at))

    def _lost_take(self, problem: SimulatorError) -> None:
        self._notice(str(problem))
        self._post(TakeEnded(None, time.monotonic()))

    # -- the civilian; called on the session's thread

    def play(self, audio: Audio, first: bool) -> None:
        """The next piece of a reply, where the officer talks by key."""
        if first:
            self._muted = self.recording
            self.playout.new_turn()
        if not self._muted:
            self.playout.add(audio)

    def wait_for_first_sound(self) -> None:
        """Wait a moment until the reply begins to leave the device."""
        until = time.monotonic() + _FIRST_SOUND_S
        while self.playing and self.playout.output.started_at is None and time.monotonic() < until:
            time.sleep(0.01)

    # -- devices that go away and come back

    def _lost_loudspeaker(self, problem: SimulatorError) -> None:
        """A loudspeaker that went away is let go, and a line says so."""
        self.loudspeaker = None
        self._lost.add("output")
        self._notice(str(problem))
        self._tell_what_works()

    def _watch_devices(self) -> None:
        """Looks once a second: a take that runs and a reply that plays tell for themselves."""
        while not self._closing.wait(1.0):
            microphone = self.microphone
            if microphone is not None and microphone.gone and not microphone.recording:
                from simulator.voice.devices import went_away

                self._lost.add("input")
                self.microphone = None
                self._notice(str(went_away("input", microphone.device)))
                self._tell_what_works()
                microphone.close()
            if self._lost and not self.recording and not self._closing.wait(_LOOK_AGAIN_S):
                self._submit(self._look_again)

    def _look_again(self) -> None:
        """PortAudio finds new devices only when it starts anew, and that closes what is open."""
        from simulator.voice.devices import find_device, list_devices

        lost = set(self._lost)
        if not lost or self._closing.is_set() or self.playing or self.recording:
            return
        if self.microphone:
            self.microphone.close()
        if self.loudspeaker:
            self.loudspeaker.close()
        with suppress(SimulatorError):
            list_devices(rescan=True)
        for kind, wanted, opened in (
            ("input", self._parts.input, self._open_microphone),
            ("output", self._parts.output, self._open_loudspeaker),
        ):
            try:
                if wanted is not None:
                    opened(find_device(kind, wanted.name))  # type: ignore[arg-type]
                    self._lost.discard(kind)
            except SimulatorError:
                self._lost.add(kind)  # still away: the next look may find it
                setattr(self, "microphone" if kind == "input" else "loudspeaker", None)
        if self.microphone:
            self.on_microphone(self.microphone)
        for kind, word in (("input", "microphone"), ("output", "loudspeaker")):
            if kind in lost - self._lost:
                self._notice(f"the {word} is back")
        if lost != self._lost:
            self._tell_what_works()

    def _tell_what_works(self) -> None:
        self._post(SoundOpened(self.microphone is not None, self.loudspeaker is not None))
