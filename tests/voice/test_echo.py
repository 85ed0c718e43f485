"""The civilian's own voice is taken out of the microphone, the officer's is not."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.voice.tts import Speaker
from simulator.voice.vad import FRAME, RATE
from simulator.voice.wav import Samples

pytest.importorskip("pywebrtc_audio", reason="pip install -e '.[echo]'")


def power_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def test_what_is_played_is_taken_out_and_what_is_said_stays(speaker: Speaker) -> None:
    from simulator.voice.echo import EchoCanceller

    line = "My license is in my purse, and my purse is on the back seat. What is it now?"
    played = np.tile(speaker.speak(line).at_rate(RATE).samples, 4)
    officer = speaker.speak("Step out of the car for me, please.").at_rate(RATE).samples
    delay = round(0.08 * RATE)
    echo = 0.5 * np.concatenate([np.zeros(delay, np.float32), played])[: len(played)]
    said = np.zeros(len(played), np.float32)
    begins = len(played) * 3 // 4  # by then the canceller knows the room
    said[begins : begins + len(officer)] = officer[: len(played) - begins]
    heard = (echo + said).astype(np.float32)
    canceller = EchoCanceller()
    clean = []
    for at in range(0, len(heard) - FRAME + 1, FRAME):
        canceller.played(played[at : at + FRAME], RATE)
        clean.append(canceller.clean(heard[at : at + FRAME]))
    out = np.concatenate(clean)
    alone = slice(len(played) // 2, begins - RATE // 4)
    both = slice(begins, begins + len(officer) // 2)
    assert power_db(out[alone]) < power_db(heard[alone]) - 15
    assert power_db(out[both]) > power_db(said[both]) - 8
    assert len(out) == len(clean) * FRAME
