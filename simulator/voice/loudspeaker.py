"""Playback that can be cut at any moment, and that knows how much of it was heard."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np

from simulator.errors import SimulatorError
from simulator.voice.devices import Device, cannot_open, find_device, portaudio, went_away
from simulator.voice.wav import Audio, Samples

#: Written to the device at a time: how soon a stop is obeyed.
SLICE_S = 0.04
#: The device's own buffer: a busy interpreter leaves no gap in it. Cut speech rings out of it.
BUFFER_S = 0.12
#: Silence goes to the device while nobody speaks, this much ahead of it: a device that was let go
#: falls asleep, and the next first word waits for it (PulseAudio: up to 2 s) or is swallowed.
AWAKE_S = 0.04
#: With less than this left in the buffer and no piece at hand, silence is put in.
LOW_S = 0.08


class Loudspeaker:
    """Plays one utterance at a time, handed over in pieces as they are synthesised.

    `begin` an utterance, `play` its pieces (returns at once), then `wait` until it was heard, or
    `stop` it. Whatever belongs to an earlier utterance is never played. One writer thread owns the
    device: PortAudio streams are not for two threads.
    """

    def __init__(self, device: Device | None = None) -> None:
        self.device = device or find_device("output")
        self._rate = self.device.native_rate
        self._state = threading.Condition()
        self._queue: deque[Samples] = deque()
        self._generation = 0
        self._heard = 0  # frames of this utterance that have left the device
        self._in_buffer = 0  # frames of it that the device has, and will play
        self._busy = False
        self._closing = False
        self._problem: SimulatorError | None = None
        self._writer: threading.Thread | None = None
        #: How loud: 1 as it comes, less while somebody talks over it. Heard from the next slice on.
        self.gain = 1.0
        self._gain_now = 1.0
        #: Told what is given to the device, mono and at its rate, as it is given: for an echo canceller.
        self.on_played: Callable[[Samples, int], None] | None = None
        #: Times the device ran dry in the middle of an utterance.
        self.gaps = 0
        #: time.monotonic() when this utterance began to leave the device.
        self.started_at: float | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the device at its own rate, if it is not open. Raises SimulatorError."""
        if self._writer is not None and self._writer.is_alive():
            return
        sd = portaudio()
        try:
            stream = sd.OutputStream(
                device=self.device.index,
                samplerate=self._rate,
                channels=min(2, self.device.outputs),
                dtype="float32",
                latency=BUFFER_S,
            )
        except sd.PortAudioError as problem:
            raise cannot_open("output", self.device, problem) from None
        self._closing, self._problem = False, None
        self._writer = threading.Thread(
            target=self._write_all, args=(sd, stream), name="loudspeaker", daemon=True
        )
        self._writer.start()

    def close(self) -> None:
        """Fall silent and give the device back."""
        self.stop()
        with self._state:
            self._closing = True
            self._state.notify_all()
        if self._writer is not None:
            self._writer.join(timeout=2.0)
            self._writer = None

    def begin(self) -> None:
        """A new utterance: what is left of the last one is dropped."""
        with self._state:
            self._generation += 1
            self._queue.clear()
            self._heard = self._in_buffer = 0
            self.started_at = None
            self._state.notify_all()

    def play(self, audio: Audio) -> None:
        """Add a piece to the utterance. Raises SimulatorError where the device went away."""
        self.open_or_raise()
        samples = audio.at_rate(self._rate).samples
        size = max(1, round(SLICE_S * self._rate))
        with self._state:
            self._queue.extend(samples[at : at + size] for at in range(0, len(samples), size))
            self._state.notify_all()

    def stop(self) -> float:
        """Cut the utterance; how many seconds of it are heard. What the device has rings out."""
        with self._state:
            self._generation += 1
            self._queue.clear()
            self._state.notify_all()
            self._state.wait_for(lambda: not self._busy, timeout=1.0)
            self._heard, self._in_buffer = self._heard + self._in_buffer, 0
            return self._heard / self._rate

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until everything given was heard; False where `timeout_s` passed first."""
        with self._state:
            done = self._state.wait_for(
                lambda: self._problem is not None or not (self._queue or self._busy), timeout_s
            )
        if self._problem is not None:
            raise self._problem
        return done

    @property
    def played_s(self) -> float:
        """Seconds of this utterance that have been heard."""
        return self._heard / self._rate

    @property
    def playing(self) -> bool:
        return bool(self._queue) or self._busy

    def open_or_raise(self) -> None:
        if self._problem is not None:
            raise self._problem
        self.open()

    def _write_all(self, sd: Any, stream: Any) -> None:
        """The writer thread: utterances, and silence around them until it is time to close."""
        try:
            stream.start()
            empty = int(stream.write_available)
            while self._next_utterance(stream, empty):
                self._write_utterance(stream, empty)
        except sd.PortAudioError:
            with self._state:
                self._problem = went_away("output", self.device)
        finally:
            stream.close(ignore_errors=True)
            with self._state:
                self._busy = False
                self._queue.clear()
                self._state.notify_all()

    def _next_utterance(self, stream: Any, empty: int) -> bool:
        """Wait for something to play; False when it is time to close."""
        pause, ahead = self._silence(SLICE_S), 0
        while True:
            with self._state:
                if not (self._queue or self._closing):
                    self._state.wait(ahead / self._rate - AWAKE_S)
                if self._closing:
                    return False
                if self._queue:
                    self._busy = True
                    return True
            ahead = empty - int(stream.write_available)
            if ahead <= AWAKE_S * self._rate:
                self._write(stream, pause)
                ahead += len(pause)

    def _write_utterance(self, stream: Any, empty: int) -> None:
        """Until all of it was heard, or it was cut. `silence` is what was put in after its last piece."""
        generation = self._generation
        before, written, silence = self._heard, 0, 0
        self.gaps += int(before > 0)  # the rest of an utterance whose beginning has run out
        pause = self._silence(SLICE_S)
        while True:
            with self._state:
                stale = generation != self._generation or self._closing
                piece = None if stale or not self._queue else self._queue.popleft()
            if stale:  # the device keeps what it has: emptied, it would fall asleep
                break
            if piece is not None:
                dry = self._give(stream, piece)
                self.gaps += int(written > 0 and (dry or silence > 0))
                written, silence = written + len(piece), 0
            ahead = max(0, empty - int(stream.write_available))
            left = max(0, ahead - silence)
            with self._state:
                if generation == self._generation:
                    self._heard = max(self._heard, before + written - left)
                    self._in_buffer = before + written - self._heard
                    if self.started_at is None and self._heard > 0:
                        self.started_at = time.monotonic() - self._heard / self._rate
                if piece is None and not self._queue:
                    if left == 0:
                        break
                    if ahead >= LOW_S * self._rate:
                        self._state.wait(SLICE_S / 4)
                        continue
            if piece is None:  # silence pushes the last words out of the device's buffer
                self._give(stream, pause)
                silence += len(pause)
        with self._state:
            self._busy = False
            self._state.notify_all()

    def _silence(self, seconds: float) -> Samples:
        return np.zeros(round(seconds * self._rate), np.float32)

    def _give(self, stream: Any, piece: Samples) -> bool:
        """Write a slice, on every channel; True where the device had run dry."""
        before, self._gain_now = self._gain_now, self.gain
        if (
            before != 1.0 or self._gain_now != 1.0
        ):  # glides from one to the other: a step would click
            piece = piece * np.linspace(before, self._gain_now, len(piece), dtype=np.float32)
        if self.on_played is not None:
            self.on_played(piece, self._rate)
        return self._write(stream, piece)

    @staticmethod
    def _write(stream: Any, piece: Samples) -> bool:
        return bool(stream.write(np.repeat(piece[:, None], stream.channels, axis=1)))
