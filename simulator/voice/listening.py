"""The thread that listens: blocks of the microphone become frames of 32 ms at 16 kHz for the listener."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from simulator.voice.listener import Listener
from simulator.voice.microphone import Microphone
from simulator.voice.vad import FRAME, RATE
from simulator.voice.wav import Samples

Clean = Callable[[Samples], Samples]


class Frames:
    """Cuts a stream of any rate into frames of 512 samples at 16 kHz. One per stream."""

    def __init__(self, rate: int) -> None:
        self._resample: Any = None
        if rate != RATE:
            import soxr

            self._resample = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="MQ")
        self._rest = np.zeros(0, np.float32)

    def add(self, block: Samples) -> list[tuple[Samples, float]]:
        """The frames that are whole now, each with how long before the end of the block it ended, in seconds."""
        if self._resample is not None:
            block = self._resample.resample_chunk(block)
        there = np.concatenate([self._rest, block])
        count = len(there) // FRAME
        self._rest = there[count * FRAME :]
        return [
            (there[at * FRAME : (at + 1) * FRAME], (len(there) - (at + 1) * FRAME) / RATE)
            for at in range(count)
        ]


class Listening:
    """Runs a listener on a microphone until `stop`. clean: takes the echo out of each frame.

    The microphone's own thread only hands blocks over: voice activity there would make it stutter.
    """

    def __init__(
        self, microphone: Microphone, listener: Listener, clean: Clean | None = None
    ) -> None:
        self._microphone = microphone
        self._listener = listener
        self._clean = clean
        self._blocks: queue.SimpleQueue[tuple[Samples, int, float] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="listening", daemon=True)

    def start(self) -> None:
        self._microphone.on_block = lambda *block: self._blocks.put(block)
        self._thread.start()

    def stop(self) -> None:
        self._microphone.on_block = None
        self._blocks.put(None)
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        frames: Frames | None = None
        while (block := self._blocks.get()) is not None:
            samples, rate, at_s = block
            if frames is None:
                frames = Frames(rate)
            for frame, before_s in frames.add(samples):
                heard = self._clean(frame) if self._clean else frame
                self._listener.feed(heard, at_s - before_s)
