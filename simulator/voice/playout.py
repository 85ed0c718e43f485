"""What the civilian says in one turn, as sound: held until it is certain, ducked, cut, taken up again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, Protocol

from simulator.errors import SimulatorError
from simulator.voice.wav import Audio

#: While somebody talks over the civilian, and it may be only a cough: about -12 dB.
DUCKED = 0.25
#: A voice that goes on after a cough begins this much before where it was cut.
TAKE_UP_S = 0.2


class Output(Protocol):
    """A loudspeaker: simulator.voice.loudspeaker.Loudspeaker, or one on a simulated clock."""

    gain: float
    started_at: float | None

    @property
    def playing(self) -> bool: ...
    def begin(self) -> None: ...
    def play(self, audio: Audio) -> None: ...
    def stop(self) -> float: ...


class NoOutput:
    """Where the loudspeaker would be: nothing is heard, text goes on."""

    def __init__(self) -> None:
        self.gain = 1.0
        self.started_at: float | None = None

    playing = False

    def begin(self) -> None: ...
    def play(self, audio: Audio) -> None: ...
    def stop(self) -> float:
        return 0.0


class Playout:
    """One turn's sound at a time; a new turn drops what is left of the last. May be used from two threads.

    The listening thread ducks and cuts, the session's thread adds and releases. on_lost: told when the
    loudspeaker goes away; from then on nothing is heard until `output` is another.
    """

    def __init__(
        self, output: Output, on_lost: Callable[[SimulatorError], None] | None = None
    ) -> None:
        self.output = output
        self._on_lost = on_lost
        self._lock = threading.RLock()
        self._state: Literal["held", "playing", "cut"] = "playing"
        self._pieces: list[Audio] = []
        self._from_s = 0.0  # of the turn, where what the output plays now began

    @property
    def speaking(self) -> bool:
        """Whether the civilian is heard now."""
        return self.output.playing

    @property
    def waiting(self) -> bool:
        """Whether there is sound that is held back."""
        return self._state == "held" and bool(self._pieces)

    @property
    def was_cut(self) -> bool:
        return self._state == "cut"

    def new_turn(self, held: bool = False) -> None:
        """held: nothing is heard before `release`."""
        with self._lock:
            self._pieces, self._from_s = [], 0.0
            self._state = "held" if held else "playing"
            self.output.gain = 1.0
            self.output.begin()

    def _play(self, audio: Audio) -> None:
        try:
            self.output.play(audio)
        except SimulatorError as problem:
            if self._on_lost is None:
                raise
            self.output = NoOutput()
            self._on_lost(problem)

    def add(self, audio: Audio) -> None:
        """The next sound of the turn. Raises SimulatorError where the loudspeaker went away and nobody is
        to be told.
        """
        with self._lock:
            self._pieces.append(audio)
            if self._state == "playing":
                self._play(audio)

    def release(self) -> None:
        """It is certain: let what was held be heard."""
        with self._lock:
            if self._state == "held":
                self._state = "playing"
                for piece in self._pieces:
                    self._play(piece)

    def drop(self) -> None:
        """Of a held turn nothing is ever heard."""
        with self._lock:
            if self._state == "held":
                self._pieces, self._state = [], "playing"

    def duck(self, down: bool) -> None:
        self.output.gain = DUCKED if down else 1.0

    def cut(self) -> float:
        """Fall silent now; how many seconds of the turn were heard. A second call says the same again."""
        with self._lock:
            if self._state == "playing":
                self._from_s += self.output.stop()
                self._state = "cut"
            return self._from_s

    def take_up(self) -> None:
        """It was only a cough: go on where it was cut, or at full loudness where it was only ducked."""
        with self._lock:
            self.output.gain = 1.0
            if self._state != "cut":
                return
            self._state = "playing"
            at_s = max(0.0, self._from_s - TAKE_UP_S)
            self.output.begin()
            self._from_s = at_s
            for piece in self._pieces:
                if at_s < piece.seconds:
                    start = round(max(0.0, at_s) * piece.sample_rate)
                    self._play(Audio(piece.samples[start:], piece.sample_rate))
                at_s = max(0.0, at_s - piece.seconds)
