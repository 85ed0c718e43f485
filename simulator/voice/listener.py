"""Listens to the officer frame by frame: utterances for the session, and whether to fall silent at once."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simulator.voice.endpoint import Endpointer
from simulator.voice.playout import Playout
from simulator.voice.vad import FRAME_S, SPEECH_ENDS, SpeechDetector
from simulator.voice.wav import Samples

PRE_ROLL_S = 0.35
#: Speech over the civilian: from here on the words are asked for, since it may be an interruption …
INTERRUPTS_S = 0.4
#: … and here the civilian falls silent whatever they are.
FALLS_SILENT_S = 0.75
#: Without a headset: so long after the loudspeaker fell silent the room still rings.
ROOM_RINGS_S = 0.25
#: An utterance is taken after this, pause or not; a lecture has to be heard out in pieces.
LONGEST_UTTERANCE_S = 60.0
#: Words so far are looked at this often: to see them and find drafts for them takes about half a second of two cores.
PARTIAL_EVERY_S = 0.45
#: The civilian was heard for so long, and for this share of it the microphone heard nobody: it does not hear them.
_HEARD_S, _ALONE_SHARE = 1.0, 0.85


@dataclass
class Utterance:
    """What the officer is saying. The listening thread writes, the session's thread reads.

    revision: grows when the officer goes on after a pause: whatever was made of less is stale. begins_after_s:
    silence after which an answer may begin; may_begin: it has lasted so long.
    """

    number: int
    began_at_s: float
    over_civilian: bool
    waited_s: float | None = None  # since the civilian fell silent; None where they had not spoken
    speech_end_s: float = 0.0
    revision: int = 0
    paused: bool = False
    begins_after_s: float | None = None
    may_begin: bool = False
    ended_at_s: float | None = None
    dropped: bool = False
    speech_s: float = 0.0
    longest_pause_s: float = 0.0
    overlap_s: float = 0.0
    frames: list[Samples] = field(default_factory=list)
    voiced: list[bool] = field(default_factory=list)

    def audio(self) -> Samples:
        """16 kHz mono, from a little before the first word to now."""
        return np.concatenate(self.frames[:])

    def speech(self) -> Samples:
        """Only the frames in which somebody speaks."""
        pairs = zip(self.frames, self.voiced[:], strict=False)
        return np.concatenate([np.zeros(0, np.float32), *(f for f, voiced in pairs if voiced)])


@dataclass(frozen=True)
class Paused:
    """Soft end: this may be the end."""

    utterance: Utterance
    revision: int


@dataclass(frozen=True)
class MayBegin:
    """They have been silent for so long that an answer may begin, though they may still go on."""

    utterance: Utterance
    revision: int


@dataclass(frozen=True)
class WentOn:
    utterance: Utterance


@dataclass(frozen=True)
class Ended:
    """Hard end: it is the officer's turn no more."""

    utterance: Utterance


@dataclass(frozen=True)
class Interrupting:
    """They have talked over the civilian for `INTERRUPTS_S`."""

    utterance: Utterance


@dataclass(frozen=True)
class Partly:
    """They talk on: the words so far may be looked at."""

    utterance: Utterance
    at_s: float


ListenerMessage = Paused | MayBegin | WentOn | Ended | Interrupting | Partly


