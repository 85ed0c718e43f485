"""Push-to-talk: what the officer says between pressing and letting go."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np

from simulator.voice.devices import Device, cannot_open, find_device, portaudio, went_away
from simulator.voice.vad import RATE
from simulator.voice.wav import Audio, Samples

#: People begin to speak as they press: this much from before is kept.
PRE_ROLL_S = 0.3
LONGEST_S = 120.0
SILENT_DB = -80.0
#: What the device may hold back before it is told: a busy machine loses nothing, an answer waits no longer.
BUFFER_S = 0.1
#: A running microphone gives a block every few hundredths of a second.
GONE_AFTER_S = 2.0


class Microphone:
    """A capture stream at the device's own rate; `stop` gives the take at 16 kHz.

    The stream stays open between takes, so that a press loses nothing; outside a take only the last
    0.3 s are kept, in memory. `with Microphone() as microphone: start(); ...; stop()`.
    """

    def __init__(self, device: Device | None = None, longest_s: float = LONGEST_S) -> None:
        self.device = device or find_device("input")
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._blocks: deque[Samples] = deque()
        self._kept = 0
        self._recording = False
        self._level_db = SILENT_DB
        self._heard_at = 0.0
        self._stream: Any = None
        self._rate = self.device.native_rate
        #: Takes every block as it comes, on PortAudio's thread: (mono samples, their rate, when they ended on
        #: `time.monotonic`). Must return at once.
        self.on_block: Callable[[Samples, int, float], None] | None = None

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
        """Begin to listen; nothing to do where it is open. Raises SimulatorError."""
        if self._stream is not None:
            return
        sd = portaudio()
        try:
            # Most microphones give one channel; some interfaces only all they have.
            try:
                stream = self._input_stream(sd, 1)
            except sd.PortAudioError:
                stream = self._input_stream(sd, min(2, self.device.inputs))
            stream.start()
        except sd.PortAudioError as problem:
            raise cannot_open("input", self.device, problem) from None
        self._heard_at = time.monotonic()
        self._stream = stream

    def _input_stream(self, sd: Any, channels: int) -> Any:
        return sd.InputStream(
            device=self.device.index,
            samplerate=self._rate,
            channels=channels,
            dtype="float32",
            latency=BUFFER_S,
            callback=self._take_block,
        )

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        with self._lock:
            self._recording = False
            self._forget()

    def start(self) -> None:
        """The officer pressed: a take begins. Raises SimulatorError where the device went away."""
        self.open()
        if self.gone:
            self.close()
            raise went_away("input", self.device)
        with self._lock:
            self._recording = True

    def stop(self) -> Audio:
        """The officer let go: the take, mono at 16 kHz. Raises SimulatorError if there is none."""
        with self._lock:
            recorded = np.concatenate([np.zeros(0, np.float32), *self._blocks])
            self._recording = False
            self._forget()
        if self.gone and len(recorded) <= (PRE_ROLL_S + 0.2) * self._rate:
            self.close()
            raise went_away("input", self.device)
        return Audio(recorded, self._rate).at_rate(RATE)

    @property
    def recording(self) -> bool:
        return self._recording

    @property
    def recorded_s(self) -> float:
        return self._kept / self._rate

    @property
    def full(self) -> bool:
        """The take is as long as it may be; what is said now is not kept."""
        return self._recording and self.recorded_s >= self._longest_s

    @property
    def gone(self) -> bool:
        """The device was unplugged, or its sound server died."""
        silent_s = time.monotonic() - self._heard_at
        return self._stream is None or not self._stream.active or silent_s > GONE_AFTER_S

    def level(self) -> float:
        """Loudness now, for a meter: RMS in dB below full scale, -80 to 0."""
        return SILENT_DB if self._stream is None or self.gone else self._level_db

    def _forget(self) -> None:
        self._blocks.clear()
        self._kept = 0

    def _take_block(self, block: Any, frames: int, at: Any, status: Any) -> None:
        """Called by PortAudio on its own thread."""
        samples: Samples = np.asarray(block.mean(axis=1), np.float32)
        rms = float(np.sqrt(np.mean(samples**2))) if frames else 0.0
        self._level_db = max(SILENT_DB, 20.0 * float(np.log10(max(rms, 1e-9))))
        self._heard_at = time.monotonic()
        if self.on_block is not None:
            self.on_block(samples, self._rate, self._heard_at)
        with self._lock:
            if self._recording and self._kept >= self._longest_s * self._rate:
                return
            self._blocks.append(samples)
            self._kept += frames
            while (
                not self._recording and self._kept - len(self._blocks[0]) >= PRE_ROLL_S * self._rate
            ):
                self._kept -= len(self._blocks.popleft())
