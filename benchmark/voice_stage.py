"""A spoken session set up in a `Room`: the same parts as in play, joined as they are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.voice_room import Room
from scenarios.loader import Loaded
from scenarios.schema import SubjectType
from simulator.cast import Cast, Choice
from simulator.events import Event
from simulator.session import Session
from simulator.voice.casting import cast_voice
from simulator.voice.clock import VirtualClock
from simulator.voice.conversing import Conversing
from simulator.voice.listener import Listener
from simulator.voice.playout import Playout
from simulator.voice.supposed import Gate
from simulator.voice.talk import Ears, Mouth
from simulator.voice.tts import Speaker
from simulator.voice.vad import SpeechDetector
from simulator.voice.wav import Audio, Samples


@dataclass
class Stage:
    """One session, its room, and everything that was published."""

    session: Session
    room: Room
    mouth: Mouth
    playout: Playout
    conversing: Conversing
    listener: Listener
    events: list[Event]
    remarks: list[str]

    def settled(self) -> bool:
        """Nobody is being heard out and no answer hangs in the air."""
        return not self.room.busy and not self.conversing.supposing


def stage(
    cast: Cast,
    loaded: Loaded,
    ears: Ears,
    speaker: Speaker,
    *,
    subject: SubjectType,
    seed: int,
    noise: Samples | None = None,
    half_duplex: bool = False,
    echo: float = 0.0,
    clean: Callable[[Samples, Samples], Samples] | None = None,
) -> Stage:
    """Begin a session whose opening is being spoken. echo, clean: see Room."""
    clock = VirtualClock()
    room = Room(clock, noise, echo, clean)
    playout = Playout(room.loudspeaker)
    events: list[Event] = []
    remarks: list[str] = []

    def sink(audio: Audio, first: bool) -> None:
        conversing.sound(audio, first)

    mouth = Mouth(speaker, cast_voice(loaded.scenario.civilian).voice, sink, clock=clock)
    gate = Gate(events.append, mouth.on_event)
    choice = Choice(loaded, subject, seed, voice=True)
    session, started = cast.session(choice, gate, clock, mouth.times)
    listener = Listener(
        SpeechDetector(), playout, room.post, half_duplex=half_duplex, partials=True
    )
    conversing = Conversing(
        session,
        cast.engine,
        ears,
        mouth,
        playout,
        listener,
        gate,
        clock=clock,
        poll=room.pump,
        on_remark=remarks.append,
    )
    room.listener, room.conversing = listener, conversing
    session.begin(started)
    return Stage(session, room, mouth, playout, conversing, listener, events, remarks)
