"""Sounds without words: each is one, short, softer than speech, tuned to the throat, and heard as no word."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.reactions import AS_WORDS, REACTION_SOUNDS, ReactionSound
from scenarios.schema import Voice
from simulator.voice.asr import Recogniser
from simulator.voice.delivery import Delivery, delivery_for
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE
from simulator.voice.wav import Audio
from simulator.voice.wordless import wordless
from tests.voice.sounding import centroid_hertz, loudness

SR = 22_050


def bursts(audio: Audio) -> int:
    """How often it swells: 40 ms loudness over a quarter of its peak."""
    size = round(0.04 * audio.sample_rate)
    steps = np.abs(audio.samples[: len(audio.samples) // size * size]).reshape(-1, size).mean(1)
    loud = steps > steps.max() / 4
    return int(loud[0]) + int((loud[1:] & ~loud[:-1]).sum())


@pytest.mark.parametrize("sound", REACTION_SOUNDS)
def test_each_is_short_softer_than_speech_and_begins_and_ends_without_a_click(
    sound: ReactionSound,
) -> None:
    audio = wordless(sound, Delivery(), SR, 1)
    assert 0.2 <= audio.seconds <= 1.3
    assert 0.015 < loudness(audio) < 0.04
    assert np.abs(audio.samples).max() <= 0.9
    assert np.abs(audio.samples[[0, -1]]).max() < 0.02
    assert (wordless(sound, Delivery(), SR, 1).samples == audio.samples).all()
    assert (wordless(sound, Delivery(), SR, 2).samples != audio.samples).any()
    assert AS_WORDS[sound].split()[0].strip(",").endswith("s")


def test_a_higher_throat_a_tense_one_and_a_sob() -> None:
    low, high = (wordless("sigh", Delivery(pitch_semitones=pitch), SR, 1) for pitch in (-4.0, 4.0))
    assert centroid_hertz(high) > 1.3 * centroid_hertz(low)
    calm, tense = (wordless("breath", delivery_for(a, Voice()), SR, 1) for a in (10, 95))
    assert loudness(tense) > 1.5 * loudness(calm)
    assert tense.seconds < calm.seconds
    assert bursts(wordless("sob", Delivery(), SR, 1)) >= 3
    assert bursts(wordless("laugh", Delivery(), SR, 1)) == 2


@pytest.mark.slow
def test_they_are_softer_than_the_voice_and_no_word_is_heard_in_them(
    speaker: Speaker, recogniser: Recogniser
) -> None:
    for agitation in (20, 90):
        how = delivery_for(agitation, Voice())
        speech = loudness(speaker.speak("I have told you twice.", how))
        for sound in REACTION_SOUNDS:
            audio = wordless(sound, how, speaker.sample_rate, 3)
            assert loudness(audio) < 0.8 * speech
            assert recogniser.recognise(audio.at_rate(RATE).samples).text == "", sound