class Listener:
    """Feed every frame of the microphone; messages go to `post`. Not thread-safe.

    half_duplex: without a headset the microphone hears the civilian, so what it hears while they speak does
    not count. partials: whether to ask for words while the officer still speaks.
    """

    def __init__(
        self,
        detector: SpeechDetector,
        playout: Playout,
        post: Callable[[ListenerMessage], object],
        *,
        half_duplex: bool = False,
        partials: bool = False,
    ) -> None:
        self.half_duplex = half_duplex
        self.utterance: Utterance | None = None
        self._detector = detector
        self._playout = playout
        self._post = post
        self._partials = partials
        self._endpointer = Endpointer()
        self._numbers = itertools.count(1)
        self._before: deque[Samples] = deque(maxlen=round(PRE_ROLL_S / FRAME_S))
        self._asked = self._rings_until_s = self._partly_at_s = 0.0
        self._spoke_at_s: float | None = None  # when the civilian was last heard
        self._heard_s = self._alone_s = (
            0.0  # of the civilian, and of it without a voice in the microphone
        )

    # -- what the session's thread asks; each is one assignment

    def wait(
        self,
        utterance: Utterance,
        revision: int,
        patience_s: float,
        begins_s: float | None = None,
    ) -> None:
        """So long a silence ends this utterance: the words of this revision are known now. begins_s: after so
        long an answer may begin, where the microphone would hear whether the officer goes on.
        """
        if utterance is self.utterance and utterance.revision == revision:
            if not self.half_duplex and self._hears_only_officer():
                utterance.begins_after_s = begins_s
            self._endpointer.patience_s = patience_s

    def forget(self, utterance: Utterance | None = None) -> None:
        """What is being said now is nobody's turn: a cough, or the words came another way."""
        now = self.utterance
        if now is not None and utterance in (None, now):
            now.dropped = True

    # -- the listening thread

    def feed(self, frame: Samples, at_s: float) -> None:
        """The next 32 ms (512 samples at 16 kHz); at_s: when they ended."""
        probability = self._detector.feed(frame)
        over = self._playout.speaking
        if over:
            self._spoke_at_s = at_s
            self._heard_s += FRAME_S
            self._alone_s += FRAME_S if probability < SPEECH_ENDS else 0.0
        if self.half_duplex and self._deaf(over, at_s):
            probability = 0.0
        utterance = self.utterance
        if utterance is not None and utterance.dropped:
            self._end()
            utterance = None
        if utterance is None:
            self._before.append(frame)
        else:
            utterance.frames.append(frame)
            utterance.voiced.append(probability >= SPEECH_ENDS)
        end = self._endpointer.feed(probability, at_s)
        if end is None:
            if utterance is not None and not utterance.paused:
                self._speaking_on(utterance, over and probability >= SPEECH_ENDS, at_s)
            elif utterance is not None:
                self._silent_on(utterance)
        elif end.kind == "began":
            self._begin(at_s, over)
        elif utterance is not None:
            utterance.speech_end_s = end.speech_end_s
            self._measure(utterance)
            if end.kind == "soft":
                utterance.paused = True
                self._post(Paused(utterance, utterance.revision))
            elif end.kind == "went_on":
                if utterance.may_begin and not utterance.over_civilian:
                    self._playout.cut()  # they had begun to answer: at once, whoever computes
                utterance.paused = utterance.may_begin = False
                utterance.begins_after_s = None
                utterance.revision += 1
                self._post(WentOn(utterance))
            else:
                self._hard(utterance, at_s)

    def _begin(self, at_s: float, over: bool) -> None:
        began_at_s = at_s - self._endpointer.speech_s
        self.utterance = Utterance(next(self._numbers), began_at_s, over, speech_end_s=at_s)
        if self._spoke_at_s is not None:
            self.utterance.waited_s = max(0.0, began_at_s - self._spoke_at_s)
        self.utterance.frames = list(self._before)
        voiced = round(self._endpointer.speech_s / FRAME_S)
        self.utterance.voiced = [at >= -voiced for at in range(-len(self._before), 0)]
        self._before.clear()
        self._asked, self._partly_at_s = 0.0, at_s
        if over:
            self._playout.duck(True)

    def _speaking_on(self, utterance: Utterance, over: bool, at_s: float) -> None:
        if over:
            utterance.overlap_s += FRAME_S
            spoken_s = self._endpointer.speech_s
            if self._asked < INTERRUPTS_S <= spoken_s:
                self._asked = spoken_s
                self._post(Interrupting(utterance))
            if spoken_s >= FALLS_SILENT_S and utterance.over_civilian:
                self._playout.cut()
        if at_s - utterance.began_at_s >= LONGEST_UTTERANCE_S:
            self._measure(utterance)
            utterance.speech_end_s = at_s
            utterance.paused = True
            self._post(Paused(utterance, utterance.revision))
            self._hard(utterance, at_s)
        elif self._partials and at_s - self._partly_at_s >= PARTIAL_EVERY_S:
            self._partly_at_s = at_s
            self._post(Partly(utterance, at_s))

    def _silent_on(self, utterance: Utterance) -> None:
        after_s = utterance.begins_after_s
        if after_s is None or utterance.may_begin or self._endpointer.silence_s < after_s:
            return
        utterance.may_begin = True
        self._post(MayBegin(utterance, utterance.revision))

    def _hears_only_officer(self) -> bool:
        return self._heard_s >= _HEARD_S and self._alone_s >= _ALONE_SHARE * self._heard_s

    def _measure(self, utterance: Utterance) -> None:
        utterance.speech_s = self._endpointer.speech_s
        utterance.longest_pause_s = self._endpointer.longest_pause_s

    def _hard(self, utterance: Utterance, at_s: float) -> None:
        utterance.ended_at_s = at_s
        self._post(Ended(utterance))
        self._end()

    def _end(self) -> None:
        self.utterance = None
        self._endpointer.reset()

    def _deaf(self, over: bool, at_s: float) -> bool:
        if over:
            self._rings_until_s = at_s + ROOM_RINGS_S
        return at_s < self._rings_until_s
