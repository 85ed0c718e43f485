"""The officer's sound in, the civilian's sound out: joins recogniser and voice to a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from models.fetch import model_path
from models.hardware import default_threads
from scenarios.schema import Voice
from simulator.events import (
    AffectMoved,
    CivilianReacted,
    ClauseReady,
    Event,
    OfficerSpoke,
    SessionStarted,
)
from simulator.session import Session, SoundTimes
from simulator.voice.asr import Recogniser
from simulator.voice.delivery import delivery_for
from simulator.voice.tts import Speaker
from simulator.voice.vad import SpeechDetector
from simulator.voice.wav import Audio, Samples, join
from simulator.voice.wordless import wordless

RATE = 16_000


@dataclass(frozen=True)
class Heard:
    """What was recognised in a take, and where in it the officer stopped speaking."""

    text: str
    audio_s: float
    asr_ms: float
    speech_end_in_take_s: float
    refused: str | None


class Ears:
    """Recognises the officer, on a thread of its own: one utterance at a time, whoever asks.

    threads 0: half of what a model may use here, so that the civilian's can work meanwhile.
    """

    def __init__(self, model: str = "asr", threads: int = 0) -> None:
        self.threads = threads or max(1, default_threads() // 2)
        self._recogniser = Recogniser(model_path(model), self.threads)
        self._detector = SpeechDetector()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recogniser")
        self._asked = 0
        self._done = 0
        self._recogniser.warm_up()

    @property
    def busy_threads(self) -> int:
        """Threads that recognise now."""
        return self.threads if self._asked > self._done else 0

    def hear(self, take: Audio) -> Heard:
        """Recognise a take of any rate."""
        return self._thread.submit(self._hear, take).result()

    def _hear(self, take: Audio) -> Heard:
        samples = take.at_rate(RATE).samples
        bounds = self._detector.speech_bounds(samples)
        heard = self._recogniser.recognise(samples)
        end = bounds.end_s if bounds else take.seconds
        return Heard(heard.text, take.seconds, heard.asr_ms, end, heard.refused)

    def hear_aside(self, speech: Samples, sure: bool = True) -> Future[Heard]:
        """Begin to recognise speech of 16 kHz whose bounds are known already. sure: see
        Recogniser.recognise_speech."""
        self._asked += 1
        return self._thread.submit(self._hear_speech, speech, sure)

    def _hear_speech(self, speech: Samples, sure: bool) -> Heard:
        try:
            heard = self._recogniser.recognise_speech(speech, sure)
        finally:
            self._done += 1
        return Heard(heard.text, heard.audio_s, heard.asr_ms, heard.audio_s, heard.refused)


@dataclass
class Mouth:
    """Speaks the civilian's clauses as the session publishes them. Add `on_event` to the
    publishers.

    sink: takes each piece of sound; the first of a turn comes with first=True.
    """

    speaker: Speaker
    voice: Voice
    sink: Callable[[Audio, bool], None]
    times: SoundTimes = field(default_factory=SoundTimes)
    clock: Callable[[], float] = time.monotonic  # the session's
    pieces: list[tuple[str, Audio]] = field(default_factory=list)  # of the newest turn
    synthesis_ms: list[float] = field(default_factory=list)  # of each of those clauses
    reaction_s: float = 0.0  # of a sound without words before those
    _agitation: int = 50
    _turn: int = -1

    def on_event(self, event: Event) -> None:
        if isinstance(event, SessionStarted | AffectMoved):
            self._agitation = event.agitation
        elif isinstance(event, OfficerSpoke):
            self.times.first_audio_at = self.times.playback_start_at = None
            self._turn = -1  # an answer to less, of the same turn, may have been spoken before
        elif isinstance(event, CivilianReacted):
            self._react(event)
        elif isinstance(event, ClauseReady):
            self._speak(event)

    def _begins(self, turn: int) -> bool:
        """Whether this is the first sound of the turn."""
        if turn == self._turn:
            return False
        self._turn = turn
        self.pieces, self.synthesis_ms, self.reaction_s = [], [], 0.0
        return True

    def _react(self, reaction: CivilianReacted) -> None:
        first = self._begins(reaction.turn)
        how = delivery_for(self._agitation, self.voice)
        audio = wordless(reaction.sound, how, self.speaker.sample_rate, reaction.turn)
        self.reaction_s = audio.seconds
        self.pieces.append(("", audio))
        self.sink(audio, first)

    def words_began_at(self, started_at: float | None) -> float | None:
        """When the first word was heard, from when the turn's first sound was: a sigh is no answer."""
        if started_at is None or not self.reaction_s:
            return started_at
        return max(started_at + self.reaction_s, self.times.first_audio_at or 0.0)

    def _speak(self, clause: ClauseReady) -> None:
        first = self._begins(clause.turn)
        said: list[Audio] = []
        took_s, began = 0.0, time.perf_counter()
        for audio in self.speaker.stream(clause.text, delivery_for(self._agitation, self.voice)):
            took_s += time.perf_counter() - began
            if self.times.first_audio_at is None:
                self.times.first_audio_at = self.clock()
            self.sink(audio, first and not said)
            said.append(audio)
            began = time.perf_counter()
        self.synthesis_ms.append(took_s * 1000)
        self.pieces.append((clause.text, join(said, self.speaker.sample_rate)))

    def turn_audio(self) -> Audio:
        """All that was said in the newest turn."""
        return join((audio for _, audio in self.pieces), self.speaker.sample_rate)

    def heard_until(self, played_s: float) -> str:
        """The words of the newest turn that were heard in `played_s` seconds of it, by whole
        words.
        """
        words: list[str] = []
        left = played_s
        for text, audio in self.pieces:
            share = min(1.0, left / audio.seconds) if audio.seconds > 0 else 1.0
            said = text.split()
            words += said[: round(share * len(said))]
            left -= audio.seconds
            if left <= 0:
                break
        return " ".join(words)


def say_to_session(session: Session, heard: Heard, source: str, take_end_s: float) -> None:
    """One turn by voice. take_end_s: when the take ended, on the session's clock."""
    speech_end_s = max(0.0, take_end_s - (heard.audio_s - heard.speech_end_in_take_s))
    session.officer_says(
        heard.text,
        "microphone" if source == "microphone" else "wav",
        audio_s=round(heard.audio_s, 3),
        asr_ms=round(heard.asr_ms, 1),
        speech_end_s=round(speech_end_s, 3),
        turn_end_s=round(take_end_s, 3),
    )
