"""Where an utterance begins and ends: turns voice-activity probabilities into soft and hard ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.voice.vad import FRAME_S, SHORTEST_SPEECH_S, SPEECH_BEGINS, SPEECH_ENDS

#: Silence after which recognition may start: one frame. Measured on 112 utterances of three voices, with noise: the
#: soft end then comes 74 to 99 ms after the last sound (two frames: 106 to 136), and 1.0 time an utterance too
#: early (two: 0.8). Words recognised for nothing cost only time that nobody waits for.
SOFT_SILENCE_S = FRAME_S
#: Silence that ends an utterance of which nothing is known yet.
UNKNOWN_SILENCE_S = 0.8
#: So much speech after a soft end, and the officer went on; one frame may be a breath.
WENT_ON_S = 2 * FRAME_S


@dataclass(frozen=True)
class Endpoint:
    """began: somebody speaks; soft: they paused; went_on: they had only paused; hard: it is over."""

    kind: Literal["began", "soft", "went_on", "hard"]
    at_s: float
    speech_end_s: float  # where speech stopped, not where that was noticed


class Endpointer:
    """Soft end after `SOFT_SILENCE_S`, so that recognition can start; hard end after `patience_s`.

    Feed one VAD frame at a time (32 ms at 16 kHz), with the time of its end. `patience_s` may be set at any
    time: what was recognised says how long to wait. Not thread-safe: one per capture stream.
    """

    def __init__(self) -> None:
        self.patience_s = UNKNOWN_SILENCE_S
        self.speech_s = 0.0  # of this utterance, pauses left out
        self.longest_pause_s = 0.0  # inside this utterance
        self._state: Literal["silent", "speaking", "paused"] = "silent"
        self._run_s = 0.0  # speech that does not count yet: before it began, or after a soft end
        self._silence_s = 0.0
        self._last_voiced_s = 0.0

    @property
    def in_utterance(self) -> bool:
        return self._state != "silent"

    @property
    def silence_s(self) -> float:
        """How long it has been silent at the end of this utterance."""
        return self._silence_s

    def reset(self) -> None:
        """Forget this utterance: the next speech is a new one."""
        self._state = "silent"
        self._run_s = self._silence_s = 0.0
        self._clear()

    def _clear(self) -> None:
        self.patience_s = UNKNOWN_SILENCE_S
        self.speech_s = self.longest_pause_s = 0.0

    def feed(self, speech_probability: float, at_s: float) -> Endpoint | None:
        if self._state == "silent":
            return self._before_speech(speech_probability, at_s)
        threshold = SPEECH_ENDS if self._state == "speaking" else SPEECH_BEGINS
        if speech_probability >= threshold:
            return self._voiced(at_s)
        return self._silent(at_s)

    def _before_speech(self, probability: float, at_s: float) -> Endpoint | None:
        voiced = probability >= (SPEECH_ENDS if self._run_s else SPEECH_BEGINS)
        self._run_s = self._run_s + FRAME_S if voiced else 0.0
        if self._run_s < SHORTEST_SPEECH_S - 1e-9:
            return None
        self._clear()
        self._state, self.speech_s = "speaking", self._run_s
        self._run_s = self._silence_s = 0.0
        self._last_voiced_s = at_s
        return Endpoint("began", at_s, at_s)

    def _voiced(self, at_s: float) -> Endpoint | None:
        if self._state == "speaking":
            self.speech_s += FRAME_S + self._silence_s  # too short a gap to be a pause
            self._silence_s, self._last_voiced_s = 0.0, at_s
            return None
        self._run_s += FRAME_S
        if self._run_s < WENT_ON_S - 1e-9:
            self._silence_s += FRAME_S
            return None
        self.longest_pause_s = max(self.longest_pause_s, self._silence_s - self._run_s + FRAME_S)
        self.speech_s += self._run_s
        self._state, self._run_s, self._silence_s = "speaking", 0.0, 0.0
        self._last_voiced_s = at_s
        self.patience_s = UNKNOWN_SILENCE_S
        return Endpoint("went_on", at_s, at_s)

    def _silent(self, at_s: float) -> Endpoint | None:
        self._silence_s += FRAME_S
        self._run_s = 0.0
        if self._state == "speaking" and self._silence_s >= SOFT_SILENCE_S - 1e-9:
            self._state, self.patience_s = "paused", UNKNOWN_SILENCE_S
            return Endpoint("soft", at_s, self._last_voiced_s)
        if self._state == "paused" and self._silence_s >= self.patience_s - 1e-9:
            self._state = "silent"
            return Endpoint("hard", at_s, self._last_voiced_s)
        return None
