"""A room in which an officer of recordings talks with the civilian, on a clock that skips what is only waited for.

Everything of a spoken session is real (voice activity, endpoints, recognition, model, voice, record) but for the air:
the microphone's frames come from recordings at the pace of speech, and the loudspeaker only counts. Time runs on while
the machine computes, as it would, and jumps over silence. What is computed in one thread here is in play in two (the
listening is beside the rest), so that times are rather too long than too short.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.voice.clock import VirtualClock
from simulator.voice.conversing import Conversing
from simulator.voice.listener import Listener, ListenerMessage
from simulator.voice.vad import FRAME, FRAME_S, RATE
from simulator.voice.wav import Audio, Samples


class CountingLoudspeaker:
    """An Output whose sound goes nowhere: it knows from the clock what would have been heard by now."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.gain = 1.0
        self.started_at: float | None = None
        self.gaps = 0
        self.gap_s = 0.0
        self.heard: list[
            tuple[float, float, float]
        ] = []  # (from, to, gain) of what was heard, on the clock
        self.begun: list[float] = []  # when it was made ready for something else to be said
        #: Told the sound and when it would be heard: the room's echo.
        self.on_sound: Callable[[float, Audio], None] | None = None
        self._clock = clock
        self._until = 0.0
        self._given_s = 0.0

    @property
    def playing(self) -> bool:
        return self._clock() < self._until

    @property
    def until(self) -> float:
        """When what was given so far has been heard."""
        return self._until

    def begin(self) -> None:
        self.stop()
        self.begun.append(self._clock())
        self.started_at = None
        self._given_s = 0.0

    def play(self, audio: Audio) -> None:
        now = self._clock()
        if self.started_at is None:
            self.started_at = now
        elif now > self._until and self._given_s:
            self.gaps += 1
            self.gap_s += now - self._until
        start = max(now, self._until)
        self._until = start + audio.seconds
        self._given_s += audio.seconds
        self.heard.append((start, self._until, self.gain))
        if self.on_sound is not None:
            self.on_sound(start, audio)

    def stop(self) -> float:
        now = self._clock()
        not_heard = max(0.0, self._until - now)
        self._until = min(self._until, now)
        while self.heard and self.heard[-1][1] > now:
            start, _, gain = self.heard.pop()
            if start < now:
                self.heard.append((start, now, gain))
        return max(0.0, self._given_s - not_heard)


@dataclass(frozen=True)
class Take:
    """One recording of the officer, and when it begins on the clock."""

    at: float
    samples: Samples  # 16 kHz


class Room:
    """Feeds the listener frame by frame up to now, and hands its messages on one at a time.

    noise: what the microphone hears where nobody speaks, 16 kHz, repeated. echo: how much of the loudspeaker the
    microphone hears (0: a headset). clean: an echo canceller, given what is heard and what is played, frame by frame.
    """

    def __init__(
        self,
        clock: VirtualClock,
        noise: Samples | None = None,
        echo: float = 0.0,
        clean: Callable[[Samples, Samples], Samples] | None = None,
    ) -> None:
        self.clock = clock
        self.loudspeaker = CountingLoudspeaker(self._now)
        self.listener: Listener | None = None
        self.conversing: Conversing | None = None
        self.listening_s = 0.0
        self._messages: deque[ListenerMessage] = deque()
        self._takes: deque[Take] = deque()
        self._frame_at = clock()
        self._noise = noise if noise is not None else np.zeros(FRAME, np.float32)
        self._noise_at = 0
        self._pumping = False
        self._heard_at: float | None = None
        self._echo = echo
        self._clean = clean
        self._played: deque[Take] = deque()
        if echo:
            self.loudspeaker.on_sound = self._sounds

    def _now(self) -> float:
        """While a frame is listened to, the time of that frame: in play the listening waits for nobody."""
        return self.clock() if self._heard_at is None else self._heard_at

    def _sounds(self, at: float, audio: Audio) -> None:
        self._played.append(Take(at, audio.at_rate(RATE).samples))

    def post(self, message: ListenerMessage) -> None:
        self._messages.append(message)

    def say(self, samples: Samples, after_s: float = 0.0) -> float:
        """The officer says this, from now (or `after_s` from now) on; when it ends, on the clock."""
        self._takes.append(Take(self.clock() + after_s, samples))
        return self.clock() + after_s + len(samples) / RATE

    @property
    def busy(self) -> bool:
        """Whether the officer still speaks, or is still being heard out."""
        assert self.listener is not None
        return bool(self._takes or self._messages or self.listener.utterance)

    def pump(self) -> None:
        """Give the listener every frame that has ended by now. Called between all computations."""
        if self._pumping or self.listener is None:
            return
        self._pumping = True
        try:
            while self._frame_at + FRAME_S <= self.clock():
                began = self.clock()
                self._frame_at += FRAME_S
                self._heard_at = self._frame_at
                self.listener.feed(self._frame(), self._frame_at)
                self._heard_at = None
                self.listening_s += self.clock() - began
        finally:
            self._pumping, self._heard_at = False, None

    def step(self) -> None:
        """Handle what is waiting, or else go on to the next frame."""
        assert self.conversing is not None
        self.pump()
        if self._messages:
            self.conversing.handle(self._messages.popleft())
            return
        self.clock.until(self._frame_at + FRAME_S)
        self.pump()

    def run_until(self, holds: Callable[[], bool], most_s: float = 120.0) -> bool:
        """Let time pass until it holds; False where `most_s` passed first."""
        end = self.clock() + most_s
        while not holds():
            if self.clock() > end:
                return False
            self.step()
        return True

    def wait(self, seconds: float) -> None:
        end = self.clock() + seconds
        self.run_until(lambda: self.clock() >= end, seconds + 60)

    def _frame(self) -> Samples:
        """The microphone's next 32 ms: noise, what the officer says in it, and what the room gives back."""
        start = self._frame_at - FRAME_S
        at = self._noise_at
        self._noise_at = (at + FRAME) % len(self._noise)
        frame = np.resize(np.roll(self._noise, -at)[:FRAME], FRAME).astype(np.float32)
        frame += _part(self._takes, start)
        if self._echo:
            audible = any(low <= start < high for low, high, _ in self.loudspeaker.heard)
            played = _part(self._played, start) * (self.loudspeaker.gain if audible else 0.0)
            frame += self._echo * played
            if self._clean is not None:
                frame = self._clean(frame, played)
        return np.clip(frame, -1.0, 1.0)


def _part(takes: deque[Take], start: float) -> Samples:
    """The 32 ms from `start` on of everything that sounds then; what is over is thrown away."""
    frame = np.zeros(FRAME, np.float32)
    for take in list(takes):
        offset = round((start - take.at) * RATE)
        if offset >= len(take.samples):
            takes.remove(take)
            continue
        low, high = max(0, offset), min(len(take.samples), offset + FRAME)
        if high > low:
            frame[low - offset : high - offset] += take.samples[low:high]
    return frame
