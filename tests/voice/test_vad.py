"""Voice activity: where speech begins and ends, and that noise is not speech."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.voice.tts import Speaker
from simulator.voice.vad import FRAME, RATE, SpeechDetector, bounds_of
from simulator.voice.wav import Samples


def line(speaker: Speaker) -> Samples:
    return speaker.speak("I can see that you are upset.").at_rate(RATE).samples


def test_finds_where_speech_begins_and_ends(speaker: Speaker, detector: SpeechDetector) -> None:
    said = line(speaker)
    loud = np.flatnonzero(np.abs(said) > 0.02)
    before, after = 1.5, 2.0
    recording = np.pad(said, (round(before * RATE), round(after * RATE)))
    bounds = detector.speech_bounds(recording)
    assert bounds is not None
    assert bounds.start_s == pytest.approx(before + loud[0] / RATE, abs=0.15)
    assert bounds.end_s == pytest.approx(before + loud[-1] / RATE, abs=0.25)
    assert 0.8 < bounds.speech_s <= bounds.end_s - bounds.start_s + 1e-6
    trimmed = detector.trim(recording)
    assert len(trimmed) / RATE == pytest.approx(bounds.end_s - bounds.start_s + 0.5, abs=0.01)


def test_a_stream_scores_as_the_recording_does(speaker: Speaker, detector: SpeechDetector) -> None:
    """Frame by frame needs the 64 samples before each frame; without them the scores collapse."""
    said = line(speaker)
    whole = detector.probabilities(said)
    detector.reset()
    frames = [said[at : at + FRAME] for at in range(0, len(said) - FRAME + 1, FRAME)]
    streamed = np.array([detector.feed(frame) for frame in frames])
    assert streamed == pytest.approx(whole[: len(frames)], abs=1e-3)
    assert (whole > 0.5).mean() > 0.6


@pytest.mark.parametrize(
    "kind", ["nothing", "zeros", "white", "loud white", "hum", "chord", "clicks"]
)
def test_noise_is_not_speech(kind: str, detector: SpeechDetector) -> None:
    rng, at = np.random.default_rng(7), np.arange(3 * RATE) / RATE
    sound = {
        "nothing": np.zeros(0),
        "zeros": np.zeros(3 * RATE),
        "white": rng.normal(0, 0.05, 3 * RATE),
        "loud white": rng.normal(0, 0.5, 3 * RATE),
        "hum": 0.3 * np.sin(2 * np.pi * 50 * at),
        "chord": 0.6 * np.sin(2 * np.pi * np.outer([261.6, 329.6, 392.0], at)).mean(axis=0),
        "clicks": (rng.random(3 * RATE) < 0.0003) * 1.0,
    }[kind].astype(np.float32)
    assert detector.speech_bounds(sound) is None
    assert len(detector.trim(sound)) == 0


def test_a_click_is_not_a_word_and_two_thresholds_bridge_a_dip() -> None:
    def frames(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return np.array([{"#": 0.9, "~": 0.4, ".": 0.1}[c] for c in text], np.float32)

    assert bounds_of(frames(".#..##.."), 1.0) is None
    bounds = bounds_of(frames("..###~###..#."), 1.0)
    assert bounds is not None
    assert bounds.start_s == pytest.approx(2 * 0.032)
    assert bounds.end_s == pytest.approx(9 * 0.032)


def test_a_frame_of_another_size_is_refused(detector: SpeechDetector) -> None:
    with pytest.raises(ValueError, match="512"):
        detector.feed(np.zeros(480, np.float32))
