"""How the officer said it: loudness against their own usual level, pace, pauses, talking over."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

import numpy as np

from simulator.events import ProsodyHeard
from simulator.voice.vad import RATE
from simulator.voice.wav import Samples

#: Until so many turns were heard nobody knows what is usual for this officer and this microphone.
TURNS_TO_CALIBRATE = 2
#: A turn shorter than this has no level of its own: a "yes" is as loud as its vowel.
_SHORTEST_S = 0.4
SILENT_DB = -80.0


def speech_level_db(speech: Samples) -> float:
    """RMS in dB below full scale of samples at 16 kHz in which somebody speaks; -80 where too few do."""
    if len(speech) < _SHORTEST_S * RATE:
        return SILENT_DB
    return max(SILENT_DB, 20.0 * float(np.log10(max(1e-9, np.sqrt(np.mean(speech**2))))))


@dataclass
class UsualLevel:
    """The officer's own level: from the sound test where it was done, else from their turns so far.

    known_db: dB below full scale, kept with the choice of the microphone.
    """

    known_db: float | None = None
    turns: list[float] = field(default_factory=list)

    def above(self, level_db: float) -> float | None:
        """How far a turn of this level is above the usual; None while nothing is usual yet."""
        if level_db <= SILENT_DB:
            return None
        usual = self.usual_db
        self.turns.append(level_db)
        return None if usual is None else round(level_db - usual, 1)

    @property
    def usual_db(self) -> float | None:
        if self.known_db is not None:
            return self.known_db
        # The quieter half: who shouts from the first word on is not usually that loud.
        if len(self.turns) < TURNS_TO_CALIBRATE:
            return None
        return statistics.quantiles(self.turns, n=4)[0]


def measure(
    words: str,
    level_above_db: float | None,
    speech_s: float,
    longest_pause_s: float,
    overlap_s: float,
    waited_s: float | None,
) -> ProsodyHeard:
    """The event, its turn still to be set. speech_s: of the utterance, pauses left out."""
    count = len(words.split())
    pace = 60.0 * count / speech_s if speech_s > _SHORTEST_S and count >= 3 else None
    return ProsodyHeard(
        turn=0,
        loudness_db=level_above_db,
        words_per_minute=None if pace is None else round(pace),
        longest_pause_s=round(longest_pause_s, 2),
        overlap_s=round(overlap_s, 2),
        waited_s=None if waited_s is None else round(waited_s, 2),
    )
