"""What a voice measures: pitch and colour."""

from __future__ import annotations

import numpy as np

from simulator.voice.vad import RATE
from simulator.voice.wav import Audio


def pitch_hertz(audio: Audio) -> float:
    """Median fundamental of the voiced 40 ms frames, by autocorrelation."""
    samples, found = audio.at_rate(RATE).samples, []
    for at in range(0, len(samples) - 640, 320):
        frame = samples[at : at + 640] - samples[at : at + 640].mean()
        curve = np.correlate(frame, frame, "full")[639:]
        lag = 60 + int(np.argmax(curve[60:270]))
        if np.abs(frame).max() > 0.1 and curve[lag] > 0.6 * curve[0]:
            found.append(RATE / lag)
    return float(np.median(found))


def centroid_hertz(audio: Audio) -> float:
    """Where the middle of the spectrum's energy lies."""
    power = np.abs(np.fft.rfft(audio.samples)) ** 2
    hertz = np.fft.rfftfreq(len(audio.samples), 1 / audio.sample_rate)
    return float((hertz * power).sum() / power.sum())


def loudness(audio: Audio) -> float:
    return float(np.sqrt((audio.samples**2).mean()))
