"""What the session's thread and the sound's thread tell the screen. All are posted thread-safely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from simulator.events import Event
from simulator.voice.wav import Audio

#: Where a turn stands. "speaking" and "recording" are the sound's to say, see SessionScreen.stage.
Stage = Literal["loading", "ready", "recognising", "answering", "ended", "failed"]


@dataclass
class LoadingMoved(Message):
    """How far loading is, in words; empty when everything is there."""

    line: str


@dataclass
class LoadingFailed(Message):
    """The civilian cannot be loaded: there is nothing to play with."""

    problem: Exception


@dataclass
class Happened(Message):
    """An event of the session, after it was recorded."""

    event: Event


@dataclass
class StageMoved(Message):
    stage: Stage


@dataclass
class Remarked(Message):
    """A line for the officer that is no part of the session. lasting: stands among what was said."""

    line: str
    lasting: bool = True


@dataclass
class HeardSoFar(Message):
    """What the officer has said so far, while they still speak."""

    words: str


@dataclass
class HandsFreeTurned(Message):
    """Whether the officer talks without a key from now on."""

    on: bool


@dataclass
class SoundOpened(Message):
    """Which of the two work now; sent again when one goes away."""

    can_talk: bool
    can_listen: bool


@dataclass
class TakeBegan(Message):
    """Recording. interrupted_after_s: how much of the civilian was heard, where they were speaking."""

    interrupted_after_s: float | None


@dataclass
class TakeEnded(Message):
    """take None: nothing came of it (the device went away). ended_at: `time.monotonic`."""

    take: Audio | None
    ended_at: float
