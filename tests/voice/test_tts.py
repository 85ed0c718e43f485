"""The civilian's voice: any text can be said, and agitation is heard."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from scenarios.schema import Voice
from simulator.errors import SimulatorError
from simulator.voice.asr import Recogniser
from simulator.voice.delivery import delivery_for, officer_voice
from simulator.voice.spoken_text import LONGEST_PIECE, Pause, Words, spoken
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE
from tests.voice.sounding import loudness, pitch_hertz

LINE = "I just want to go home to my kids, and you will not listen."


# --- what is said of a text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("…", [Pause(0.5)]),
        ("Well... I don't know.", [Words("Well"), Pause(0.5), Words("I don't know.")]),
        ("GET BACK!!! NOW?!", [Words("GET BACK! NOW?")]),
        ("🙂 fine 👍🏽", [Words("fine")]),
        ("\x00\x1b[31mred\x07\u200b\ud83d", [Words("red")]),
        ("[[h@l@U]] *sighs* “Fine,” he said", [Words("h@l@U sighs Fine, he said")]),
        ("Mr. Ortiz paid $1,000.50 at 10:30.", [Words("Mister Ortiz paid $1,000.50 at 10:30.")]),
        ("I said — leave me alone -- now", [Words("I said, leave me alone, now")]),
        ("Nooooooo, 10000 times", [Words("Nooo, 10000 times")]),
        ("", []),
        ("!!! ??? --- ' \n\t", []),
        ("🤬🤬🤬", []),
    ],
)
def test_a_text_becomes_words_and_pauses(text: str, parts: list[Words | Pause]) -> None:
    assert spoken(text) == parts


def test_long_text_is_cut_into_pieces_that_can_be_said() -> None:
    for text in ["word " * 1000, "a b" * 2000, "ab" * 2500, "One. Two, three! " * 300]:
        pieces = spoken(text)
        assert all(isinstance(p, Words) and 0 < len(p.text) <= LONGEST_PIECE for p in pieces)
        said = "".join(p.text for p in pieces if isinstance(p, Words))
        assert said.replace(" ", "") == text.replace(" ", "")


# --- how it is said


def test_agitation_is_faster_louder_and_higher_step_by_step() -> None:
    ways = [delivery_for(agitation, Voice()) for agitation in range(0, 101, 10)]
    for calmer, tenser in itertools.pairwise(ways):
        assert tenser.rate > calmer.rate
        assert tenser.gain_db > calmer.gain_db
        assert tenser.pitch_semitones > calmer.pitch_semitones
        assert tenser.noise > calmer.noise
        assert tenser.rhythm > calmer.rhythm
        assert tenser.pause_s < calmer.pause_s
    assert delivery_for(50, Voice(rate=1.1, pitch_semitones=-2)).rate == pytest.approx(1.1)
    assert delivery_for(-40, Voice()) == delivery_for(0, Voice())
    assert delivery_for(900, Voice()) == delivery_for(100, Voice())
    assert all(w.pause_s >= 0 and 0.6 <= w.rate <= 1.8 for w in ways)


def test_the_officer_is_plainly_another_speaker_than_any_civilian() -> None:
    for pitch in range(-6, 7):
        civilian = Voice(pitch_semitones=pitch)
        officer = officer_voice(civilian)
        assert abs(officer.pitch_semitones - civilian.pitch_semitones) >= 4
        assert -6 <= officer.pitch_semitones <= 6


# --- what is heard


@pytest.mark.slow
def test_agitation_is_heard_and_every_word_can_be_understood(
    speaker: Speaker, recogniser: Recogniser
) -> None:
    calm, middle, tense = (
        speaker.speak(LINE, delivery_for(agitation, Voice())) for agitation in (0, 50, 100)
    )
    assert calm.seconds > middle.seconds > tense.seconds
    assert loudness(calm) * 1.3 < loudness(middle) < loudness(tense) / 1.3
    for said in (calm, middle, tense):
        assert np.abs(said.samples).max() <= 1.0
        words = recogniser.recognise(said.at_rate(RATE).samples).text
        assert re.sub(r"[^a-z ]", "", words.lower()) == re.sub(r"[^a-z ]", "", LINE.lower())


@pytest.mark.slow
def test_a_second_voice_is_heard_without_a_second_model(speaker: Speaker) -> None:
    civilian = Voice()
    officer = delivery_for(50, officer_voice(civilian))
    low = pitch_hertz(speaker.speak(LINE, delivery_for(50, civilian)))
    high = pitch_hertz(speaker.speak(LINE, officer))
    assert 12 * np.log2(high / low) == pytest.approx(4.5, abs=2.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["🙂👍🏽", "\x00\x07\x1b[2J", "[[", "]] [[x]]", "你好", "a" * 3000, "% & $ € @", "مرحبا",
     "{}<>|^~`", "I-I-I d-don't", "NASA FBI 911 3.5", "e\u0301\u0301\u0301", "?" * 500,
     "\ud800", "1" * 400],
)  # fmt: skip
def test_no_text_breaks_the_voice(speaker: Speaker, text: str) -> None:
    said = speaker.speak(text)
    assert said.samples.dtype == np.float32
    assert np.isfinite(said.samples).all()


@pytest.mark.slow
def test_an_ellipsis_is_a_pause_and_nothing_is_no_sound(speaker: Speaker) -> None:
    assert speaker.speak("").seconds == 0
    dots = speaker.speak("…")
    assert dots.seconds == pytest.approx(0.5)
    assert not dots.samples.any()
    kinds = ["pause" if not c.samples.any() else "words" for c in speaker.stream("Well… I guess.")]
    assert kinds == ["words", "pause", "words"]


@pytest.mark.slow
def test_the_first_sentence_is_there_before_the_second_is_made(speaker: Speaker) -> None:
    chunks = speaker.stream("Leave me alone. I have told you twice. Why do you not listen?")
    first = next(chunks)
    rest = list(chunks)
    assert 0.4 < first.seconds < 2.0
    assert sum(chunk.samples.any() for chunk in rest) == 2


@pytest.mark.slow
def test_sentences_keep_their_own_loudness(speaker: Speaker) -> None:
    """Piper's own normalisation would bring every sentence to the same peak of 1."""
    said = [speaker.speak(text) for text in ("Go away!", "Maybe.", "I don't know, okay?")]
    assert all(np.abs(audio.samples).max() < 0.9 for audio in said)


def test_what_is_no_voice_is_told_in_one_line(tmp_path: Path, voice_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a model")
    settings = voice_path.with_name(voice_path.name + ".json")
    broken.with_name("broken.onnx.json").write_bytes(settings.read_bytes())
    for path in (broken, tmp_path / "absent.onnx"):
        with pytest.raises(SimulatorError, match="not a voice") as problem:
            Speaker(path)
        assert "\n" not in str(problem.value)
