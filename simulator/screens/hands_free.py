"""Talking without a key in one session: the listening thread, and the conversation on the session's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from models.engine import Engine
from simulator.screens.messages import HeardSoFar, Remarked
from simulator.screens.sound import Sound
from simulator.session import Session
from simulator.voice.conversing import Conversing
from simulator.voice.listener import Listener, ListenerMessage
from simulator.voice.listening import Listening
from simulator.voice.microphone import Microphone
from simulator.voice.prosody import UsualLevel
from simulator.voice.supposed import Gate
from simulator.voice.talk import Ears, Mouth
from simulator.voice.vad import SpeechDetector


@dataclass(frozen=True)
class HandsFreeSettings:
    """headset: the microphone does not hear the loudspeaker; without one it is closed while they speak.

    echo: cancel the loudspeaker's sound instead. usual_level_db: of this officer's speech, where it is known.
    """

    headset: bool = True
    echo: bool = False
    usual_level_db: float | None = None


class HandsFree:
    """From `start` to `stop`. submit: runs a job on the session's thread."""

    def __init__(
        self,
        session: Session,
        engine: Engine | None,
        ears: Ears,
        mouth: Mouth,
        sound: Sound,
        gate: Gate,
        settings: HandsFreeSettings,
        post: Callable[[Message], object],
        submit: Callable[[Callable[[], None]], object],
    ) -> None:
        self._sound = sound
        self._submit = submit
        self._settings = settings
        self._listening: Listening | None = None
        self._echo = None
        if settings.echo:
            from simulator.voice.echo import EchoCanceller

            self._echo = EchoCanceller()
        self._listener = Listener(
            SpeechDetector(),
            sound.playout,
            self._heard,
            half_duplex=not settings.headset and not settings.echo,
            partials=True,
        )
        self.conversing = Conversing(
            session,
            engine,
            ears,
            mouth,
            sound.playout,
            self._listener,
            gate,
            usual=UsualLevel(settings.usual_level_db),
            on_remark=lambda line: post(Remarked(line, lasting=False)),
            on_partial=lambda words: post(HeardSoFar(words)),
            wait_for_sound=sound.wait_for_first_sound,
        )

    def _heard(self, message: ListenerMessage) -> None:
        self._submit(lambda: self.conversing.handle(message))

    def start(self) -> None:
        self._sound.on_microphone = self._listen
        if self._sound.microphone:
            self._listen(self._sound.microphone)

    def stop(self) -> None:
        """Call on the session's thread: an answer that hangs in the air is taken back."""
        self._sound.on_microphone = lambda microphone: None
        if self._listening:
            self._listening.stop()
            self._listening = None
        self.conversing.give_way()

    def _listen(self, microphone: Microphone) -> None:
        """Also called when a microphone came back: what was being said when it went is nobody's turn."""
        if self._listening:
            self._listening.stop()
            self._listener.forget()
        clean = None
        if self._echo and self._sound.loudspeaker:
            self._sound.loudspeaker.on_played = self._echo.played
            clean = self._echo.clean
        self._listening = Listening(microphone, self._listener, clean)
        self._listening.start()

    @property
    def state(self) -> Literal["listening", "hearing", "waiting"]:
        """waiting: the officer has paused and an answer is being found."""
        utterance = self._listener.utterance
        if utterance is None:
            return "waiting" if self.conversing.supposing else "listening"
        return "waiting" if utterance.paused else "hearing"
